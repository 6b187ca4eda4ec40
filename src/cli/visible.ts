/**
 * Text from outside may command the terminal that shows it: clear it, retitle it, hide lines, turn the order of letters around.
 * Everything that orch prints goes through here (`Cli`, and the log on a terminal), so such characters are shown instead of obeyed. Only the output
 * of containers (`logs`, `exec`, `attach`) and data for programs are passed on as they are.
 */

/* eslint-disable no-control-regex, no-misleading-character-class */
/**
 * Controls but tab and line feed; what turns the direction of text (all of Unicode's Bidi_Control), which letters themselves do
 * without; breaks of lines that are no line feed; and what takes no place on a terminal, so that two names look like one: soft hyphens,
 * fillers, joiners of words, marks of annotations, tags. The joiners and selectors that scripts and emoji are written with stay.
 */
const commanding =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]/gu;
/** orch's own colours, as picocolors and the log write them: bold, the colours of letters and their ends. They hide nothing. */
const ownColor = /(\u001b\[(?:1|22|3[1-6]|39|90)m)/;
/* eslint-enable no-control-regex, no-misleading-character-class */

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

/** Beyond 16 bits as two, as JSON does it. */
function spellOut(character: string): string {
  return character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}
