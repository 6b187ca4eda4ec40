import { describe, expect, it } from 'vitest';
import { WorkQueue, type WorkQueueOptions } from '../../../src/support/work-queue.js';
import { ManualClock, settle } from '../../support/manual-clock.js';

function start(options: Partial<WorkQueueOptions> & Pick<WorkQueueOptions, 'process'>): {
  queue: WorkQueue;
  clock: ManualClock;
  delays: number[];
} {
  const clock = new ManualClock();
  const delays: number[] = [];
  const queue = new WorkQueue({
    clock,
    random: () => 0.5,
    concurrency: 2,
    onError: (_key, _error, retryMilliseconds) => void delays.push(retryMilliseconds),
    backoff: { initialMilliseconds: 100, maxMilliseconds: 1000 },
    ...options,
  });
  return { queue, clock, delays };
}

/** Work that ends when the test says so. */
function held(): {
  process: (key: string) => Promise<undefined>;
  running: string[];
  release: (key: string) => Promise<void>;
  most: () => number;
} {
  const running: string[] = [];
  const ends = new Map<string, () => void>();
  let most = 0;
  return {
    running,
    most: () => most,
    process: async (key) => {
      expect(running, 'one key is never in work twice').not.toContain(key);
      running.push(key);
      most = Math.max(most, running.length);
      await new Promise<void>((resolve) => ends.set(key, resolve));
      running.splice(running.indexOf(key), 1);
      return undefined;
    },
    release: async (key) => {
      ends.get(key)?.();
      await settle(2);
    },
  };
}

describe('WorkQueue', () => {
  it('works on a key once, however often it was added', async () => {
    const seen: string[] = [];
    const { queue } = start({ process: async (key) => void seen.push(key) });
    for (const key of ['a', 'b', 'a', 'a']) queue.add(key);
    await settle();
    expect(seen).toEqual(['a', 'b']);
  });

  it('works once more on a key that was added while in work', async () => {
    const work = held();
    const { queue } = start({ process: work.process });
    queue.add('a');
    await settle();
    queue.add('a');
    queue.add('a');
    await settle();
    expect(work.running).toEqual(['a']);
    await work.release('a');
    expect(work.running).toEqual(['a']);
    await work.release('a');
    expect(work.running).toEqual([]);
    expect(queue.length).toBe(0);
  });

  it('keeps to its concurrency', async () => {
    const work = held();
    const { queue } = start({ process: work.process });
    for (const key of ['a', 'b', 'c', 'd']) queue.add(key);
    await settle();
    expect(work.running).toEqual(['a', 'b']);
    await work.release('a');
    expect(work.running).toEqual(['b', 'c']);
    expect(work.most()).toBe(2);
  });

  it('backs off per key while it fails, and starts anew after a success', async () => {
    let failing = true;
    const { queue, clock, delays } = start({
      process: async () => {
        if (failing) throw new Error('no');
        return undefined;
      },
    });
    queue.add('a');
    await clock.advance(2400);
    expect(delays).toEqual([100, 200, 400, 800, 1000]);
    failing = false;
    await clock.advance(1000);
    failing = true;
    queue.add('a');
    await settle();
    expect(delays.at(-1)).toBe(100);
  });

  it('comes again after the delay that the work asks for, or earlier when added', async () => {
    const times: number[] = [];
    const { queue, clock } = start({
      process: async () => (times.push(clock.monotonic()), times.length < 3 ? 50 : undefined),
    });
    queue.add('a');
    await clock.advance(10);
    queue.add('a');
    await clock.advance(500);
    expect(times).toEqual([0, 10, 60]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('keeps the earlier of two delays', async () => {
    const times: number[] = [];
    const { queue, clock } = start({ process: async () => void times.push(clock.monotonic()) });
    queue.addAfter('a', 100);
    queue.addAfter('a', 500);
    queue.addAfter('b', 500);
    queue.addAfter('b', 100);
    await clock.advance(1000);
    expect(times).toEqual([100, 100]);
  });

  it('stops: waits for what is in work, begins nothing, leaves no timer', async () => {
    const work = held();
    const { queue, clock } = start({ process: work.process, concurrency: 1 });
    queue.add('a');
    queue.add('b');
    queue.addAfter('c', 10);
    await settle();
    let stopped = false;
    const stopping = queue.stop().then(() => (stopped = true));
    await settle();
    expect(stopped).toBe(false);
    await work.release('a');
    await stopping;
    queue.add('d');
    await clock.advance(100);
    expect(work.running).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });
});
