import type { StoredDeployment } from '../../model/deployment.js';
import { nameOfTemplate, templateHashLabel } from '../../model/pod-template.js';
import type { StoredReplicaSet } from '../../model/replica-set.js';
import type { RolloutStep } from './plan-rollout.js';
import type { Replicas } from './replicas.js';

/** That there are to be more or fewer tasks of a template, in Kubernetes' words. */
export interface ScalingEvent {
  reason: 'ScalingReplicaSet';
  message: string;
}

/** By the hash of a template: how many tasks of it there are to be, as was told last. */
export type ToldSizes = ReadonlyMap<string, number>;

/** What can be taken as told when nobody remembers: what the records say, and no fewer than there are. Pure. */
export function presentSizes(records: readonly StoredReplicaSet[], replicas: Replicas): ToldSizes {
  const sizes = countTasks(replicas);
  for (const { metadata, spec } of records) {
    const hash = hashOf(metadata);
    sizes.set(hash, Math.max(sizes.get(hash) ?? 0, spec.replicas ?? 0));
  }
  return sizes;
}

/**
 * What steps that came about say of the sizes of templates. `replicas`: as they were before the steps. A task that is made in the
 * place of one that went missing is no news, nor is the loss itself. Growth is told before what it makes room for. Pure.
 */
export function planScalingEvents(
  { metadata }: StoredDeployment,
  replicas: Replicas,
  steps: readonly RolloutStep[],
  told: ToldSizes,
): { events: ScalingEvent[]; told: ToldSizes } {
  const changes = new Map<string, { created: number; deleted: number }>();
  for (const step of steps) {
    const hash = hashOf(step.type === 'create' ? step.blueprint : step.task.metadata);
    const { created, deleted } = changes.get(hash) ?? { created: 0, deleted: 0 };
    const isCreate = step.type === 'create';
    changes.set(hash, { created: created + Number(isCreate), deleted: deleted + Number(!isCreate) });
  }
  const before = countTasks(replicas);
  const next = new Map(told);
  const [grown, shrunk]: [ScalingEvent[], ScalingEvent[]] = [[], []];
  for (const [hash, { created, deleted }] of changes) {
    const from = told.get(hash) ?? 0;
    const to = (before.get(hash) ?? 0) + created - deleted;
    const isNews = to > from ? created > 0 : to < from && deleted > 0;
    if (!isNews) continue;
    next.set(hash, to);
    const direction = to > from ? 'up' : 'down';
    const message = `Scaled ${direction} replica set ${nameOfTemplate(metadata.name, hash)} from ${from} to ${to}`;
    (to > from ? grown : shrunk).push({ reason: 'ScalingReplicaSet', message });
  }
  return { events: [...grown, ...shrunk], told: next };
}

function countTasks({ updated, old }: Replicas): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { task } of [...updated, ...old]) {
    const hash = hashOf(task.metadata);
    counts.set(hash, (counts.get(hash) ?? 0) + 1);
  }
  return counts;
}

function hashOf({ labels }: { labels?: Readonly<Record<string, string>> }): string {
  return labels?.[templateHashLabel] ?? '';
}
