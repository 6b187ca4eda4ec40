import type { Readable } from 'node:stream';
import { guarded } from '../../support/guarded.js';
import { RuntimeError } from '../container-runtime.js';
import type { FramePiece } from './demultiplexer.js';
import { timestampBytes } from './log-position.js';

interface Message {
  channel: FramePiece['channel'];
  time: string;
  endsLine: boolean;
}

/** No answer is asked for with more messages than this but the whole one. */
const mostMessages = 2 ** 17;

/**
 * From when the output must be read to see exactly its last `lines` lines, for an engine that keeps a long line as several
 * messages (of 16 KiB) and counts those: it is asked for more and more of them until enough lines have ended. `ask` opens the
 * last so many messages (all without a number), each with its time. Undefined: there are no more lines than that. All messages of
 * a line carry the time of its first.
 */
export async function beginOfTail(
  lines: number,
  ask: (messages: number | undefined) => Promise<Readable>,
  newFrames: () => { push(chunk: Uint8Array): FramePiece[] },
): Promise<string | undefined> {
  for (let count = lines + 1; ; count *= 8) {
    const limit = count <= mostMessages ? count : undefined;
    const messages = await readMessages(await ask(limit), newFrames());
    const isAll = limit === undefined || messages.length < limit;
    const first = firstOfLast(messages, lines);
    if (first !== undefined || isAll) return first?.time;
  }
}

/** The message that the last lines begin with, when the end of the line before them is there too. Pure. */
function firstOfLast(messages: readonly Message[], lines: number): Message | undefined {
  const seen = { stdout: false, stderr: false };
  let found = 0;
  for (let index = messages.length - 1; index >= 0; index--) {
    const { channel, endsLine } = messages[index] as Message;
    // The newest message of a channel may belong to a line that has not ended.
    if (endsLine || !seen[channel]) found++;
    if (found > lines) return messages[index + 1];
    seen[channel] = true;
  }
  return undefined;
}

/** What matters of each message. Rejects with Unavailable when the answer breaks off. */
function readMessages(stream: Readable, frames: { push(chunk: Uint8Array): FramePiece[] }): Promise<Message[]> {
  return new Promise((resolve, reject) => {
    const messages: Message[] = [];
    let head: Uint8Array = new Uint8Array(0);
    const failed = (error: unknown): void => {
      reject(error instanceof Error ? error : new Error(String(error)));
      stream.destroy();
    };
    const take = (chunk: Uint8Array): void => {
      for (const { channel, data, begins, ends } of frames.push(chunk)) {
        if (begins) head = new Uint8Array(0);
        if (head.length < timestampBytes) head = Buffer.concat([head, data.subarray(0, timestampBytes)]);
        if (ends)
          messages.push({
            channel,
            time: Buffer.from(head.subarray(0, timestampBytes)).toString('latin1'),
            endsLine: data.at(-1) === newline,
          });
      }
    };
    stream.on('data', guarded(failed, take));
    stream.once('end', () => resolve(messages));
    stream.once('close', () => reject(new RuntimeError('Unavailable', 'the engine broke the output off')));
  });
}

const newline = 10;
