/** A text with lines that were indented further, and the way back to where they stood. */
export interface IndentedText {
  text: string;
  /** The offset in the original text of an offset in this one. */
  originalOffset(offset: number): number;
}

/** What may be read again in all: a long text with a hundred such lines would hold up whoever waits for it. */
const maxCharactersReadAgain = 2 ** 19;

export function asItStands(text: string): IndentedText {
  return { text, originalOffset: (offset) => offset };
}

/**
 * kubectl wants no indentation of lines inside brackets and quotes, and js-yaml does: a closing bracket in the column of its key
 * is usual. `lineTooFarLeft` says where a reading of the text failed for that reason; that line is moved to the right of all
 * block structure before it, until the text is read or there is too much of it. Pure.
 */
export function indentFlowLines(
  text: string,
  lineTooFarLeft: (text: string) => number | undefined,
): { indented: IndentedText; lines: number[] } {
  const insertions: { at: number; length: number }[] = [];
  const lines: number[] = [];
  let changed = text;
  let last = -1;
  for (let left = maxCharactersReadAgain; left > 0; left -= changed.length) {
    const offset = lineTooFarLeft(changed);
    if (offset === undefined) break;
    const at = changed.lastIndexOf('\n', offset - 1) + 1;
    // A marker ends the document, and a line that was moved once is wrong for another reason.
    if (at <= last || changed.startsWith('...', at)) break;
    const length = longestPrefix(changed.slice(0, at)) + 1;
    changed = changed.slice(0, at) + ' '.repeat(length) + changed.slice(at);
    insertions.push({ at, length });
    lines.push(originalOffset(insertions, offset));
    last = at;
  }
  return { indented: { text: changed, originalOffset: (offset) => originalOffset(insertions, offset) }, lines };
}

/** Each insertion stands behind the ones before it, so what is in front of an offset has moved it. */
function originalOffset(insertions: readonly { at: number; length: number }[], offset: number): number {
  let original = offset;
  for (const { at, length } of insertions) {
    if (at >= offset) break;
    original -= Math.min(length, offset - at);
  }
  return original;
}

/** How far right a block may begin: spaces and the marks of list items. */
function longestPrefix(text: string): number {
  let longest = 0;
  for (const [prefix] of text.matchAll(/^[ \t?-]*/gm)) longest = Math.max(longest, prefix.length);
  return longest;
}
