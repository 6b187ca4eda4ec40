import { setCondition } from '../model/conditions.js';
import { canonicalJson } from '../model/json.js';
import type { InventoryEntry, SourceError, SourceStatus } from '../model/source.js';
import { summary, type SyncPlan } from './plan-sync.js';

/** How many errors a status holds: it is read by people and stored with every change. */
const maxErrors = 20;

export interface SyncOutcome {
  plan: SyncPlan;
  /** What the registry refused, per object. */
  applyErrors: readonly SourceError[];
  inventory: readonly InventoryEntry[];
  contentHash: string;
  generation: number;
  suspended: boolean;
}

/**
 * The status after a sync, or undefined when it says nothing new: then nothing is written, and the time of the last
 * sync stays that of the last one that found something.
 */
export function nextStatus(old: SourceStatus | undefined, outcome: SyncOutcome, now: string): SourceStatus | undefined {
  const { plan, applyErrors, inventory, generation } = outcome;
  const errors = [...plan.errors, ...applyErrors].slice(0, maxErrors).map(({ message, ...place }) => ({
    ...place,
    message: message.slice(0, 1000),
  }));
  const { ready, stalled } = verdict(outcome);
  const observed = { observedGeneration: generation };
  const conditions = setCondition(
    setCondition(old?.conditions, { type: 'Ready', ...ready, ...observed }, now),
    { type: 'Stalled', ...stalled, ...observed },
    now,
  );
  const next: SourceStatus = {
    observedGeneration: generation,
    conditions,
    ...(outcome.contentHash !== '' && { contentHash: outcome.contentHash }),
    inventory: [...inventory],
    ...(errors.length > 0 && { errors }),
    ...(plan.pruneBlocked && { pruneBlocked: plan.pruneBlocked }),
  };
  const { lastSyncTime, ...before } = old ?? {};
  if (canonicalJson(before) === canonicalJson(next)) return undefined;
  return { ...next, lastSyncTime: outcome.suspended && lastSyncTime !== undefined ? lastSyncTime : now };
}

interface Verdict {
  status: 'True' | 'False' | 'Unknown';
  reason: string;
  message: string;
}

/** Ready: the cluster is as the folder says. Stalled: somebody has to do something before it can be. */
function verdict({ plan, applyErrors, inventory, suspended }: SyncOutcome): { ready: Verdict; stalled: Verdict } {
  if (suspended) {
    const reason = 'Suspended';
    const message = 'spec.suspend is true: the folder is not followed';
    return { ready: { status: 'Unknown', reason, message }, stalled: { status: 'False', reason, message } };
  }
  const hold =
    plan.hold ??
    (applyErrors.length > 0 ? { reason: 'ApplyFailed' as const, message: summary(applyErrors) } : undefined);
  if (hold) {
    // A folder in motion comes to rest by itself, and another source takes over what was moved to it.
    const stalled = hold.reason === 'SourceChanging' || hold.reason === 'HandingOver' ? 'False' : 'True';
    return { ready: { status: 'False', ...hold }, stalled: { status: stalled, ...hold } };
  }
  const message =
    inventory.length === 1 ? '1 object is as the folder says' : `${inventory.length} objects are as the folder says`;
  return {
    ready: { status: 'True', reason: 'Synced', message },
    stalled: { status: 'False', reason: 'Synced', message: '' },
  };
}
