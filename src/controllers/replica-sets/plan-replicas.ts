import { setCondition } from '../../model/conditions.js';
import type { LabelSelector } from '../../model/label-selector.js';
import { compileLabelSelector } from '../../model/label-selector.js';
import { bareBlueprintOf, replicaName } from '../../model/pod-template.js';
import type { StoredTask } from '../../model/task.js';
import type { ReadyTime } from '../deployments/ready-times.js';
import type { ReplicaStep } from '../deployments/replica-writer.js';
import { toReplica, worstFirst, type Replica } from '../deployments/replicas.js';
import { own } from '../../support/own.js';
import type { ReplicaOwner, ReplicaStatus } from './replica-owner.js';

/** The tasks of a ReplicaSet, by what they are to it. */
export interface OwnedReplicas {
  active: Replica[];
  /** On their way out: they count nowhere else. */
  leaving: StoredTask[];
  /** Its own by reference, but their labels are not what it selects any more. */
  strays: StoredTask[];
}

/** So that one pass stays short: the next pass goes on. */
const maxStepsOfAPass = 200;

/** `lostNodes`: whose tasks nobody knows anything of; `readyFor`: for how long a ready task has been that. Pure. */
export function sortOwned(
  { spec: { minReadySeconds = 0 } }: ReplicaOwner,
  selector: LabelSelector,
  tasks: readonly StoredTask[],
  lostNodes: ReadonlySet<string>,
  readyFor: (task: StoredTask) => ReadyTime,
): OwnedReplicas {
  const selects = compileLabelSelector(selector);
  const sorted: OwnedReplicas = { active: [], leaving: [], strays: [] };
  for (const task of tasks) {
    const { deletionTimestamp, labels } = task.metadata;
    if (deletionTimestamp !== undefined) sorted.leaving.push(task);
    else if (!selects(labels)) sorted.strays.push(task);
    else {
      const isKnown = !lostNodes.has(task.spec.nodeName ?? '');
      sorted.active.push(toReplica(task, isKnown, minReadySeconds * 1000, readyFor));
    }
  }
  return sorted;
}

/** `takenNames`: of tasks that it does not own. No steps when there are as many as there are to be. Pure. */
export function planReplicas(
  { metadata, spec }: ReplicaOwner,
  { active, leaving, strays }: OwnedReplicas,
  takenNames: ReadonlySet<string> = new Set(),
): ReplicaStep[] {
  const missing = (spec.replicas ?? 1) - active.length;
  if (missing < 0) {
    return worstFirst(active)
      .slice(0, Math.min(-missing, maxStepsOfAPass))
      .map(({ task }) => ({ type: 'delete', task }));
  }
  const used = new Set([...active.map(({ task }) => task), ...leaving, ...strays].map((task) => task.metadata.name));
  const steps: ReplicaStep[] = [];
  // Names follow from what there is: whoever does not know yet that a task was made asks for the same name again.
  for (let number = 0; steps.length < Math.min(missing, maxStepsOfAPass); number += 1) {
    const name = replicaName(metadata.name, metadata.uid, number);
    if (used.has(name) || takenNames.has(name)) continue;
    steps.push({ type: 'create', name, blueprint: bareBlueprintOf(spec.template, name) });
  }
  return steps;
}

/** What its status is to say. `refusal`: why tasks could not be made just now. What others say in conditions stays. Pure. */
export function replicaStatus(
  { metadata, spec, status: old }: ReplicaOwner,
  { active }: OwnedReplicas,
  at: string,
  refusal?: string,
): ReplicaStatus {
  const labels = Object.entries(spec.template.metadata?.labels ?? {});
  const isFullyLabeled = ({ task }: Replica): boolean =>
    labels.every(([name, value]) => own(task.metadata.labels ?? {}, name) === value);
  const others = (old?.conditions ?? []).filter(({ type }) => type !== 'ReplicaFailure');
  const failure = { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: refusal ?? '' } as const;
  const kept = (old?.conditions ?? []).filter(({ type }) => type === 'ReplicaFailure');
  const conditions = [...(refusal === undefined ? [] : setCondition(kept, failure, at)), ...others];
  return {
    replicas: active.length,
    ...positive({
      fullyLabeledReplicas: active.filter(isFullyLabeled).length,
      readyReplicas: active.filter(({ isReady }) => isReady).length,
      availableReplicas: active.filter(({ isAvailable }) => isAvailable).length,
    }),
    observedGeneration: metadata.generation,
    ...(conditions.length === 0 ? {} : { conditions }),
  };
}

/** As Kubernetes leaves zeros out. */
function positive<T extends Record<string, number>>(counts: T): Partial<T> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0)) as Partial<T>;
}
