import { isUtf8 } from 'node:buffer';
import { TextProblem } from './text-problem.js';

/** Bytes of a file as text. Throws TextProblem for anything but UTF-8 (its byte order mark is dropped). */
export function decodeText(bytes: Uint8Array): string {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    throw new TextProblem('the file is in UTF-16: save it as UTF-8', 0);
  }
  const text = new TextDecoder('utf-8', { ignoreBOM: false }).decode(bytes);
  if (!isUtf8(bytes)) {
    throw new TextProblem('the text is not UTF-8 from here on: save the file as UTF-8', firstReplacement(text, bytes));
  }
  return text;
}

/** Refuses text that no manifest can be: binary files and UTF-16 without a mark show as NUL. */
export function refuseNul(text: string): void {
  const nul = text.indexOf('\0');
  if (nul < 0) return;
  throw new TextProblem('the character NUL: is this a binary file, or UTF-16? Save it as UTF-8', nul);
}

/** Offset of the first U+FFFD that the decoder put in (and that was not in the bytes already). */
function firstReplacement(text: string, bytes: Uint8Array): number {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let byteOffset = 0;
  let from = 0;
  for (let at = text.indexOf('\ufffd'); at >= 0; at = text.indexOf('\ufffd', at + 1)) {
    byteOffset += Buffer.byteLength(text.slice(from, at));
    if (buffer.compare(Buffer.from('\ufffd'), 0, 3, byteOffset, byteOffset + 3) !== 0) return at;
    from = at;
  }
  return 0;
}
