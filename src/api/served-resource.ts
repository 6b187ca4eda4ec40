import type { Stored } from '../model/api-object.js';
import type { JsonObject } from '../model/json.js';
import type { Kind } from '../model/kind.js';
import { namespaceKind } from '../model/namespace.js';
import { scaleKind } from '../model/scale.js';
import type { ErrorCause } from '../support/errors.js';
import type { DecodingOptions, ListOptions, Registry } from '../registry/registry.js';

/**
 * A kind as clients see it. Most are served as they are stored; a view shows a stored kind in another shape, and is
 * read-only unless it has a writer.
 */
export interface ServedResource {
  /** What clients see. */
  kind: Kind;
  /** What the registry is asked for. */
  stored: Kind;
  /** Present for views: the stored object in the served shape. Pure. */
  convert?: (object: Stored) => Stored;
  /** Present for views that do not show every stored object. Pure. */
  shows?: (object: Stored) => boolean;
  /** Present for views whose objects have a uid of their own: that of the view of this stored object. Pure. */
  uidOf?: (object: Stored) => string;
  /** Present for views that show the same objects in another light to a list or watch that selects so. */
  forSelection?: (options: ListOptions, registry: Registry) => Promise<ServedResource>;
  /** Tells such a view from the others of its kind. */
  variant?: string;
  /** Present for views whose fields have other paths: what is wrong with the stored object, in the words of the view. Pure. */
  asCauseOf?: (cause: ErrorCause) => ErrorCause;
  /** Present for views that can be written. */
  writer?: ViewWriter;
  /** What is served below an object besides its status. */
  subresources?: readonly Subresource[];
  /** Leave NAME and AGE to `-o wide`, behind all others, because the kind's own columns say more. */
  nameAndAgeLast?: boolean;
  /** What a client may do, where the shape does not say it. */
  verbs?: readonly string[];
}

export interface Subresource {
  name: string;
  verbs: readonly string[];
  /** What it takes and answers, when that is another kind. */
  kind?: { group: string; version: string; kind: string };
}

/** How what is sent for a view becomes the stored object. Pure; throws what a client is to be told. */
export interface ViewWriter {
  /** Of a new object, or of a part of one (server-side apply). */
  toStored(sent: JsonObject, options: DecodingOptions): ConvertedObject;
  /** Of a part that is applied to `current`: what both say is put as it is put there, so that the same is no change. */
  inWordsOf?(current: Stored, object: JsonObject): JsonObject;
  /** Of an object that is shown as `current` converts to and wanted like this. */
  update(current: Stored, wanted: JsonObject, options: DecodingOptions): ConvertedObject;
  /** Present when clients may write the status: the stored one, after that of the view was wanted like this. */
  statusToStored?(current: Stored, wanted: JsonObject, options: DecodingOptions & { at: string }): ConvertedStatus;
}

export interface ConvertedStatus {
  status: JsonObject;
  warnings: string[];
}

interface ConvertedObject {
  object: JsonObject;
  warnings: string[];
}

export function servedAsStored(kind: Kind): ServedResource {
  return { kind, stored: kind };
}

/** What a client may do with the resource. */
export function verbsOf(resource: ServedResource): readonly string[] {
  const { convert, writer, kind, verbs } = resource;
  if (verbs) return verbs;
  if (convert && !writer) return ['get', 'list', 'watch'];
  // Kubernetes does not offer it for namespaces either: each takes everything in it along.
  const collection = kind === namespaceKind ? [] : ['deletecollection'];
  if (kind.writtenBySystem !== undefined) return ['delete', ...collection, 'get', 'list', 'watch'];
  const changes = kind.keptAsReported === undefined ? ['patch', 'update'] : [];
  return ['create', 'delete', ...collection, 'get', 'list', ...changes, 'watch'];
}

const { group, version, kind } = scaleKind;
const scaleType = { group, version, kind };

/** Everything that is served below an object, as discovery tells it. */
export function subresourcesOf(resource: ServedResource): readonly Subresource[] {
  const { kind, subresources = [] } = resource;
  const isStatusWritten = resource.convert === undefined || resource.writer?.statusToStored !== undefined;
  const verbs = isStatusWritten && kind.writtenBySystem === undefined ? ['get', 'patch', 'update'] : ['get'];
  return [
    ...(kind.hasStatus ? [{ name: 'status', verbs }] : []),
    ...(kind.scale ? [{ name: 'scale', verbs, kind: scaleType }] : []),
    ...subresources,
  ];
}

export function present(resource: ServedResource, object: Stored): Stored {
  return resource.convert ? resource.convert(object) : object;
}
