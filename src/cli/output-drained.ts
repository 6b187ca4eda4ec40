import type { Writable } from 'node:stream';

/** Resolves once what was written has been taken, or never will be as the stream has closed. Leaves no listener behind. */
export function outputDrained(stream: Pick<Writable, 'destroyed' | 'on' | 'off'>): Promise<void> {
  if (stream.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const goOn = (): void => {
      stream.off('drain', goOn);
      stream.off('close', goOn);
      resolve();
    };
    stream.on('drain', goOn);
    stream.on('close', goOn);
  });
}
