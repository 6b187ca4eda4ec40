import { guarded } from './guarded.js';

/**
 * Time as an argument. Nothing outside this folder reads the wall clock or sets a timer, so a test or a
 * simulation can own time.
 */
export interface Clock {
  /** Wall clock, milliseconds since the epoch. For timestamps that people read; never to judge liveness. */
  now(): number;
  /** Milliseconds from an arbitrary start; never goes back. For timeouts, heartbeats and backoff. */
  monotonic(): number;
  /**
   * Calls `callback` once, `delayMilliseconds` from now, unless the returned timer is cancelled first. Any wait is kept to,
   * also one of years.
   */
  setTimer(callback: () => void, delayMilliseconds: number): Timer;
}

export interface Timer {
  /** Idempotent; after it returns the callback will not run. */
  cancel(): void;
}

/** Node makes 1 ms of a longer timeout. */
const longestTimeoutMilliseconds = 2 ** 31 - 1;

/**
 * The real clock. Its timers do not keep the process alive when `unref` is true. `onError` gets what callbacks throw; without it
 * that ends the process.
 */
export function createSystemClock(options: { unref?: boolean; onError?: (error: unknown) => void } = {}): Clock {
  const { onError } = options;
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    setTimer(callback, delayMilliseconds) {
      const run = onError ? guarded(onError, callback) : callback;
      let handle: NodeJS.Timeout;
      const wait = (milliseconds: number): void => {
        const part = Math.min(milliseconds, longestTimeoutMilliseconds);
        handle = setTimeout(() => (milliseconds > part ? wait(milliseconds - part) : run()), part);
        if (options.unref) handle.unref();
      };
      wait(delayMilliseconds);
      return { cancel: () => clearTimeout(handle) };
    },
  };
}

/** Resolves after the delay, or early (without an error) when `signal` aborts. */
export function sleep(clock: Clock, delayMilliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const finish = (): void => {
      timer.cancel();
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const timer = clock.setTimer(finish, delayMilliseconds);
    signal?.addEventListener('abort', finish, { once: true });
  });
}

/**
 * Rejects with `onTimeout()` when `work` has not settled in time. The work itself is not stopped: pass it an
 * AbortSignal when it can be.
 */
export function withDeadline<T>(
  clock: Clock,
  milliseconds: number,
  work: Promise<T>,
  onTimeout: () => Error,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = clock.setTimer(() => reject(onTimeout()), milliseconds);
    work.then(
      (value) => {
        timer.cancel();
        resolve(value);
      },
      (error: unknown) => {
        timer.cancel();
        reject(error instanceof Error ? error : new Error(String(error)));
      },
    );
  });
}

/** RFC 3339 in UTC without a fraction, as Kubernetes writes its timestamps. */
export function toTimestamp(epochMilliseconds: number): string {
  return new Date(epochMilliseconds).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
