import { describe, expect, it } from 'vitest';
import { OutputQueue } from '../../../src/runtime/output-queue.js';
import { settle } from '../../support/manual-clock.js';

const bytes = (text: string): Uint8Array => Buffer.from(text);

describe('OutputQueue', () => {
  it('keeps what came before the listener, in order, and finishes after the last piece', async () => {
    const queue = new OutputQueue();
    queue.push('stdout', bytes('a'));
    queue.push('stderr', bytes('b'));
    queue.end();
    const got: string[] = [];
    queue.onOutput((channel, data) => void got.push(`${channel}:${Buffer.from(data).toString()}`));
    await queue.finished;
    expect(got).toEqual(['stdout:a', 'stderr:b']);
  });

  it('holds the producer back while the listener is busy', async () => {
    const queue = new OutputQueue(4);
    let drained = 0;
    let release = (): void => undefined;
    queue.onDrain(() => drained++);
    queue.onOutput(() => new Promise<void>((resolve) => (release = resolve)));
    expect(queue.push('stdout', bytes('abc'))).toBe(true);
    expect(queue.push('stdout', bytes('d'))).toBe(false);
    await settle();
    expect(drained).toBe(0);
    release();
    await settle();
    expect(drained).toBe(1);
  });

  it('rejects with the failure, after what came before it', async () => {
    const queue = new OutputQueue();
    const got: string[] = [];
    queue.onOutput((_channel, data) => void got.push(Buffer.from(data).toString()));
    queue.push('stdout', bytes('a'));
    queue.end(new Error('broken'));
    await expect(queue.finished).rejects.toThrow('broken');
    expect(got).toEqual(['a']);
  });

  it('a listener that throws ends the stream, and the producer is told', async () => {
    const queue = new OutputQueue();
    let ended = 0;
    queue.onEnd(() => ended++);
    queue.onOutput(() => {
      throw new Error('reader is gone');
    });
    queue.push('stdout', bytes('a'));
    await expect(queue.finished).rejects.toThrow('reader is gone');
    expect(ended).toBe(1);
  });

  it('close drops the rest and finishes, with or without a listener', async () => {
    const queue = new OutputQueue();
    queue.push('stdout', bytes('a'));
    queue.close();
    await queue.finished;
  });
});
