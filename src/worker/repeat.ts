import type { Clock, Timer } from '../support/clock.js';

/**
 * Runs `work` again and again: first after `delay()`, then each time so long after it has ended, never twice at once. `work` does
 * not reject. Returns the function that ends it.
 */
export function repeat(clock: Clock, delayMilliseconds: () => number, work: () => Promise<void>): () => void {
  let isStopped = false;
  let timer: Timer | undefined;
  const schedule = (): void => {
    if (isStopped) return;
    timer = clock.setTimer(() => void work().finally(schedule), delayMilliseconds());
  };
  schedule();
  return () => {
    isStopped = true;
    timer?.cancel();
  };
}
