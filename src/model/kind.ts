import type { ErrorCause } from '../support/errors.js';
import type { ApiObject } from './api-object.js';
import type { JsonObject, JsonValue } from './json.js';

/**
 * All that the generic parts (manifest, registry, api, client, cli) need to know about a kind. A new kind is a schema,
 * one file that exports such a description, and a row in kinds.ts.
 */
export interface Kind {
  /** '' is Kubernetes' core group. */
  group: string;
  version: string;
  kind: string;
  plural: string;
  singular: string;
  shortNames: readonly string[];
  categories: readonly string[];
  namespaced: boolean;
  /** Whether /status exists; then status is the system's and everything else the user's. */
  hasStatus: boolean;
  /** What a status begins as; without it as an empty one. Never as none: programs look into it at once. */
  initialStatus?: JsonObject;
  /** orch records what happens to such objects: the latest events of each are kept for as long as it lives. */
  hasEvents?: boolean;
  /** Only the system makes and changes objects of this kind: what a user who tries is told. Everybody may read and delete. */
  writtenBySystem?: string;
  /** Its objects are records: they can be reported and deleted, and whoever would change one is told this. */
  keptAsReported?: string;
  /** Of a kind that users write too: why this very object is the system's alone to make or change. Pure. */
  systemsOwn?(object: ApiObject): string | undefined;
  /** The JSON Schema (draft 7) of the whole object, from schemas/. */
  schema: JsonObject;
  /** Columns of `get` besides NAME, which is always first, and AGE, which is always last of the narrow ones. */
  columns: readonly Column[];
  /** Fields for field selectors besides metadata.name and metadata.namespace. */
  selectableFields: Readonly<Record<string, (object: ApiObject) => string | undefined>>;
  /**
   * Lists of objects that merge by key: path without indexes -> key fields. Server-side apply goes by all of them, a strategic
   * merge patch by the first.
   */
  listKeys: Readonly<Record<string, readonly string[]>>;
  /** Paths of objects, or of lists of such, of which a strategic merge patch says which members may be left (`$retainKeys`). */
  retainKeys?: readonly string[];
  /** Fields whose values nobody but a reader of the object itself may see: no description, difference, log or event. */
  secretFields?: readonly string[];
  /**
   * Applied to what is sent before anything else looks at it, for fields that are another way to write a field and, in a
   * whole object (not in the part that server-side apply sends), for defaults that Kubernetes' clients rely on. Pure.
   */
  normalize?(sent: JsonObject, isWhole: boolean): JsonObject;
  /** For kinds of Kubernetes with fields that the schema leaves out; without it they are all unknown. Pure. */
  treatField?(field: string, value: JsonValue | undefined): FieldTreatment;
  /** Why such a field is refused. Pure. */
  explainRefusal?(field: string, value: JsonValue | undefined): string;
  /** What of a valid object is not kept as it says, in words for people. Pure. */
  warn?(object: ApiObject): string[];
  /** Whether, and where, it can be scaled. */
  scale?: ScalePaths;
  /** Rules beyond the schema. Pure. An empty list means valid. `old` is what the object replaces. */
  validate(object: ApiObject, old?: ApiObject): ErrorCause[];
}

/** What becomes of a field that the schema of a kind does not have. */
export type FieldTreatment =
  /** It says nothing: not worth a word. */
  | 'empty'
  /** It says what is so anyway: kept as it is, not worth a word either. */
  | 'default'
  /** Kept as it is and named in a warning: Kubernetes has it, orch does not act on it, and it changes nothing of what runs. */
  | 'keep'
  /** Known, and it would change what runs. */
  | 'refuse'
  /** No field of this kind. */
  | 'unknown';

/** Where the API's `scale` finds how many there are to be and are. */
export interface ScalePaths {
  /** Paths such as `spec.replicas`. */
  specReplicas: string;
  statusReplicas: string;
  /** The labels of what is counted, in the syntax of a list's labelSelector. */
  selector(object: ApiObject): string;
}

export interface Column {
  name: string;
  type: 'string' | 'integer' | 'date';
  description: string;
  /** Only with `-o wide`. */
  wide?: boolean;
  value(object: ApiObject, nowMilliseconds: number): string | number;
}

/** `v1` or `group/version`. */
export function apiVersionOf(kind: Pick<Kind, 'group' | 'version'>): string {
  return kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
}

/** `tasks.orch.dev`, or `nodes` in the core group: how messages name a kind. */
export function resourceName(kind: Pick<Kind, 'group' | 'plural'>): string {
  return kind.group === '' ? kind.plural : `${kind.plural}.${kind.group}`;
}

/** Whether Kubernetes has this very kind: then its clients also send strategic merge patches. */
export function isKubernetesKind(kind: Pick<Kind, 'group'>): boolean {
  return kind.group !== 'orch.dev';
}
