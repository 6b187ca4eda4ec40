import type { Stored } from '../model/api-object.js';
import type { Kind } from '../model/kind.js';

/**
 * A kind as clients see it. Most are served as they are stored; a view shows a stored kind in another shape and is
 * read-only.
 */
export interface ServedResource {
  /** What clients see. */
  kind: Kind;
  /** What the registry is asked for. */
  stored: Kind;
  /** Present for views: the stored object in the served shape. Pure. */
  convert?: (object: Stored) => Stored;
  /** Leave NAME and AGE to `-o wide`, because the kind's own columns say more. */
  narrowNameAndAge?: boolean;
}

export function servedAsStored(kind: Kind): ServedResource {
  return { kind, stored: kind };
}

/** What a client may do with the resource. */
export function verbsOf(resource: ServedResource): readonly string[] {
  return resource.convert ? ['get', 'list', 'watch'] : ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'];
}

export function present(resource: ServedResource, object: Stored): Stored {
  return resource.convert ? resource.convert(object) : object;
}
