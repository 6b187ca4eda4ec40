import type { StoredDeployment } from '../../model/deployment.js';
import {
  blueprintOf,
  nameOfTemplate,
  templateHash,
  templateHashLabel,
  type TaskBlueprint,
} from '../../model/pod-template.js';
import type { StoredTask } from '../../model/task.js';
import { boundsOf, type RolloutBounds } from './rollout-bounds.js';
import type { Replica, Replicas } from './replicas.js';

/**
 * In: a Deployment and the tasks that it has. Out: tasks to make and tasks to take away. Always holds: whichever of the steps
 * come about, and in whichever order, there are never more than maxTotal tasks because of them, and never fewer than
 * minAvailable available ones; no task of an older template is made, except while the Deployment is paused.
 */
export type RolloutStep =
  { type: 'create'; name: string; blueprint: TaskBlueprint } | { type: 'delete'; task: StoredTask };

/** So that one pass over one Deployment stays short: the next pass goes on. */
const maxStepsOfAPass = 200;

/** `takenNames`: of tasks that this Deployment does not own. No steps when all is as it should be. Pure. */
export function planRollout(
  deployment: StoredDeployment,
  replicas: Replicas,
  takenNames: ReadonlySet<string> = new Set(),
): RolloutStep[] {
  const bounds = boundsOf(deployment.spec);
  const { creates, deletes } = choosePlan(deployment)(deployment, replicas, bounds);
  const worst = deletes.slice(0, maxStepsOfAPass).map(({ task }): RolloutStep => ({ type: 'delete', task }));
  if (creates === undefined || creates.count <= 0) return worst;
  const known = [...replicas.updated, ...replicas.old].map(({ task }) => task);
  const used = new Set([...known, ...replicas.leaving, ...replicas.strays].map(({ metadata }) => metadata.name));
  const names = freeNames(
    deployment,
    creates.hash,
    Math.min(creates.count, maxStepsOfAPass),
    (name) => used.has(name) || takenNames.has(name),
  );
  return [
    ...names.map((name): RolloutStep => ({ type: 'create', name, blueprint: creates.blueprint(name) })),
    ...worst,
  ];
}

interface Plan {
  creates?: { count: number; hash: string; blueprint(name: string): TaskBlueprint };
  deletes: readonly Replica[];
}

type Planner = (deployment: StoredDeployment, replicas: Replicas, bounds: RolloutBounds) => Plan;

function choosePlan({ spec }: StoredDeployment): Planner {
  if (spec.paused) return planPaused;
  return spec.strategy?.type === 'Recreate' ? planRecreate : planRollingUpdate;
}

const planRollingUpdate: Planner = (deployment, { updated, old }, { desired, maxTotal, minAvailable }) => {
  const surplus = dispensable(
    worstFirst(updated),
    updated.length - desired,
    minAvailable - old.filter(isAvailable).length,
  );
  const staying = updated.filter((replica) => !surplus.includes(replica));
  const room = maxTotal - updated.length - old.length;
  const creates = ofPresentTemplate(deployment, Math.min(desired - updated.length, room));
  // Unavailable ones may come back, so even of them only so many go as available new ones make up for.
  const availableNew = staying.filter(isAvailable).length;
  const good = old.filter(isAvailable);
  const doubtful = old.filter((replica) => !replica.isAvailable && replica.mayBeAvailable);
  const broken = old.filter((replica) => !replica.isAvailable && !replica.mayBeAvailable);
  const spareBroken = Math.max(0, availableNew + old.length - minAvailable);
  const spareGood = availableNew + good.length - minAvailable;
  const deletes = [
    ...surplus,
    ...worstFirst(broken).slice(0, spareBroken),
    // Whether they are missed is not known: they go when enough others are known to be available.
    ...(spareGood >= 0 ? worstFirst(doubtful) : []),
    ...worstFirst(good).slice(0, Math.max(0, spareGood)),
  ];
  return { creates, deletes };
};

