import type { StoredDeployment } from '../../model/deployment.js';
import { blueprintOf, nameOfTemplate, templateHashLabel, type TaskBlueprint } from '../../model/pod-template.js';
import type { StoredReplicaSet } from '../../model/replica-set.js';
import type { StoredTask } from '../../model/task.js';
import { boundsOf, type RolloutBounds } from './rollout-bounds.js';
import { worstFirst, worth, type Replica, type Replicas } from './replicas.js';
import { isBeingScaled, proportionalSizes, templateGroups, type TemplateGroup } from './template-sizes.js';

/**
 * In: a Deployment, the tasks that it has and the records of its templates. Out: tasks to make and tasks to take away. Always holds:
 * whichever of the steps come about, and in whichever order, there are never more than maxTotal tasks because of them, and never
 * fewer than minAvailable available ones; of an older template no more are made than its record says there are to be.
 */
export type RolloutStep =
  | { type: 'create'; name: string; blueprint: TaskBlueprint; isOfOlderTemplate: boolean }
  | { type: 'delete'; task: StoredTask };

export interface RolloutPlan {
  steps: RolloutStep[];
  /**
   * By the hash of a template, how many of it there are to be. To be written into the records before the steps are taken: what is taken
   * away would be made again.
   */
  sizes: ReadonlyMap<string, number>;
}

/** So that one pass over one Deployment stays short: the next pass goes on. */
const maxStepsOfAPass = 200;

/** `takenNames`: of tasks that this Deployment does not own. No steps when all is as it should be. Pure. */
export function planRollout(
  deployment: StoredDeployment,
  replicas: Replicas,
  records: readonly StoredReplicaSet[] = [],
  takenNames: ReadonlySet<string> = new Set(),
): RolloutPlan {
  const bounds = boundsOf(deployment.spec);
  const groups = templateGroups(deployment, replicas, records);
  const { creates, deletes, sizes } = choosePlan(deployment, groups, bounds)({ replicas, groups, bounds });
  const known = [...replicas.updated, ...replicas.old].map(({ task }) => task);
  const used = new Set([...known, ...replicas.leaving, ...replicas.strays].map(({ metadata }) => metadata.name));
  let room = maxStepsOfAPass;
  const made = creates.flatMap(({ group, count }): RolloutStep[] => {
    const { hash, template, isPresent } = group;
    if (template === undefined) return [];
    const names = freeNames(
      deployment,
      hash,
      Math.min(Math.max(0, count), room),
      (name) => used.has(name) || takenNames.has(name),
    );
    room -= names.length;
    return names.map((name) => {
      const { labels, ...blueprint } = blueprintOf(template, name);
      const ofTemplate = { ...blueprint, labels: { ...labels, [templateHashLabel]: hash } };
      return { type: 'create', name, blueprint: ofTemplate, isOfOlderTemplate: !isPresent };
    });
  });
  return {
    steps: [...made, ...deletes.slice(0, maxStepsOfAPass).map(({ task }): RolloutStep => ({ type: 'delete', task }))],
    sizes,
  };
}

interface Situation {
  replicas: Replicas;
  groups: [TemplateGroup, ...TemplateGroup[]];
  bounds: RolloutBounds;
}

interface Plan {
  creates: readonly { group: TemplateGroup; count: number }[];
  deletes: readonly Replica[];
  sizes: ReadonlyMap<string, number>;
}

type Planner = (situation: Situation) => Plan;

function choosePlan({ spec }: StoredDeployment, groups: readonly TemplateGroup[], bounds: RolloutBounds): Planner {
  const isMixed = groups.filter(({ size }) => size > 0).length > 1;
  if (spec.paused) return isMixed ? planProportional : planPaused;
  if (spec.strategy?.type === 'Recreate') return planRecreate;
  return isMixed && isBeingScaled(groups, bounds) ? planProportional : planRollingUpdate;
}

const planRollingUpdate: Planner = ({ replicas: { updated, old }, groups, bounds }) => {
  const { desired, maxTotal, minAvailable } = bounds;
  const [present, ...older] = groups;
  const surplus = dispensable(
    worstFirst(updated),
    updated.length - desired,
    minAvailable - old.filter(isAvailable).length,
  );
  const staying = updated.filter((replica) => !surplus.includes(replica));
  // Unavailable ones may come back, so even of them only so many go as available new ones make up for.
  const availableNew = staying.filter(isAvailable).length;
  const good = old.filter(isAvailable);
  const doubtful = old.filter((replica) => !replica.isAvailable && replica.mayBeAvailable);
  const broken = old.filter((replica) => !replica.isAvailable && !replica.mayBeAvailable);
  // Older ones that somebody took away are the first to be given up, and made again where that may not be yet.
  const missing = sumOf(older, missingOf);
  const spareBroken = Math.max(0, availableNew + old.length + missing - minAvailable);
  const givenUp = Math.min(missing, spareBroken);
  const spareGood = availableNew + good.length - minAvailable;
  const deletes = [
    ...surplus,
    ...worstFirst(broken).slice(0, spareBroken - givenUp),
    // Whether they are missed is not known: they go when enough others are known to be available.
    ...(spareGood >= 0 ? worstFirst(doubtful) : []),
    ...worstFirst(good).slice(0, Math.max(0, spareGood)),
  ];
  const left = [...staying, ...old].filter((replica) => !deletes.includes(replica));
  const excess = dispensable(byWorth(left), left.length - maxTotal, minAvailable);
  const total = updated.length + old.length;
  const again = share(older, missingOf, Math.min(missing - givenUp, Math.max(0, maxTotal - total)));
  const room = maxTotal - total - (missing - givenUp);
  return {
    creates: [{ group: present, count: Math.min(desired - updated.length, room) }, ...again],
    deletes: [...deletes, ...excess],
    sizes: sizesAfter(older, [...deletes, ...excess], share(older.toReversed(), missingOf, givenUp)),
  };
};

