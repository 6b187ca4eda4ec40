import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { watchQueueLimits, WatchStream, type WatchLine } from '../../../src/api/watch-stream.js';

/** A socket that takes one write, then nothing until released. */
class SlowSocket extends Writable {
  readonly writes: string[] = [];
  #release: (() => void) | undefined;
  constructor() {
    super({ highWaterMark: 1, decodeStrings: false });
  }
  override _write(chunk: string, _encoding: string, done: () => void): void {
    this.writes.push(chunk);
    this.#release = done;
  }
  async release(): Promise<void> {
    this.#release?.();
    this.#release = undefined;
    await settled();
  }
}

/** Lets everything run that is ready to. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const line = (revision: number, text = `${revision}\n`): WatchLine => ({ revision, text });

describe('WatchStream', () => {
  it('sends what was there first, then what came, several in one write', async () => {
    const socket = new SlowSocket();
    const stream = new WatchStream(socket, ['a\n', 'b\n']);
    stream.push([line(1), line(2)]);
    await settled();
    expect(socket.writes).toEqual(['a\nb\n1\n2\n']);
    stream.push([line(3)]);
    stream.push([line(4)]);
    await settled();
    expect(socket.writes).toHaveLength(1);
    await socket.release();
    expect(socket.writes[1]).toBe('3\n4\n');
  });

  /** How many watchers got an event of this size in each turn of the event loop. */
  async function watchersPerTurn(watchers: number, text: string): Promise<number[]> {
    const sockets = Array.from({ length: watchers }, () => new SlowSocket());
    const streams = sockets.map((socket) => new WatchStream(socket));
    for (let turn = 0; turn < watchers; turn++) await settled();
    for (const stream of streams) stream.push([line(1, text)]);
    const written = (): number => sockets.filter(({ writes }) => writes.length > 0).length;
    const perTurn: number[] = [];
    for (let before = 0; before < watchers; before = written()) {
      await settled();
      perTurn.push(written() - before);
    }
    return perTurn;
  }

  it('writes one large event for many watchers over several turns of the event loop', async () => {
    const perTurn = await watchersPerTurn(100, 'x'.repeat(50_000));
    expect(Math.max(...perTurn)).toBeLessThanOrEqual(32);
    expect(perTurn.length).toBeGreaterThan(3);
  });

  it('writes a small event for many watchers in few turns, so that the last one does not wait for long', async () => {
    const perTurn = await watchersPerTurn(500, 'x'.repeat(1_000));
    expect(Math.max(...perTurn)).toBeLessThanOrEqual(256);
    expect(perTurn.length).toBeLessThanOrEqual(6);
  });

  it('pulls the initial lines only as fast as they are read', async () => {
    let pulled = 0;
    const initial = function* (): Generator<string> {
      for (; pulled < 100; pulled++) yield 'x'.repeat(65_536);
    };
    const socket = new SlowSocket();
    new WatchStream(socket, initial());
    await settled();
    expect(pulled).toBeLessThan(3);
    await socket.release();
    expect(pulled).toBeLessThan(5);
  });

  it('AP-03: refuses what is beyond the bounds, in events and in size', async () => {
    const socket = new SlowSocket();
    const many = new WatchStream(socket);
    const lines = Array.from({ length: watchQueueLimits.events + 5 }, (_, index) => line(index));
    expect(many.push(lines)).toBe(false);
    many.end();
    await settled();
    await socket.release();
    await socket.release();
    expect(socket.writes.join('').trim().split('\n')).toHaveLength(watchQueueLimits.events);
    expect(socket.writableEnded).toBe(true);
    const large = new WatchStream(new SlowSocket());
    expect(large.push([line(1, 'x'.repeat(watchQueueLimits.characters))])).toBe(true);
    expect(large.push([line(2)])).toBe(false);
  });

  it('never splits what one transaction wrote', () => {
    const stream = new WatchStream(new SlowSocket());
    const sameRevision = Array.from({ length: watchQueueLimits.events + 5 }, () => line(7));
    expect(stream.push(sameRevision)).toBe(true);
    expect(stream.push([line(8)])).toBe(false);
  });
});
