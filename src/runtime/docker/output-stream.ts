import type { Readable } from 'node:stream';
import { RuntimeError } from '../container-runtime.js';
import { OutputQueue } from '../output-queue.js';
import { Demultiplexer } from './demultiplexer.js';

/**
 * The output in a stream of the engine, as a queue for one reader. A slow reader pauses the stream. The queue ends when
 * the stream ends, with Unavailable when it breaks; the stream is destroyed when the queue is closed.
 */
export function queueOutput(stream: Readable, options: { multiplexed: boolean }): OutputQueue {
  const queue = new OutputQueue();
  const demultiplexer = options.multiplexed ? new Demultiplexer() : undefined;
  stream.on('data', (chunk: Uint8Array) => {
    const pieces = demultiplexer?.push(chunk) ?? [{ channel: 'stdout' as const, data: chunk }];
    let goOn = true;
    for (const { channel, data } of pieces) goOn = queue.push(channel, data) && goOn;
    if (!goOn) stream.pause();
  });
  queue.onDrain(() => stream.resume());
  const broken = (): void => queue.end(new RuntimeError('Unavailable', 'the engine broke the output off'));
  stream.once('end', () => queue.end());
  stream.once('error', broken);
  stream.once('aborted', broken);
  stream.once('close', broken);
  queue.onEnd(() => {
    if (!stream.readableEnded) stream.destroy();
  });
  return queue;
}