/** The old ones end first, all of them, to the last container. */
const planRecreate: Planner = ({ replicas: { updated, old, leaving }, groups, bounds: { desired } }) => {
  const [present, ...older] = groups;
  const surplus = worstFirst(updated).slice(0, Math.max(0, updated.length - desired));
  const oldOnesRun =
    old.length > 0 || leaving.some((task) => task.metadata.labels?.[templateHashLabel] !== present.hash);
  return {
    creates: oldOnesRun ? [] : [{ group: present, count: desired - updated.length }],
    deletes: [...surplus, ...old],
    sizes: new Map(older.map(({ hash }) => [hash, 0])),
  };
};

/**
 * Only the number is kept: of the template that has tasks, and where none has, of the one that was brought out last. Never of one that
 * was not.
 */
const planPaused: Planner = ({ groups, bounds: { desired, minAvailable } }) => {
  const chosen = groups.find(({ size }) => size > 0) ?? groups.find(({ revision }) => revision > 0);
  if (chosen === undefined) return { creates: [], deletes: [], sizes: new Map() };
  const { replicas, hash } = chosen;
  return {
    creates: [{ group: chosen, count: desired - replicas.length }],
    deletes: dispensable(worstFirst(replicas), replicas.length - desired, minAvailable),
    sizes: new Map([[hash, desired]]),
  };
};

/**
 * In the middle of a rollout that rests (it is paused, or was scaled): each template keeps its share of the tasks, so that one
 * which does not work gets no larger part of them. Paused, a new template that is complete ends the older ones.
 */
const planProportional: Planner = ({ replicas: { updated, old }, groups, bounds }) => {
  const [present, ...older] = groups;
  const { desired, maxTotal, minAvailable } = bounds;
  const isComplete = desired > 0 && updated.filter(isAvailable).length >= desired;
  const sizes = isComplete
    ? new Map([[present.hash, desired], ...older.map(({ hash }): [string, number] => [hash, 0])])
    : proportionalSizes(groups, bounds);
  const sizeOf = ({ hash, size }: TemplateGroup): number => sizes.get(hash) ?? size;
  const wanted = groups.flatMap((group) =>
    worstFirst(group.replicas).slice(0, Math.max(0, group.replicas.length - sizeOf(group))),
  );
  const others = [...updated, ...old].filter((replica) => !wanted.includes(replica));
  const needed = minAvailable - others.filter(isAvailable).length;
  const room = Math.max(0, maxTotal - updated.length - old.length);
  return {
    creates: share(groups, (group) => sizeOf(group) - group.replicas.length, room),
    deletes: dispensable(byWorth(wanted), wanted.length, needed),
    sizes,
  };
};

function missingOf({ size, replicas, template }: TemplateGroup): number {
  return template === undefined ? 0 : size - replicas.length;
}

function sumOf(groups: readonly TemplateGroup[], amountOf: (group: TemplateGroup) => number): number {
  return groups.reduce((sum, group) => sum + Math.max(0, amountOf(group)), 0);
}

/** At most `most` in all, to the first ones first. */
function share(
  groups: readonly TemplateGroup[],
  amountOf: (group: TemplateGroup) => number,
  most: number,
): { group: TemplateGroup; count: number }[] {
  let left = most;
  return groups.map((group) => {
    const count = Math.min(left, Math.max(0, amountOf(group)));
    left -= count;
    return { group, count };
  });
}

function sizesAfter(
  older: readonly TemplateGroup[],
  deletes: readonly Replica[],
  givenUp: readonly { group: TemplateGroup; count: number }[],
): Map<string, number> {
  const gone = new Set(deletes);
  return new Map(
    older.map((group) => {
      const leaving = group.replicas.filter((replica) => gone.has(replica)).length;
      const waived = givenUp.find((some) => some.group === group)?.count ?? 0;
      return [group.hash, group.size - leaving - waived];
    }),
  );
}

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

function isAvailable(replica: Replica): boolean {
  return replica.isAvailable;
}

function byWorth(replicas: readonly Replica[]): Replica[] {
  return worstFirst(replicas).sort((a, b) => worth(a) - worth(b));
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
