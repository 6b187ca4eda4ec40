import type { Readable } from 'node:stream';
import { guarded } from '../../support/guarded.js';
import { RuntimeError } from '../container-runtime.js';
import type { OutputQueue } from '../output-queue.js';

export interface OutputPiece {
  channel: 'stdout' | 'stderr';
  data: Uint8Array;
}

/**
 * Moves the output in a stream of the engine into a queue; `split` tells the channels apart. A slow reader of the queue
 * pauses the stream. Resolves when the stream ends; rejects with Unavailable when it breaks. The stream is destroyed
 * when the reader closes the queue.
 */
export function pumpOutput(
  stream: Readable,
  queue: OutputQueue,
  split: (chunk: Uint8Array) => OutputPiece[],
): Promise<void> {
  return new Promise((resolve, reject) => {
    const take = (chunk: Uint8Array): void => {
      let goOn = true;
      for (const { channel, data } of split(chunk)) goOn = queue.push(channel, data) && goOn;
      if (!goOn) stream.pause();
    };
    const broken = (): void => reject(new RuntimeError('Unavailable', 'the engine broke the output off'));
    const failed = (): void => {
      broken();
      stream.destroy();
    };
    stream.on('data', guarded(failed, take));
    queue.onDrain(() => stream.resume());
    stream.once('end', resolve);
    stream.once('error', broken);
    stream.once('aborted', broken);
    stream.once('close', broken);
    queue.onEnd(() => void stream.destroy());
    if (queue.ended) stream.destroy();
  });
}
