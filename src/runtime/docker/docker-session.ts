import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import type { ExecSession } from '../container-runtime.js';
import { OutputQueue } from '../output-queue.js';
import { Demultiplexer } from './demultiplexer.js';
import type { OutputPiece } from './output-stream.js';
import { pumpOutput } from './output-stream.js';

/** A session over a hijacked connection of the engine. A terminal has one channel and no frames. */
export function openDockerSession(
  stream: Duplex,
  hasTerminal: boolean,
  parts: {
    resize: (size: { w: number; h: number }) => Promise<unknown>;
    /** Asked once, when the output has ended. */
    exitCode: () => Promise<number | undefined>;
  },
): ExecSession {
  const queue = new OutputQueue();
  const demultiplexer = new Demultiplexer();
  const split = (chunk: Uint8Array): OutputPiece[] =>
    hasTerminal ? [{ channel: 'stdout', data: chunk }] : demultiplexer.push(chunk);
  pumpOutput(stream, queue, split).then(
    () => queue.end(),
    (error: Error) => queue.end(error),
  );
  let closed = false;
  const exitCode = (): Promise<number | undefined> => (closed ? Promise.resolve(undefined) : parts.exitCode());
  return {
    write: (data) => {
      if (stream.writable && !stream.write(data)) return drained(stream);
    },
    end: () => void (stream.writable && stream.end()),
    resize: (width, height) => {
      // What has the terminal may have ended in between: nothing depends on the size then.
      parts.resize({ w: Math.trunc(width), h: Math.trunc(height) }).catch(() => undefined);
    },
    onOutput: (listener) => queue.onOutput(listener),
    finished: queue.finished.then(exitCode, exitCode),
    close: () => {
      closed = true;
      queue.close();
    },
  };
}

/** Resolves when the stream takes more, or when it is over. */
export async function drained(stream: Duplex): Promise<void> {
  const settled = new AbortController();
  const { signal } = settled;
  await Promise.race([once(stream, 'drain', { signal }), once(stream, 'close', { signal })]).catch(() => undefined);
  settled.abort();
}
