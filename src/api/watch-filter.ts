import type { Stored } from '../model/api-object.js';
import type { ObjectEvent } from '../registry/registry.js';

export type Matches = (object: Stored) => boolean;

/** One event as a watcher with a selector must see it. */
export interface VisibleEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  object: Stored;
  revision: number;
}

/**
 * An object that starts to match looks ADDED, one that stops looks DELETED (as it was when it matched, but with this
 * event's version, from which clients resume). Undefined when the watcher must not see anything. Pure.
 */
export function visibleEvent(event: ObjectEvent, matches: Matches): VisibleEvent | undefined {
  const { object, revision } = event;
  if (event.type === 'DELETED') return matches(object) ? { type: 'DELETED', object, revision } : undefined;
  const did = event.type === 'MODIFIED' && event.previous !== undefined && matches(event.previous);
  const does = matches(object);
  if (does) return { type: did ? 'MODIFIED' : 'ADDED', object, revision };
  if (!did || event.previous === undefined) return undefined;
  const metadata = { ...event.previous.metadata, resourceVersion: object.metadata.resourceVersion };
  return { type: 'DELETED', object: { ...event.previous, metadata }, revision };
}
