import { visibleLine } from './visible.js';

/**
 * Rows as kubectl prints them: cells padded to the widest of their column, three spaces between. `previous` widths keep
 * rows that come later (-w) in line with those before. Cells are made visible: each is one line of text, and no command. Pure.
 */
export function alignRows(
  cells: readonly (readonly string[])[],
  previous: readonly number[] = [],
): { lines: string[]; widths: number[] } {
  const widths = [...previous];
  const rows = cells.map((row) => row.map(visibleLine));
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

function displayWidth(text: string): number {
  return [...text].length;
}
