import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * Polls until `probe` gives something other than undefined and false, and returns it. Rejects after the deadline with what the
 * last try said. Not a sleep: it ends as soon as the condition holds.
 */
export async function waitFor<T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  deadlineSeconds = 30,
): Promise<T> {
  const end = performance.now() + deadlineSeconds * 1000;
  let last: unknown;
  do {
    try {
      const value = await probe();
      if (value !== undefined && value !== false) return value;
      last = undefined;
    } catch (error) {
      last = error;
    }
    await pause(50);
  } while (performance.now() < end);
  throw new Error(`waited ${deadlineSeconds} s in vain for: ${what}`, { cause: last });
}
