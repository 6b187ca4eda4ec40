import type { Clock } from '../support/clock.js';
import type { Logger } from '../support/logger.js';
import { errorMessage } from '../support/errors.js';

/** Time to finish what was accepted before the process ends regardless. */
const drainMilliseconds = 10_000;

/**
 * Waits for SIGTERM or SIGINT, then closes. Resolves with the exit code. A second signal, or a close that takes longer
 * than 10 s, ends the process at once: containers go on in any case. An error that nobody caught is fatal and visible.
 */
export function runUntilSignal(
  close: () => Promise<void>,
  { clock, logger }: { clock: Clock; logger: Logger },
): Promise<number> {
  return new Promise((resolve) => {
    let stopping = false;
    const stop = (reason: string, exitCode: number): void => {
      if (stopping) {
        if (exitCode === 0) process.exit(130);
        return;
      }
      stopping = true;
      logger.info('stopping', { reason });
      const drain = clock.setTimer(() => {
        logger.warn('did not stop in time', { drainMilliseconds });
        process.exit(1);
      }, drainMilliseconds);
      close()
        .then(
          () => resolve(exitCode),
          (error: unknown) => {
            logger.error('closing failed', { error: errorMessage(error) });
            resolve(1);
          },
        )
        .finally(() => drain.cancel());
    };
    process.on('SIGTERM', () => stop('SIGTERM', 0));
    process.on('SIGINT', () => stop('SIGINT', 0));
    process.on('SIGPIPE', () => undefined);
    for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
      process.on(event, (error: unknown) => {
        logger.error('an error that nobody caught', { event, error });
        stop(event, 1);
      });
    }
  });
}
