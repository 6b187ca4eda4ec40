import type { ClientWriteResult } from '../../../src/client/client.js';
import type { ApiObject, ObjectKey } from '../../../src/model/api-object.js';
import { isJsonObject, type JsonValue } from '../../../src/model/json.js';
import type { Kind } from '../../../src/model/kind.js';
import { nodeKind } from '../../../src/model/node.js';
import { taskKind, type Task } from '../../../src/model/task.js';
import { storeKey } from '../../../src/registry/store-keys.js';
import type { Violated } from './checker.js';
import type { StoreLog } from './store-log.js';

/** What a patch said, and what it was answered. */
export type Patched = [
  kind: Kind,
  key: ObjectKey,
  body: JsonValue,
  result: ClientWriteResult<ApiObject>,
  isStatus: boolean,
];

/** What a worker changes is its own: a task that is on it, or its node. */
export function checkOwn(violated: Violated, worker: string, kind: Kind, object: ApiObject): void {
  const owner =
    kind === taskKind ? (object as Task).spec.nodeName : kind === nodeKind ? object.metadata.name : undefined;
  if (owner === worker) return;
  violated('a worker changes what is its own', `${worker} changed ${object.metadata.name} of ${owner ?? 'nobody'}`);
}

/**
 * A worker's patch of a status names the version that it is for, and every patch that names one was made to that version of
 * that object, and is in the log where the answer says.
 */
export function checkPatch(
  { log, violated }: { log: StoreLog; violated: Violated },
  kind: Kind,
  key: ObjectKey,
  body: JsonValue,
  { object }: ClientWriteResult<ApiObject>,
  isStatus: boolean,
): void {
  const metadata = isJsonObject(body) && isJsonObject(body['metadata']) ? body['metadata'] : {};
  const { uid, resourceVersion } = metadata;
  const answered = object.metadata.resourceVersion;
  if (isStatus && resourceVersion === undefined)
    violated('every write is a compare-and-set', `the status of ${key.name}`);
  if (resourceVersion === undefined || answered === resourceVersion) return;
  const event = log.eventAt(Number(answered), storeKey(kind, key));
  const isRight =
    event?.type === 'put' &&
    event.previousRevision === Number(resourceVersion) &&
    (uid === undefined || object.metadata.uid === uid);
  if (isRight) return;
  const before = event?.previousRevision ?? 'nothing';
  violated(
    'a patch is for the version that it names',
    `${key.name}: for ${JSON.stringify(resourceVersion)}, made to ${before}`,
  );
}
