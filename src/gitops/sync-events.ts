import { findCondition } from '../model/conditions.js';
import type { InventoryEntry, SourceStatus } from '../model/source.js';

export interface SyncEvent {
  type: 'Normal' | 'Warning';
  reason: 'Synced' | 'DriftCorrected' | 'Pruned' | 'SyncFailed';
  message: string;
}

/** What a sync came to. */
export interface SyncedChanges {
  applied: readonly InventoryEntry[];
  pruned: readonly InventoryEntry[];
  /** Whether only somebody's change of an object was put back: the folder is as it was. */
  isDrift: boolean;
}

/** They pass by themselves: no failures. */
const passingReasons = new Set(['SourceChanging', 'HandingOver', 'Suspended']);
const mostNames = 5;

/**
 * What is told of a sync: what it changed, and how the source's Ready condition turned. `after`: undefined when the status stayed as it
 * was. A sync that changed nothing and found what the one before found tells nothing. Pure.
 */
export function planSyncEvents(
  changes: SyncedChanges,
  before: SourceStatus | undefined,
  after: SourceStatus | undefined,
): SyncEvent[] {
  const { applied, pruned, isDrift } = changes;
  const events: SyncEvent[] = [];
  if (applied.length > 0) {
    const reason = isDrift ? 'DriftCorrected' : 'Synced';
    events.push({ type: 'Normal', reason, message: `${isDrift ? 'put back' : 'applied'} ${nameSome(applied)}` });
  }
  if (pruned.length > 0) {
    events.push({
      type: 'Normal',
      reason: 'Pruned',
      message: `deleted ${nameSome(pruned)}: no file names it any more`,
    });
  }
  const [old, now] = [before, after].map((status) => findCondition(status?.conditions, 'Ready'));
  if (now === undefined) return events;
  const { reason = '', message = '' } = now;
  if (now.status === 'False' && !passingReasons.has(reason)) {
    if (old?.reason !== reason || old.message !== message) events.push(syncFailed(`${reason}: ${message}`));
  }
  const isRepaired = now.status === 'True' && old?.status === 'False' && !passingReasons.has(old.reason ?? '');
  if (isRepaired && events.length === 0) events.push({ type: 'Normal', reason: 'Synced', message });
  return events;
}

export function syncFailed(message: string): SyncEvent {
  return { type: 'Warning', reason: 'SyncFailed', message };
}

/** `task/web`, or `2 objects: task/web, task/api`. */
function nameSome(entries: readonly InventoryEntry[]): string {
  const names = entries.map(({ kind, name }) => `${kind.toLowerCase()}/${name}`);
  const more = names.length > mostNames ? ` and ${names.length - mostNames} more` : '';
  const objects = names.length === 1 ? '' : `${names.length} objects: `;
  return `${objects}${names.slice(0, mostNames).join(', ')}${more}`;
}
