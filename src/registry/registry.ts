import type { ApiObject, ObjectKey, Stored } from '../model/api-object.js';
import type { JsonObject, JsonValue } from '../model/json.js';
import type { Kind } from '../model/kind.js';
import type { ObjectReference } from '../model/task-event.js';
import type { State } from '../model/task-state.js';

/**
 * The one write path in front of the store. What comes in is an object or a patch from anybody (api, controllers,
 * gitops); what goes out is a stored object, frozen: copy before you change one. Always holds: what was sent is stored as
 * sent (readers apply the schema's defaults), the schema and the kind's rules passed, the system's fields are the
 * system's, every write is a compare-and-set, a task's move writes its TaskEvent with it.
 */
export interface Registry {
  readonly clusterUid: string;
  /** As Store.restoreUid. */
  readonly restoreUid: string | undefined;

  /** Rejects with NotFound. */
  get<T extends ApiObject = ApiObject>(kind: Kind, key: ObjectKey): Promise<Stored<T>>;

  list<T extends ApiObject = ApiObject>(kind: Kind, options?: ListOptions): Promise<ListResult<T>>;

  /** Rejects with AlreadyExists, Invalid, BadRequest (unknown field under Strict), NotFound (the namespace). */
  create<T extends ApiObject = ApiObject>(kind: Kind, object: unknown, options?: WriteOptions): Promise<WriteResult<T>>;

  /**
   * Replaces spec, labels, annotations and finalizers, or with subresource 'status' the status only. A resourceVersion
   * or uid in the object is a precondition (Conflict). An equal result writes nothing.
   */
  replace<T extends ApiObject = ApiObject>(
    kind: Kind,
    key: ObjectKey,
    object: unknown,
    options?: WriteOptions & SubresourceOption,
  ): Promise<WriteResult<T>>;

  /** Rejects with NotFound, Conflict (resourceVersion or uid in the patch), Invalid, UnsupportedMediaType. */
  patch<T extends ApiObject = ApiObject>(
    kind: Kind,
    key: ObjectKey,
    patch: Patch,
    options?: WriteOptions & SubresourceOption,
  ): Promise<WriteResult<T>>;

  /** Server-side apply: creates or merges by field ownership. Rejects with Conflict (causes: FieldManagerConflict). */
  apply<T extends ApiObject = ApiObject>(
    kind: Kind,
    key: ObjectKey,
    object: unknown,
    options: WriteOptions & SubresourceOption & { fieldManager: string; force?: boolean },
  ): Promise<WriteResult<T> & { created: boolean }>;

  /**
   * Reads, changes with a pure function, writes with compare-and-set, and does so again when somebody was faster (at
   * most 10 times, then Conflict). `change` gets a copy that it may modify; undefined means leave as is. It may change
   * spec and status at once: for the system's own parts (binding, moving, deleting), never for user input.
   */
  mutate<T extends ApiObject>(
    kind: Kind,
    key: ObjectKey,
    change: (object: Stored<T>) => Stored<T> | undefined,
    options?: { source?: string },
  ): Promise<WriteResult<T>>;

  /**
   * Graceful: sets deletionTimestamp while finalizers or, for a task bound to a worker, its container remain; else the
   * object is gone. gracePeriodSeconds 0 deletes a task at once (the worker's confirmation, or force). Rejects with
   * NotFound, Conflict (preconditions).
   */
  delete<T extends ApiObject = ApiObject>(
    kind: Kind,
    key: ObjectKey,
    options?: DeleteOptions,
  ): Promise<{ object: Stored<T>; gone: boolean }>;

  /** As Store.watch, in objects. Rejects (throws) with Expired. `afterRevision` from ListResult.revision. */
  watch<T extends ApiObject = ApiObject>(
    kind: Kind,
    options: { namespace?: string; afterRevision: number },
    onEvents: (events: ObjectEvent<T>[]) => void,
  ): { close(): void };

  /** Records what happened to an object, and is no move of a task; the same thing again raises count. Never rejects the caller's work. */
  recordTaskEvent(event: EventInput): Promise<void>;

  /** Everything that is stored, of every kind, as of one revision: for backups. Values are frozen. */
  snapshot(): Promise<{ revision: number; entries: readonly { key: string; value: JsonObject }[] }>;

  currentRevision(): number;
  readOnlyReason(): string | undefined;
}

interface EventWords {
  type: 'Normal' | 'Warning';
  reason: string;
  message: string;
  source: string;
  nodeName?: string;
}

/** What happened to a task. */
export interface TaskEventInput extends EventWords {
  task: { name: string; namespace: string; uid: string };
  state: State;
  attempt?: number;
}

/** What happened to any other object. */
export interface ObjectEventInput extends EventWords {
  regarding: ObjectReference & { kind: string; name: string; uid: string };
}

export type EventInput = TaskEventInput | ObjectEventInput;

export interface ListOptions {
  namespace?: string;
  /** Kubernetes' syntax: a=b,c!=d,e in (f,g),!h */
  labelSelector?: string;
  /** metadata.name=x,status.state!=Running */
  fieldSelector?: string;
  limit?: number;
  continueToken?: string;
}

export interface ListResult<T extends ApiObject> {
  items: Stored<T>[];
  revision: number;
  continueToken?: string;
  remainingItemCount?: number;
}

export interface WriteOptions {
  fieldManager?: string;
  /** Do everything but the write. */
  dryRun?: boolean;
  /** What to do with unknown fields: refuse (default), warn, or drop. */
  fieldValidation?: 'Strict' | 'Warn' | 'Ignore';
  /** Fields that the sender said twice: treated as unknown ones are. */
  duplicateFields?: readonly string[];
  /** Who asks: shown as the source of task events. */
  source?: string;
  /** The system itself writes: also objects that a kind keeps for it (`Kind.systemsOwn`). Never from a request. */
  asSystem?: boolean;
}

/** What was odd about the text of an object, and what is to be done about it. */
export type DecodingOptions = Pick<WriteOptions, 'fieldValidation' | 'duplicateFields'>;

export interface SubresourceOption {
  subresource?: 'status';
}

export interface WriteResult<T extends ApiObject> {
  object: Stored<T>;
  /** False when the result equals what was stored: nothing was written. */
  changed: boolean;
  warnings: string[];
}

export type Patch = { type: 'merge'; body: JsonValue } | { type: 'json'; operations: JsonValue };

/** What becomes of the objects that name the deleted one as their owner: they go after it, before it, or stay. */
export type PropagationPolicy = 'Background' | 'Foreground' | 'Orphan';

export interface DeleteOptions {
  preconditions?: { uid?: string; resourceVersion?: string };
  gracePeriodSeconds?: number;
  /** Background when nothing is said, unless an earlier request said otherwise. */
  propagationPolicy?: PropagationPolicy;
  dryRun?: boolean;
}

export interface ObjectEvent<T extends ApiObject = ApiObject> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** With the resourceVersion of this event, for DELETED too. */
  object: Stored<T>;
  previous?: Stored<T>;
  revision: number;
}
