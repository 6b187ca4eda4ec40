import type { BackoffPolicy } from '../../support/backoff.js';
import { backoffDelay } from '../../support/backoff.js';
import type { Clock } from '../../support/clock.js';
import { sleep } from '../../support/clock.js';
import { errorMessage } from '../../support/errors.js';
import type { Logger } from '../../support/logger.js';
import type { Random } from '../../support/random.js';
import { deadlines } from '../deadlines.js';
import { labels } from './create-body.js';
import type { EngineConnection } from './engine-connection.js';
import { parseLine, readLines } from './lines.js';

const reconnect: BackoffPolicy = { initialMilliseconds: 100, maxMilliseconds: 8_000, jitterFraction: 0.5 };
/** A connection that lived this long counts as a success; one that breaks at once must not be retried in a tight loop. */
const settledMilliseconds = 10_000;

/** What changes a container as seen by list and inspect. Not exec events: probes would make a flood of them. */
const interesting = ['create', 'destroy', 'die', 'oom', 'pause', 'rename', 'start', 'unpause', 'update'];

/** Follows the engine's events of one cluster until the signal aborts, reconnecting for ever. */
export async function followEvents(
  {
    connection,
    clusterUid,
    clock,
    random,
    logger,
    signal,
  }: {
    connection: EngineConnection;
    clusterUid: string;
    clock: Clock;
    random: Random;
    logger: Logger;
    signal: AbortSignal;
  },
  onHint: (hint: { containerId?: string }) => void,
): Promise<void> {
  const filters = { type: ['container'], event: interesting, label: [`${labels.clusterUid}=${clusterUid}`] };
  let failures = 0;
  while (!signal.aborted) {
    const begin = clock.monotonic();
    try {
      const stream = await connection.stream('events', deadlines.list, (engine, abortSignal) =>
        engine.getEvents({ filters, abortSignal: AbortSignal.any([abortSignal, signal]) }),
      );
      const destroy = (): void => void stream.destroy();
      signal.addEventListener('abort', destroy, { once: true });
      if (signal.aborted) destroy();
      else onHint({});
      await readLines(stream, (line) => {
        const id = containerIdOf(line);
        if (!signal.aborted) onHint(id === undefined ? {} : { containerId: id });
      }).finally(() => signal.removeEventListener('abort', destroy));
    } catch (error) {
      if (!signal.aborted) logger.debug('engine events broke off', { error: errorMessage(error) });
    }
    failures = clock.monotonic() - begin > settledMilliseconds ? 1 : failures + 1;
    await sleep(
      clock,
      backoffDelay(reconnect, failures, () => random.next()),
      signal,
    );
  }
}

function containerIdOf(line: string): string | undefined {
  const actor = parseLine(line)?.['Actor'] as { ID?: unknown } | undefined;
  return typeof actor?.ID === 'string' ? actor.ID : undefined;
}
