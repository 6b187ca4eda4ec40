import type { Clock, Timer } from '../../src/support/clock.js';

/** Of which every one but the last is run in vain when the time to run to is reached. */
const timersInTurn = 64;

interface Waiting {
  due: number;
  order: number;
  callback: (() => void) | undefined;
}

/**
 * The one time of a simulation: it stands still while anything can run, and jumps to the next timer. Timers that fall due
 * together run in the order in which they were set.
 */
export class VirtualClock implements Clock {
  /** Streams of Node are about: what they do goes on in later turns of the event loop. */
  hasStreams = false;
  private elapsed = 0;
  private order = 0;
  /** A binary heap, the earliest first. */
  private readonly heap: Waiting[] = [];

  constructor(private readonly startMilliseconds: number = Date.UTC(2026, 0, 1)) {}

  now(): number {
    return this.startMilliseconds + this.elapsed;
  }

  monotonic(): number {
    return this.elapsed;
  }

  setTimer(callback: () => void, delayMilliseconds: number): Timer {
    const entry: Waiting = { due: this.elapsed + Math.max(0, delayMilliseconds), order: this.order++, callback };
    this.push(entry);
    return { cancel: () => void (entry.callback = undefined) };
  }

  /** Runs everything that is due until `end`, letting what each timer starts come to rest before the next one runs. */
  async runUntil(end: number, isOver: () => boolean = () => false): Promise<void> {
    await turn();
    if (this.hasStreams) {
      do await this.untilStreamsRest();
      while (this.runNext(end, isOver));
    } else await this.runWithinTurns(end, isOver);
    if (!isOver()) this.elapsed = Math.max(this.elapsed, end);
  }

  /** False: nothing more is due. */
  private runNext(end: number, isOver: () => boolean): boolean {
    while (!isOver()) {
      const next = this.heap[0];
      if (next === undefined || next.due > end) return false;
      this.pop();
      if (next.callback === undefined) continue;
      this.elapsed = Math.max(this.elapsed, next.due);
      next.callback();
      return true;
    }
    return false;
  }

  /**
   * Without streams nothing waits for more than promises, and between two immediates of the same turn Node lets every promise
   * that can go on go on: so a turn of the event loop, which asks the system for news, is shared by many timers.
   */
  private runWithinTurns(end: number, isOver: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      let goesOn = true;
      const step = (): void => {
        if (!goesOn) return;
        try {
          goesOn = this.runNext(end, isOver);
          if (!goesOn) resolve();
        } catch (error) {
          goesOn = false;
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      };
      const startTurn = (): void => {
        if (!goesOn) return;
        for (let count = 0; count < timersInTurn; count++) setImmediate(step);
        setImmediate(startTurn);
      };
      startTurn();
    });
  }

  /** Turns until none of the streams has asked for another one. */
  private async untilStreamsRest(): Promise<void> {
    do await turn();
    while (process.getActiveResourcesInfo().includes('Immediate'));
  }

  private push(entry: Waiting): void {
    const { heap } = this;
    let index = heap.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isEarlier(entry, heap[parent] as Waiting)) break;
      heap[index] = heap[parent] as Waiting;
      index = parent;
    }
    heap[index] = entry;
  }

  private pop(): void {
    const { heap } = this;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isEarlier(heap[child + 1] as Waiting, heap[child] as Waiting)) child += 1;
      if (!isEarlier(heap[child] as Waiting, last)) break;
      heap[index] = heap[child] as Waiting;
      index = child;
    }
    heap[index] = last;
  }
}

function isEarlier(a: Waiting, b: Waiting): boolean {
  return a.due < b.due || (a.due === b.due && a.order < b.order);
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
