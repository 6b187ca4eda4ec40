import { templateHashLabel } from '../../../src/model/pod-template.js';
import type { StoredTask } from '../../../src/model/task.js';
import type { Checker, World } from './checker.js';
import { DeploymentHistory, ownerOf, type Moment } from './deployment-history.js';
import { isTaskEvent, taskOf } from './task-history.js';

/**
 * A Deployment's tasks are made and taken away within its bounds: never one beyond maxSurge, none of an older template beyond what its
 * record says, and none is taken away that leaves fewer available ones than there are to be. What the controller looked at may be a
 * few seconds old when its decision is on the disk: so a step is right if it was right at some moment since.
 */
export function rollouts(world: World): Checker {
  const history = new DeploymentHistory(world.seconds);
  /** When tasks were taken away, and from whom. */
  const taken = new Map<string, { atSeconds: number; owner: string }>();

  function checkMade(task: StoredTask, owner: string, moments: readonly Moment[]): void {
    const own = history.ownedBy(owner);
    const count = own.length;
    const [{ name }, most] = [task.metadata, Math.max(...moments.map(({ bounds }) => bounds.maxTotal))];
    if (count > most) world.violated('a rollout keeps to maxSurge', `${name} is task ${count} of at most ${most}`);
    const hash = task.metadata.labels?.[templateHashLabel];
    const ofIt = own.filter(({ metadata }) => metadata.labels?.[templateHashLabel] === hash).length;
    const isWanted = moments.some((moment) => moment.hash === hash || ofIt <= (moment.sizes.get(hash ?? '') ?? 0));
    if (!isWanted) world.violated('no task of an older template is made that its record does not ask for', name);
  }

  function checkTaken(task: StoredTask, owner: string, moments: readonly Moment[]): void {
    const { name, uid } = task.metadata;
    taken.set(uid, { atSeconds: world.seconds(), owner });
    // Its going costs nothing.
    if (!moments.at(-1)?.available.has(uid)) return;
    const wasRight = moments.some(({ atSeconds, available, bounds }) => {
      const since = [...available].filter((other) => (taken.get(other)?.atSeconds ?? -1) >= atSeconds);
      return available.size - since.length >= bounds.minAvailable;
    });
    const least = moments.at(-1)?.bounds.minAvailable ?? 0;
    if (!wasRight) world.violated('a rollout keeps to maxUnavailable', `without ${name} fewer than ${least} are left`);
  }

  return {
    onTransaction(events) {
      history.remember();
      const before = new Map(history.tasks);
      const moments = new Map([...history.deployments.keys()].map((uid) => [uid, history.recent(uid)]));
      history.take(events);
      for (const event of events) {
        if (!isTaskEvent(event)) continue;
        const task = taskOf(event.value);
        const owner = ownerOf(task);
        const known = before.get(task.metadata.uid);
        const seen = owner === undefined ? undefined : moments.get(owner);
        // Of a Deployment that is gone all tasks go.
        if (owner === undefined || seen === undefined || !history.deployments.has(owner)) continue;
        const isLeaving = event.type === 'delete' || task.metadata.deletionTimestamp !== undefined;
        if (known === undefined && !isLeaving) checkMade(task, owner, seen);
        if (known !== undefined && known.metadata.deletionTimestamp === undefined && isLeaving) {
          checkTaken(known, owner, seen);
        }
      }
    },
    onTick: () => history.remember(),
  };
}
