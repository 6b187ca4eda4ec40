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

/**
 * As visibleEvent, for a view whose objects may take another identity while the stored one stays the same: the old one
 * looks DELETED, the new one ADDED, both with this event's version. Pure.
 */
export function visibleEvents(
  event: ObjectEvent,
  matches: Matches,
  uidOf: (object: Stored) => string = ({ metadata }) => metadata.uid,
): VisibleEvent[] {
  const { type, object, previous, revision } = event;
  const isReplaced = type === 'MODIFIED' && previous !== undefined && uidOf(previous) !== uidOf(object);
  if (!isReplaced) {
    const visible = visibleEvent(event, matches);
    return visible ? [visible] : [];
  }
  const metadata = { ...previous.metadata, resourceVersion: object.metadata.resourceVersion };
  return [
    ...(matches(previous) ? [{ type: 'DELETED' as const, object: { ...previous, metadata }, revision }] : []),
    ...(matches(object) ? [{ type: 'ADDED' as const, object, revision }] : []),
  ];
}
