/**
 * Rows as kubectl prints them: cells padded to the widest of their column, three spaces between. `previous` widths keep
 * rows that come later (-w) in line with those before. Pure.
 */
export function alignRows(
  rows: readonly (readonly string[])[],
  previous: readonly number[] = [],
): { lines: string[]; widths: number[] } {
  const widths = [...previous];
  for (const row of rows) {
    row.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, displayWidth(cell))));
  }
  const lines = rows.map((row) =>
    row
      .map((cell, column) =>
        column === row.length - 1 ? cell : cell + ' '.repeat((widths[column] ?? 0) - displayWidth(cell) + 3),
      )
      .join('')
      .trimEnd(),
  );
  return { lines, widths };
}

/** A cell from the outside on one line, without control characters that could command the terminal. */
export function printable(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
}

function displayWidth(text: string): number {
  return [...text].length;
}
