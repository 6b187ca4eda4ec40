/** More lines than this at once become one message, so that a piece of output costs little of the loop. */
const maxLinesOfChunk = 256;
/** A line is not waited for beyond this many bytes. */
const maxWaitingBytes = 64 * 1024;

/**
 * Cuts output into messages of a line each, because clients (Headlamp, Kubebox) take each message for one. A line that has not
 * ended yet waits for its rest; very many lines at once are one message.
 */
export class LogLines {
  private waiting: Buffer = Buffer.alloc(0);

  take(chunk: Buffer): Buffer[] {
    const output = Buffer.concat([this.waiting, chunk]);
    const afterLastLine = output.lastIndexOf('\n') + 1;
    const end = output.length - afterLastLine > maxWaitingBytes ? output.length : afterLastLine;
    this.waiting = output.subarray(end);
    return cutLines(output.subarray(0, end));
  }

  /** What is left when no more comes. */
  rest(): Buffer[] {
    return this.waiting.length === 0 ? [] : [this.waiting];
  }
}

function cutLines(output: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  let start = 0;
  while (start < output.length) {
    const end = lines.length < maxLinesOfChunk ? output.indexOf('\n', start) : -1;
    const next = end < 0 ? output.length : end + 1;
    lines.push(output.subarray(start, next));
    start = next;
  }
  return lines;
}
