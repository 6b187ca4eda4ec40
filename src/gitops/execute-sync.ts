import type { ManifestDocument } from '../manifest/manifest-document.js';
import { locateField } from '../manifest/locate-field.js';
import type { ApiObject, ObjectKey } from '../model/api-object.js';
import type { Kind } from '../model/kind.js';
import type { InventoryEntry, SourceError } from '../model/source.js';
import type { Task } from '../model/task.js';
import type { Registry } from '../registry/registry.js';
import { errorMessage, isOrchError } from '../support/errors.js';
import { identityOf, keyOfEntry } from './identity.js';
import type { SyncPlan, SyncStep } from './plan-sync.js';

export interface SyncResult {
  inventory: InventoryEntry[];
  applyErrors: SourceError[];
  /** What it changed. */
  applied: InventoryEntry[];
  pruned: InventoryEntry[];
}

/**
 * Takes the steps of a plan. Deletes nothing once an apply failed or `signal` was aborted (a newer sync knows better).
 * Never rejects: what the registry refuses is among the errors, at its place in the file.
 */
export async function executeSync(
  registry: Registry,
  sourceName: string,
  plan: SyncPlan,
  inventory: readonly InventoryEntry[],
  signal: AbortSignal,
): Promise<SyncResult> {
  const kept = new Map(inventory.map((entry) => [identityOf(entry), entry]));
  const result: SyncResult = { inventory: [], applyErrors: [], applied: [], pruned: [] };
  for (const step of plan.steps) {
    if (signal.aborted) break;
    if (step.type === 'apply') await apply(step);
    else if (result.applyErrors.length === 0) await remove(step);
  }
  result.inventory = [...kept.values()].sort((a, b) => (identityOf(a) < identityOf(b) ? -1 : 1));
  return result;

  async function apply({ document, entry, from }: SyncStep & { type: 'apply' }): Promise<void> {
    try {
      if (from !== undefined) await takeOver(registry, document.kind, keyOfEntry(entry), { from, to: sourceName });
      const { object, changed } = await registry.apply(document.kind, keyOfEntry(entry), desiredObject(document), {
        fieldManager: fieldManagerOf(sourceName),
        force: true,
        source: fieldManagerOf(sourceName),
      });
      kept.set(identityOf(entry), { ...entry, uid: object.metadata.uid });
      if (changed) result.applied.push(entry);
    } catch (error) {
      result.applyErrors.push(...asSourceErrors(error, document));
    }
  }

  async function remove(step: SyncStep & { type: 'prune' | 'forget' }): Promise<void> {
    const identity = identityOf(step.entry);
    if (step.type === 'forget') {
      kept.delete(identity);
      return;
    }
    try {
      await registry.delete(step.kind, keyOfEntry(step.entry), { preconditions: { uid: step.entry.uid } });
      result.pruned.push(step.entry);
    } catch (error) {
      // Gone, or another object by now: either way not ours any more.
      if (!isOrchError(error, 'NotFound') && !isOrchError(error, 'Conflict')) {
        result.applyErrors.push({
          message: `${step.kind.singular} "${step.entry.name}" cannot be deleted: ${errorMessage(error)}`,
        });
        return;
      }
    }
    kept.delete(identity);
  }
}

/**
 * Makes the fields of one source those of another, before that one applies: what its manifest does not say then goes, as if it had always
 * been its own.
 */
async function takeOver(
  registry: Registry,
  kind: Kind,
  key: ObjectKey,
  { from, to }: { from: string; to: string },
): Promise<void> {
  const [former, next] = [fieldManagerOf(from), fieldManagerOf(to)];
  try {
    await registry.mutate(
      kind,
      key,
      (object) => {
        const { managedFields = [], ...metadata } = object.metadata;
        if (!managedFields.some(({ manager }) => manager === former)) return undefined;
        const others = managedFields.filter(({ manager }) => manager !== next);
        const renamed = others.map((entry) => (entry.manager === former ? { ...entry, manager: next } : entry));
        return { ...object, metadata: { ...metadata, managedFields: renamed } };
      },
      { source: next },
    );
  } catch (error) {
    // It is made again then.
    if (!isOrchError(error, 'NotFound')) throw error;
  }
}

/** Who owns the fields that a source applies. */
export function fieldManagerOf(sourceName: string): string {
  return `source:${sourceName}`;
}

/**
 * What the folder wants of an object. A task in a folder is to run unless its manifest says otherwise, so the source owns
 * that, too, and a stop by hand is drift like any other.
 */
function desiredObject({ kind, object }: ManifestDocument): ApiObject {
  if (kind.kind !== 'Task') return object;
  const task = object as Task;
  return { ...task, spec: { desiredState: 'Running', ...task.spec } } as ApiObject;
}

function asSourceErrors(error: unknown, document: ManifestDocument): SourceError[] {
  const { file } = document;
  const causes = isOrchError(error, 'Invalid') ? (error.details.causes ?? []) : [];
  if (causes.length === 0) return [{ file, ...document.locate('/metadata/name'), message: errorMessage(error) }];
  return causes.map(({ field, message }) => ({
    file,
    ...locateField(document, field ?? ''),
    ...(field !== undefined && { field }),
    message,
  }));
}
