import { sourceKind, type Source, type SourceStatus, type StoredSource } from '../model/source.js';
import type { Registry } from '../registry/registry.js';
import { toTimestamp, type Clock } from '../support/clock.js';
import { isOrchError } from '../support/errors.js';
import { nextStatus, type SyncOutcome } from './source-status.js';
import { planSyncEvents, type SyncedChanges, type SyncEvent } from './sync-events.js';

/** Tells what a sync came to: in the status of its source, and in events. A source that is gone has nobody to tell. */
export async function reportSync(
  registry: Registry,
  clock: Clock,
  source: StoredSource,
  outcome: SyncOutcome,
  changes: SyncedChanges,
): Promise<void> {
  const { name, uid } = source.metadata;
  let before: SourceStatus | undefined;
  let after: SourceStatus | undefined;
  try {
    await registry.mutate<Source>(
      sourceKind,
      { name },
      (current) => {
        if (current.metadata.uid !== uid) return undefined;
        before = current.status;
        after = nextStatus(before, outcome, toTimestamp(clock.now()));
        return after && { ...current, status: after };
      },
      { source: 'gitops' },
    );
  } catch (error) {
    // The source was deleted meanwhile: its objects stay.
    if (!isOrchError(error, 'NotFound')) throw error;
  }
  for (const event of planSyncEvents(changes, before, after)) await recordSyncEvent(registry, source, event);
}

export async function recordSyncEvent(
  registry: Registry,
  { apiVersion, kind, metadata }: StoredSource,
  event: SyncEvent,
): Promise<void> {
  const { name, uid } = metadata;
  await registry.recordTaskEvent({ regarding: { apiVersion, kind, name, uid }, ...event, source: 'gitops' });
}
