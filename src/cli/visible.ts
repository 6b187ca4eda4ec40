/**
 * Text from outside may command the terminal that shows it: clear it, retitle it, hide lines, turn the order of letters around.
 * Everything that orch prints goes through here (`Cli`), so such characters are shown instead of obeyed. Only the output
 * of containers (`logs`, `exec`, `attach`) and data for programs are passed on as they are.
 */

/* eslint-disable no-control-regex */
/** Controls but tab and line feed; and what turns the direction of text, which letters themselves do without. */
const commanding = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
/** orch's own colours, as picocolors writes them: bold, red, green, yellow and their ends. They hide nothing. */
const ownColor = /(\u001b\[(?:1|22|3[1-3]|39)m)/;
/* eslint-enable no-control-regex */

/** The text with each such character spelled out, as in JSON: `\u001b[2J`. With `colors`, colours stay. Pure. */
export function visible(text: string, colors = false): string {
  if (!colors) return text.replaceAll(commanding, spellOut);
  return text
    .split(ownColor)
    .map((part, index) => (index % 2 === 1 ? part : part.replaceAll(commanding, spellOut)))
    .join('');
}

/** The same on one line, for cells and labels. Pure. */
export function visibleLine(text: string): string {
  return visible(text.replaceAll(/\s*[\r\n\t]\s*/g, ' '));
}

function spellOut(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
