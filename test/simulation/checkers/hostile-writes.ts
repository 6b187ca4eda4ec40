import type { ApiObject, Stored } from '../../../src/model/api-object.js';
import { canonicalJson } from '../../../src/model/json.js';
import { formatKey, keyOf } from '../../../src/model/api-object.js';
import type { Kind } from '../../../src/model/kind.js';
import { nodeKind, reportedLabels } from '../../../src/model/node.js';
import { taskKind } from '../../../src/model/task.js';
import type { StoredTask } from '../../../src/model/task.js';
import { storeKey } from '../../../src/registry/store-keys.js';
import type { StoreEvent } from '../../../src/store/store.js';
import type { HostileObserver } from '../hostile/hostile-door.js';
import type { Violated } from './checker.js';
import type { StoreLog } from './store-log.js';
import type { TaskHistory } from './task-history.js';

/** What a hostile worker may make of one object. Its reports are longer than an honest one's, and no longer than this. */
const mostCharacters = 64 * 1024;

/**
 * A hostile worker changes the status of its own tasks, and of its Node the status and the few labels that are its to say; it deletes
 * what it was asked to; it reports on its own tasks. Nothing that it writes grows without bound.
 */
export function hostileWrites(
  me: string,
  { log, history, violated }: { log: StoreLog; history: TaskHistory; violated: Violated },
): HostileObserver {
  const harms = (what: string): void => violated('nobody but the hostile is harmed', `${me} ${what}`);
  return {
    onWritten(kind, object) {
      const { name } = object.metadata;
      const key = storeKey(kind, keyOf(object));
      const event = log.eventAt(Number(object.metadata.resourceVersion), key);
      // Made in a life of the manager whose last writes were lost: nobody was told.
      if (event === undefined) return;
      const { previous } = event;
      if (previous === undefined) return harms(`made ${kind.kind} ${name}`);
      if (ownerOf(kind, previous) !== me) return harms(`wrote ${kind.kind} ${name} of ${ownerOf(kind, previous)}`);
      const rest = kind === nodeKind ? withoutReports : withoutStatus;
      if (rest(previous) !== rest(event.value)) harms(`wrote more than the status of ${kind.kind} ${name}`);
      const written = JSON.stringify((event.value as { status?: unknown }).status ?? {}).length;
      if (written > mostCharacters) harms(`wrote ${written} characters of status of ${kind.kind} ${name}`);
    },
    onDeleted(kind, object) {
      const { name, deletionTimestamp } = object.metadata as Stored['metadata'];
      const isIts = kind === taskKind && (object as StoredTask).spec.nodeName === me;
      if (!isIts || deletionTimestamp === undefined) harms(`deleted ${kind.kind} ${name}`);
    },
    onReported(event) {
      if (!('task' in event)) return harms(`reported on ${event.regarding.kind} ${event.regarding.name}`);
      const { task, source } = event;
      const wasHere = history.since(task.uid, 0).some((version) => version.task?.spec.nodeName === me);
      if (!wasHere) harms(`reported on ${formatKey(task)}`);
      if (source !== `worker/${me}`) harms(`reported as ${source}`);
    },
  };
}

function ownerOf(kind: Kind, value: StoreEvent['value']): string {
  const object = value as unknown as ApiObject;
  if (kind === taskKind) return (object as StoredTask).spec.nodeName ?? 'nobody';
  return kind === nodeKind ? (object.metadata.name ?? '') : 'others';
}

function withoutStatus(value: StoreEvent['value']): string {
  const { status: _status, metadata, ...rest } = value as unknown as Stored & { status?: unknown };
  const { resourceVersion: _version, managedFields: _managed, ...others } = metadata;
  // Said to be empty is as good as not said.
  const said = Object.entries(others).filter(
    ([, member]) => typeof member !== 'object' || Object.keys(member).length > 0,
  );
  return canonicalJson({ ...rest, metadata: Object.fromEntries(said) });
}

function withoutReports(value: StoreEvent['value']): string {
  const object = value as unknown as Stored;
  const labels = Object.entries(object.metadata.labels ?? {}).filter(([label]) => !reportedLabels.includes(label));
  const metadata = { ...object.metadata, labels: Object.fromEntries(labels) };
  return withoutStatus({ ...object, metadata } as unknown as StoreEvent['value']);
}
