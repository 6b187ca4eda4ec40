import type { StoredTask } from '../model/task.js';
import type { ContainerDetails, ContainerRuntime } from '../runtime/container-runtime.js';
import { RuntimeError } from '../runtime/container-runtime.js';
import type { Clock } from '../support/clock.js';
import { withDeadline } from '../support/clock.js';
import { errorMessage } from '../support/errors.js';
import type { Logger } from '../support/logger.js';

/** As in Kubernetes: so much of a log stands for a message. */
const maxLogLines = 80;
const maxLogBytes = 2048;
/** What an end is not held up for. */
const logMilliseconds = 10_000;

interface Options {
  runtime: Pick<ContainerRuntime, 'readTerminationMessage' | 'openLogs'>;
  clock: Clock;
  logger: Logger;
}

/**
 * What the program of a container that has ended left for people, where its task asks for it: in its file, or, with
 * FallbackToLogsOnError after a failure, at the end of its output. Undefined where there is nothing, or where it
 * cannot be had: an end is told all the same. Never rejects.
 */
export async function lastWordsOf(
  options: Options,
  { spec, metadata: { uid } }: StoredTask,
  { id, exitCode }: ContainerDetails,
): Promise<string | undefined> {
  const { terminationMessagePath, terminationMessagePolicy } = spec;
  if (terminationMessagePath === undefined && terminationMessagePolicy === undefined) return undefined;
  try {
    const written = await options.runtime.readTerminationMessage(id);
    if (written !== '' || terminationMessagePolicy !== 'FallbackToLogsOnError' || exitCode === 0) {
      return written === '' ? undefined : written;
    }
    return await endOfLog(options, id);
  } catch (error) {
    options.logger.warn('the last message of a container is not known', { taskUid: uid, error: errorMessage(error) });
    return undefined;
  }
}

async function endOfLog({ runtime, clock }: Options, id: string): Promise<string | undefined> {
  const stream = await runtime.openLogs(id, { follow: false, tailLines: maxLogLines, timestamps: false });
  let end = Buffer.alloc(0);
  stream.onOutput((_channel, data) => {
    end = Buffer.concat([end, data]).subarray(-maxLogBytes);
  });
  const onTimeout = (): RuntimeError => new RuntimeError('Timeout', 'logs: the engine does not come to their end');
  try {
    await withDeadline(clock, logMilliseconds, stream.finished, onTimeout);
  } finally {
    stream.close();
  }
  return end.length === 0 ? undefined : end.toString('utf8');
}
