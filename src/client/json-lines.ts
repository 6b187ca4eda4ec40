import { OrchError } from '../support/errors.js';

/**
 * Bytes in, lines out, without the line feeds and without empty lines. Holds one unfinished line at most, and refuses one
 * of more than `maxLineBytes`. A last line without its line feed was cut off: that is an error, never half a value.
 */
export async function* readLines(chunks: AsyncIterable<Uint8Array>, maxLineBytes: number): AsyncGenerator<string> {
  let parts: Uint8Array[] = [];
  let held = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(lineFeed); end >= 0; end = chunk.indexOf(lineFeed, start)) {
      parts.push(chunk.subarray(start, end));
      checkLength(held + end - start, maxLineBytes);
      const line = Buffer.concat(parts).toString('utf8');
      parts = [];
      held = 0;
      start = end + 1;
      if (line.trim() !== '') yield line;
    }
    if (start < chunk.length) {
      parts.push(chunk.subarray(start));
      held += chunk.length - start;
      checkLength(held, maxLineBytes);
    }
  }
  if (held > 0) throw new OrchError('ServiceUnavailable', 'the stream broke off within a line');
}

const lineFeed = 0x0a;

function checkLength(length: number, maxLineBytes: number): void {
  if (length > maxLineBytes) {
    throw new OrchError('InternalError', `there is a line of more than ${maxLineBytes} bytes`);
  }
}
