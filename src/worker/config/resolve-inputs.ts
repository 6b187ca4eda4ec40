/**
 * What a task's next container is given of ConfigMaps, Secrets and the task itself. In: the task; out: values, fresh from
 * the manager, or as remembered from the last container of the same spec while the manager does not answer for them. Always
 * holds: what the manager says does not exist is not taken from memory.
 */
import type { Client } from '../../client/client.js';
import { configReferences } from '../../model/config-references.js';
import { isMadeFrom, specHash } from '../../model/spec-hash.js';
import type { StoredTask } from '../../model/task.js';
import { isOrchError, OrchError } from '../../support/errors.js';
import type { CheckpointFile } from '../checkpoint-file.js';
import type { EventRecorder } from '../event-recorder.js';
import type { ConfigObjects } from './config-objects.js';
import { secretTexts } from './config-objects.js';
import { ConfigProblem } from './config-problem.js';
import type { ContainerInputs } from './container-inputs.js';
import { secretInputs } from './container-inputs.js';
import { readConfig } from './read-config.js';
import { resolveEnvironment } from './resolve-environment.js';
import { resolveFiles } from './resolve-files.js';

interface InputsOptions {
  client: Client;
  clusterUid: string;
  checkpoint: CheckpointFile;
  events: Pick<EventRecorder, 'record'>;
  hostIP: string | undefined;
  /** Whether what the manager says is to be acted upon. */
  isTrusted(): boolean;
}

/**
 * Throws a ConfigProblem for what a user has to mend; rejects with another error when nothing is known and nothing is
 * remembered.
 */
export async function resolveInputs(
  task: StoredTask,
  options: InputsOptions,
  signal: AbortSignal,
): Promise<ContainerInputs> {
  const { checkpoint, events, hostIP } = options;
  const { uid } = task.metadata;
  const surroundings = hostIP === undefined ? {} : { hostIP };
  if (configReferences(task.spec).length === 0) {
    checkpoint.rememberInputs(uid, undefined);
    return { env: resolveEnvironment(task, new Map(), surroundings).env };
  }
  const hash = specHash(task.spec);
  let objects: ConfigObjects;
  try {
    if (!options.isTrusted()) throw new OrchError('ServiceUnavailable', 'the manager is not believed');
    objects = await readConfig(task, { ...options, signal });
  } catch (error) {
    const remembered = checkpoint.inputs(uid);
    if (remembered && isMadeFrom(remembered.specHash, task.spec)) return remembered.inputs;
    throw isOrchError(error, 'Forbidden') ? new ConfigProblem(error.message) : error;
  }
  const { env, skipped } = resolveEnvironment(task, objects, surroundings);
  if (skipped.length > 0) {
    const message = `no environment variable can hold these values, which are no text: ${skipped.join('; ')}`;
    events.record(task, 'Warning', 'InvalidEnvironmentVariableValues', message);
  }
  const files = resolveFiles(task, objects);
  const inputs = { env, ...(files.length > 0 ? { files } : {}), ...secretInputs(secretTexts(task, objects)) };
  checkpoint.rememberInputs(uid, { specHash: hash, inputs });
  return inputs;
}
