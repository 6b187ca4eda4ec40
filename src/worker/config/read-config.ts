/**
 * Reads what a task names from the manager, with the worker's own credentials: GET of each object, which names the task that
 * it is for. Only the manager of this cluster is believed, in what it says is there and in what it says is not.
 */
import type { Client } from '../../client/client.js';
import { objectPath } from '../../client/resource-path.js';
import { configMapKind, type ConfigMap } from '../../model/config-map.js';
import type { ConfigReference } from '../../model/config-references.js';
import { configReferences, referenceKey } from '../../model/config-references.js';
import { isJsonObject } from '../../model/json.js';
import { secretKind, type Secret } from '../../model/secret.js';
import type { StoredTask } from '../../model/task.js';
import { OrchError } from '../../support/errors.js';
import type { ConfigObjects } from './config-objects.js';

interface ReadOptions {
  client: Client;
  clusterUid: string;
  signal: AbortSignal;
  /** Answers for other tasks of the same moment. */
  cache?: ConfigCache;
}

/** By namespace and referenceKey. */
export type ConfigCache = Map<string, Promise<ConfigMap | Secret | undefined>>;

/** A container waits for its manager no longer than this before it is made from what is remembered. */
const answerMilliseconds = 5_000;
/** Objects of one task that are asked for at once. */
const atOnce = 8;

/**
 * The objects that exist of those that the task names. Rejects with Forbidden when this worker may not have one of them, with
 * ServiceUnavailable or Timeout when nothing is known.
 */
export async function readConfig(task: StoredTask, options: ReadOptions): Promise<ConfigObjects> {
  const objects = new Map<string, ConfigMap | Secret>();
  const waiting = configReferences(task.spec);
  const readAll = async (): Promise<void> => {
    for (let reference = waiting.shift(); reference; reference = waiting.shift()) {
      const object = await cached(task, reference, options);
      if (object) objects.set(referenceKey(reference), object);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, readAll));
  return objects;
}

function cached(
  task: StoredTask,
  reference: ConfigReference,
  options: ReadOptions,
): Promise<ConfigMap | Secret | undefined> {
  const key = `${task.metadata.namespace ?? 'default'}/${referenceKey(reference)}`;
  const known = options.cache?.get(key);
  if (known) return known;
  const reading = readObject(task, reference, options);
  options.cache?.set(key, reading);
  return reading;
}

async function readObject(
  task: StoredTask,
  { kind, name }: ConfigReference,
  { client, clusterUid, signal }: ReadOptions,
): Promise<ConfigMap | Secret | undefined> {
  const { namespace = 'default', name: forTask } = task.metadata;
  const response = await client.request({
    method: 'GET',
    path: objectPath(kind === 'Secret' ? secretKind : configMapKind, { namespace, name }),
    query: { forTask },
    timeoutMilliseconds: answerMilliseconds,
    signal,
  });
  const text = await response.text();
  if (response.headers['x-orch-cluster-uid'] !== clusterUid) {
    throw new OrchError('ServiceUnavailable', `another cluster answers for ${kind} "${name}"`);
  }
  switch (response.status) {
    case 200:
      return parseObject(text, kind, name);
    case 404:
      return undefined;
    case 403:
      throw new OrchError('Forbidden', `the manager does not let this worker read ${kind} "${name}" for this task`);
    default:
      throw new OrchError('ServiceUnavailable', `the answer for ${kind} "${name}" was ${response.status}`);
  }
}

/** The parser's own words would quote the text. */
function parseObject(text: string, kind: string, name: string): ConfigMap | Secret {
  let object: unknown;
  try {
    object = JSON.parse(text);
  } catch {
    object = undefined;
  }
  if (isJsonObject(object) && object['kind'] === kind) return object as unknown as ConfigMap | Secret;
  throw new OrchError('ServiceUnavailable', `the answer for ${kind} "${name}" was none`);
}
