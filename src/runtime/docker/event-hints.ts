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

/** What an event is about; empty after the connection was made anew, as anything may have happened. */
export interface EngineEvent {
  containerId?: string;
  action?: string;
}

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
  onEvent: (event: EngineEvent) => void,
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
      else onEvent({});
      await readLines(stream, (line) => {
        if (!signal.aborted) onEvent(eventOf(line));
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

function eventOf(line: string): EngineEvent {
  const { Actor, Action } = (parseLine(line) ?? {}) as { Actor?: { ID?: unknown } | null; Action?: unknown };
  return {
    ...(typeof Actor?.ID === 'string' ? { containerId: Actor.ID } : {}),
    ...(typeof Action === 'string' ? { action: Action } : {}),
  };
}
