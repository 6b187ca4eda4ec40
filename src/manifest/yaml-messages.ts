import type { YAMLException } from 'js-yaml';

/** A syntax error in the words of somebody who writes manifests, with what to do where that is known. */
export function explainYamlException(
  error: YAMLException,
  text: string,
  maxDepth: number,
): { message: string; offset: number } {
  const offset = Math.min(error.mark?.position ?? 0, text.length);
  return { message: sentence(error.reason, text, offset, maxDepth), offset };
}

function sentence(reason: string, text: string, offset: number, maxDepth: number): string {
  const character = text[offset] ?? '';
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1;
  const before = text.slice(lineStart, offset);
  if (/tab character/i.test(reason) || (character === '\t' && before.trim() === '')) {
    return 'a tab may not indent a line in YAML: use spaces';
  }
  if (/depth|nesting/i.test(reason)) return `nested deeper than ${maxDepth} levels`;
  if (/null byte/i.test(reason)) return 'the character NUL is not allowed in YAML';
  if (/non-printable/i.test(reason))
    return 'a control character is not allowed in YAML: write it as an escape in "..."';
  if (/bad indentation of a mapping entry/.test(reason)) {
    // A line that is indented too far goes on with the value above it, so the parser trips over its colon.
    if (character === ':' && lineStart > 0 && /^\s+[\w.-]+$/.test(before) && continues(text, lineStart)) {
      return 'this line is not indented like its neighbours';
    }
    if (character === ':') return '": " inside a value: put the value in quotes';
    if (character === '@' || character === '`') return `a value may not start with "${character}": put it in quotes`;
    if (before.trim() !== '') return 'this cannot follow on this line: is a quote, a comma or a line break missing?';
    return 'this line is not indented like its neighbours';
  }
  if (/deficient indentation/.test(reason))
    return 'a quote, "[" or "{" before this line is not closed (or this line must be indented further)';
  if (/unexpected end of the stream within a flow collection/.test(reason)) {
    return 'the text ends inside "[" or "{": the closing bracket is missing';
  }
  if (/unexpected end of the stream within a (single|double) quoted scalar/.test(reason)) {
    return 'the text ends inside a quoted string: the closing quote is missing';
  }
  if (/missed comma between flow collection entries/.test(reason)) {
    return character === '@' || character === '`'
      ? `a value may not start with "${character}": put it in quotes`
      : 'a comma or a closing bracket is missing before this';
  }
  return reason;
}

/** Whether the line before is a key with a plain value on the same line, less indented. */
function continues(text: string, lineStart: number): boolean {
  const previous = text.slice(text.lastIndexOf('\n', lineStart - 2) + 1, lineStart - 1);
  const indentOf = (line: string): number => line.length - line.trimStart().length;
  const line = text.slice(lineStart, lineStart + 1000);
  return /^\s*(?:- )?[\w.-]+:\s+[^\s"'[{|>]/.test(previous.slice(0, 1000)) && indentOf(line) > indentOf(previous);
}
