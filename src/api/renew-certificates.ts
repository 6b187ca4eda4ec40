import type { Clock, Timer } from '../support/clock.js';
import { errorMessage } from '../support/errors.js';
import type { Logger } from '../support/logger.js';
import { isRenewalDue, type Certificates } from './certificates.js';

/** The wall clock may be set, and a machine may sleep: so it is looked at often, which costs nothing. */
const lookEveryMilliseconds = 60_000;

/**
 * Renews the server's certificate (and the authority's) while the manager runs: calls `ensure` once it is due and hands
 * what it made to `onRenewed`. A failure is told and tried again at the next look.
 */
export function renewCertificates(options: {
  current: Certificates;
  ensure: () => Promise<Certificates>;
  clock: Clock;
  logger: Logger;
  onRenewed: (renewed: Certificates) => Promise<void>;
}): { stop(): Promise<void> } {
  const { clock, logger } = options;
  let { current } = options;
  let timer: Timer;
  let looking = Promise.resolve();
  let isStopped = false;
  const look = async (): Promise<void> => {
    try {
      if (isRenewalDue(current, clock.now())) {
        const renewed = await options.ensure();
        await options.onRenewed(renewed);
        current = renewed;
        logger.info('server certificate renewed');
      }
    } catch (error) {
      logger.error('certificate not renewed, will try again', { error: errorMessage(error) });
    }
    if (!isStopped) arm();
  };
  const arm = (): void => {
    timer = clock.setTimer(() => void (looking = look()), lookEveryMilliseconds);
  };
  arm();
  return {
    stop: () => {
      isStopped = true;
      timer.cancel();
      return looking;
    },
  };
}
