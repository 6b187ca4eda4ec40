import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { outputDrained } from '../../../src/cli/output-drained.js';

it('waits for a slow reader time and again, and leaves no listener behind', async () => {
  const stream = new PassThrough({ highWaterMark: 4 });
  const before = { drain: stream.listenerCount('drain'), close: stream.listenerCount('close') };
  for (let piece = 0; piece < 20; piece++) {
    expect(stream.write('more than fits')).toBe(false);
    const drained = outputDrained(stream);
    stream.read();
    await drained;
  }
  expect({ drain: stream.listenerCount('drain'), close: stream.listenerCount('close') }).toEqual(before);
});

it('does not wait for a reader that is gone', async () => {
  const stream = new PassThrough({ highWaterMark: 4 });
  stream.write('more than fits');
  const drained = outputDrained(stream);
  stream.destroy();
  await drained;
  await outputDrained(stream);
});
