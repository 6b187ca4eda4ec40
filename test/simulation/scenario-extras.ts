import type { JsonObject } from '../../src/model/json.js';
import type { CrashPoint } from './lifeline.js';
import type { Action, TimedAction } from './scenario.js';
import type { SeededRandom } from './seeded-random.js';
import type { FolderFault } from './simulated-folder.js';
import { makeSpec, userAction } from './user-actions.js';

/** Parts that only some scenarios have, each with randomness of its own: to add one changes no other part of a seed. */

/** Users stop everything, and start everything again: many changes in one instant. */
export function addBurst(
  random: SeededRandom,
  tasks: readonly string[],
  faultsEndSeconds: number,
  add: (atSeconds: number, action: Action) => void,
): void {
  if (random.chance(0.6)) return;
  const stopAt = 20 + random.next() * (faultsEndSeconds - 30);
  const startAt = Math.min(faultsEndSeconds - 1, stopAt + random.pick([0.05, 2, 40]));
  for (const task of tasks) {
    add(stopAt, { do: 'edit', task, spec: { desiredState: 'Completed' } });
    add(startAt, { do: 'edit', task, spec: { desiredState: 'Running' } });
  }
}

/** A worker starts again while the manager's lists are empty: it must not take that for an order. */
export function addEmptyLists(
  random: SeededRandom,
  workers: readonly string[],
  faultsEndSeconds: number,
  add: (atSeconds: number, action: Action) => void,
): void {
  if (random.chance(0.75)) return;
  const worker = random.pick(workers);
  const at = 20 + random.next() * (faultsEndSeconds - 30);
  add(at, { do: 'emptyLists', worker, seconds: 8 });
  add(at + 0.5, { do: 'crashWorker', worker, seconds: 0.2 });
}

/** Up to four tasks in two files of a folder; what people do to it and to its tasks, and what goes wrong with it. */
export function addFolder(
  random: SeededRandom,
  faultsEndSeconds: number,
  add: (atSeconds: number, action: Action) => void,
): boolean {
  if (random.chance(0.65)) return false;
  const names = ['g1', 'g2', 'g3', 'g4'];
  const faults: readonly FolderFault[] = ['missing', 'unreadable', 'empty', 'unreadableFile', 'brokenFile'];
  const at = (): number => 5 + random.next() * (faultsEndSeconds - 10);
  // Never a file without a task: that is one in error, as a file that was cut off is.
  const someOf = (two: readonly string[]): readonly string[] =>
    random.pick([two, two, two.slice(0, 1), two.slice(1)] as const);
  const write = (file: string, first: number): Action => ({
    do: 'writeFile',
    file,
    tasks: someOf(names.slice(first, first + 2)).map((name) => ({ name, spec: makeSpec(random) })),
    pauseSeconds: random.pick([0, 0.2, 0.2, 2]),
    cut: random.chance(0.5) ? 0 : random.next(),
  });
  add(0.1, { ...write('a.yaml', 0), pauseSeconds: 0 } as Action);
  add(0.2, { ...write('b.yaml', 2), pauseSeconds: 0 } as Action);
  add(0.5, { do: 'followFolder', intervalSeconds: random.pick([10, 60]) });
  for (let count = random.between(2, 12); count > 0; count--) {
    const action: Action = random.chance(0.2)
      ? { do: 'removeFile', file: random.pick(['a.yaml', 'b.yaml']) }
      : random.chance(0.2)
        ? { do: 'revertFolder', steps: random.between(1, 3) }
        : random.chance(0.5)
          ? write('a.yaml', 0)
          : write('b.yaml', 2);
    // Half a file that rests at the end of a document is a file: nobody can tell.
    const isTooSlow = action.do === 'writeFile' && action.cut === 0 && action.pauseSeconds > 1;
    add(at(), isTooSlow ? { ...action, pauseSeconds: 0.2 } : action);
  }
  for (let count = random.between(1, 5); count > 0; count--) {
    add(at(), { do: 'failFolder', fault: random.pick(faults), seconds: random.pick([0.3, 5, 60]) });
  }
  for (let count = random.between(0, 4); count > 0; count--) add(at(), userAction(random, names));
  return true;
}

/** Wall clocks that are set, checkpoints that are lost or put back, probes that fail for a while. */
export function addMachineFaults(
  random: SeededRandom,
  workers: readonly string[],
  faultsEndSeconds: number,
  add: (atSeconds: number, action: Action) => void,
): void {
  const at = (): number => 10 + random.next() * (faultsEndSeconds - 10);
  if (random.chance(0.3)) {
    for (let count = random.between(1, 3); count > 0; count--) {
      const seconds = random.pick([30, 3_600, 86_400]) * random.pick([-1, 1]);
      add(at(), { do: 'jumpClock', who: random.chance(0.4) ? 'manager' : random.pick(workers), seconds });
    }
  }
  if (random.chance(0.25)) {
    const age = random.chance(0.5) ? 0 : random.next();
    add(at(), { do: 'loseCheckpoint', worker: random.pick(workers), seconds: random.pick([0.2, 3, 60]), age });
  }
  if (random.chance(0.3)) {
    add(at(), { do: 'failProbes', worker: random.pick(workers), seconds: random.pick([3, 15, 60]) });
  }
}

/**
 * Whichever worker makes a new task's container dies before it could note that; its next life removes the container, as the task was
 * edited meanwhile, and dies as it does: what it noted of the attempt is on its disk by then or it is lost with the last trace.
 */
export function addTornRemoval(
  random: SeededRandom,
  workers: readonly string[],
  faultsEndSeconds: number,
  add: (atSeconds: number, action: Action) => void,
): void {
  if (random.chance(0.85)) return;
  const at = 15 + random.next() * (faultsEndSeconds - 30);
  const task = 'torn';
  const again: CrashPoint = { effects: 1, moment: random.pick(['during', 'during', 'after']), of: 'removeContainer' };
  for (const worker of workers) {
    add(at, {
      do: 'crashWorker',
      worker,
      seconds: random.pick([1, 3]),
      at: { effects: 1, moment: 'after', of: 'createContainer' },
      again,
    });
  }
  const [image, command] = ['busybox', ['sh', '-c', 'sleep infinity']];
  const env = [{ name: 'VERSION', value: '1' }];
  add(at + 0.01, { do: 'apply', task, spec: { image, command, env, terminationGracePeriodSeconds: 1 } });
  add(at + 0.9, { do: 'edit', task, spec: { env: [{ name: 'VERSION', value: '4' }] } });
}

/** Some tasks ask for memory and disk, some services are probed. */
export function addSizesAndProbes(random: SeededRandom, actions: readonly TimedAction[]): void {
  const [hasSizes, hasProbes] = [random.chance(0.4), random.chance(0.4)];
  for (const action of actions) {
    if (action.do !== 'apply') continue;
    const { spec } = action;
    if (hasSizes && random.chance(0.5)) {
      const sizes = { memory: random.pick(['1Gi', '3Gi', '5Gi']), disk: random.pick(['10Gi', '40Gi', '70Gi']) };
      spec['resources'] = { ...(spec['resources'] as JsonObject | undefined), ...sizes };
    }
    if (hasProbes && spec['restartPolicy'] === 'Always' && random.chance(0.6)) {
      const periodSeconds = random.pick([2, 10]);
      const failureThreshold = random.between(1, 3);
      spec['livenessProbe'] = { exec: { command: ['true'] }, periodSeconds, failureThreshold };
    }
  }
}