/** The old ones end first, all of them, to the last container. */
const planRecreate: Planner = (deployment, { updated, old, leaving }, { desired }) => {
  const surplus = worstFirst(updated).slice(0, Math.max(0, updated.length - desired));
  const hash = templateHash(deployment.spec.template);
  const oldOnesRun = old.length > 0 || leaving.some((task) => task.metadata.labels?.[templateHashLabel] !== hash);
  return {
    ...(oldOnesRun ? {} : { creates: ofPresentTemplate(deployment, desired - updated.length) }),
    deletes: [...surplus, ...old],
  };
};

/**
 * Only the number is kept: what is missing is made as those are that run, and where none runs, none is made. In the middle of a
 * rollout the surge stays, as in Kubernetes: which ones are too many is not known before it goes on.
 */
const planPaused: Planner = (deployment, { updated, old }, { desired, maxTotal, minAvailable }) => {
  const total = updated.length + old.length;
  const most = updated.length > 0 && old.length > 0 && desired > 0 ? maxTotal : desired;
  const all = [...worstFirst(old), ...worstFirst(updated)].sort((a, b) => worth(a) - worth(b));
  const surplus = dispensable(all, total - most, minAvailable);
  const model = worstFirst(old).at(-1)?.task;
  const missing = desired - total;
  if (updated.length > 0) return { creates: ofPresentTemplate(deployment, missing), deletes: surplus };
  return model === undefined ? { deletes: surplus } : { creates: like(model, missing), deletes: surplus };
};

/**
 * The first `count` of them that can be done without: `needed` that are known to be available stay, and those that may be stay
 * until that many are known, as nobody can say whether they are missed. `replicas`: in the order in which they may go.
 */
function dispensable(replicas: readonly Replica[], count: number, needed: number): Replica[] {
  if (count <= 0) return [];
  const good = replicas.filter(isAvailable);
  const spare = good.length - needed;
  const kept = new Set(good.slice(Math.max(0, spare)));
  return replicas.filter((replica) => !kept.has(replica) && (spare >= 0 || !replica.mayBeAvailable)).slice(0, count);
}

function ofPresentTemplate({ spec }: StoredDeployment, count: number): Plan['creates'] & object {
  return { count, hash: templateHash(spec.template), blueprint: (name) => blueprintOf(spec.template, name) };
}

function like({ metadata, spec }: StoredTask, count: number): Plan['creates'] & object {
  const { labels = {}, annotations = {} } = metadata;
  const { nodeName: _place, desiredState: _wish, ...rest } = spec;
  return { count, hash: labels[templateHashLabel] ?? 'copy', blueprint: () => ({ labels, annotations, spec: rest }) };
}

function isAvailable(replica: Replica): boolean {
  return replica.isAvailable;
}

/** Available, perhaps available, not available. */
function worth(replica: Replica): number {
  return replica.isAvailable ? 2 : Number(replica.mayBeAvailable ?? false);
}

/** In the order in which they may go: on no worker yet, not ready, not available, the youngest. */
function worstFirst(replicas: readonly Replica[]): Replica[] {
  const rank = (replica: Replica): number =>
    Number(Boolean(replica.task.spec.nodeName)) + Number(replica.isReady) + worth(replica);
  return [...replicas].sort((a, b) => {
    const [{ metadata: left }, { metadata: right }] = [a.task, b.task];
    return (
      rank(a) - rank(b) ||
      right.creationTimestamp.localeCompare(left.creationTimestamp) ||
      right.name.localeCompare(left.name, 'en', { numeric: true })
    );
  });
}

/**
 * Names that follow from what there is: whoever does not know yet that a task was made asks for the same name again, and is
 * told that it exists. So no stale view makes one too many.
 */
function freeNames(
  { metadata }: StoredDeployment,
  hash: string,
  count: number,
  isUsed: (name: string) => boolean,
): string[] {
  const prefix = nameOfTemplate(metadata.name, hash);
  const names: string[] = [];
  for (let number = 0; names.length < count; number += 1) {
    const name = `${prefix}-${number}`;
    if (!isUsed(name)) names.push(name);
  }
  return names;
}
