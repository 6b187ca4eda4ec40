import type { Clock, Timer } from '../support/clock.js';

/**
 * Runs `work` again and again: first after `delay()`, then each time so long after it has ended, never twice at once.
 * `onError` gets what it rejects with. Returns the function that ends it.
 */
export function repeat(
  clock: Clock,
  delayMilliseconds: () => number,
  work: () => Promise<void>,
  onError: (error: unknown) => void,
): () => void {
  let isStopped = false;
  let timer: Timer | undefined;
  const schedule = (): void => {
    if (isStopped) return;
    timer = clock.setTimer(() => {
      work().catch(onError).finally(schedule).catch(onError);
    }, delayMilliseconds());
  };
  schedule();
  return () => {
    isStopped = true;
    timer?.cancel();
  };
}
