import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boundsOf } from '../../../../src/controllers/deployments/rollout-bounds.js';
import { planRollout } from '../../../../src/controllers/deployments/plan-rollout.js';
import type { Replica } from '../../../../src/controllers/deployments/replicas.js';
import type { DeploymentSpec } from '../../../../src/model/deployment.js';
import { templateHash, templateHashLabel } from '../../../../src/model/pod-template.js';
import { aStoredTask } from '../../../support/cluster-builders.js';
import { aDeployment, PlayedTasks } from './deployment-fixture.js';

describe('boundsOf', () => {
  it.each([
    ['the defaults of Kubernetes: a surge up, unavailable ones down', {}, 10, { maxTotal: 13, minAvailable: 8 }],
    ['of one replica', {}, 1, { maxTotal: 2, minAvailable: 1 }],
    ['numbers', { maxSurge: 2, maxUnavailable: 1 }, 4, { maxTotal: 6, minAvailable: 3 }],
    ['never both to nothing', { maxSurge: 0, maxUnavailable: '10%' }, 4, { maxTotal: 4, minAvailable: 3 }],
    ['more unavailable than there are', { maxUnavailable: 9 }, 2, { maxTotal: 3, minAvailable: 0 }],
    ['nothing', {}, 0, { maxTotal: 0, minAvailable: 0 }],
  ])('%s', (_, rollingUpdate, replicas, expected) => {
    const { spec } = aDeployment({ replicas, strategy: { rollingUpdate } });
    expect(boundsOf(spec)).toEqual({ desired: replicas, ...expected });
  });
});

describe('planRollout', () => {
  it('makes as many tasks as are wanted, each once, of the template and its labels', () => {
    const played = new PlayedTasks();
    const deployment = aDeployment();
    const hash = templateHash(deployment.spec.template);
    expect(played.plan(deployment)).toMatchObject([
      { type: 'create', name: `web-${hash}-0`, blueprint: { labels: { app: 'web', [templateHashLabel]: hash } } },
      { type: 'create', name: `web-${hash}-1` },
      { type: 'create', name: `web-${hash}-2`, blueprint: { spec: { image: 'busybox:1' } } },
    ]);
    played.settle(deployment);
    expect(played.plan(deployment)).toEqual([]);
  });

  it('gives a name that is taken to nobody', () => {
    const deployment = aDeployment({ replicas: 1 });
    const hash = templateHash(deployment.spec.template);
    const taken = new Set([`web-${hash}-0`, `web-${hash}-1`]);
    const { steps } = planRollout(deployment, new PlayedTasks().sorted(deployment), [], taken);
    expect(steps).toMatchObject([{ name: `web-${hash}-2` }]);
  });

  it('takes those first that do not work', () => {
    const played = new PlayedTasks();
    played.settle(aDeployment());
    const broken = played.tasks[0]?.metadata.name;
    played.setReady(false, ({ metadata }) => metadata.name === broken);
    expect(played.plan(aDeployment({ replicas: 2 }))).toMatchObject([
      { type: 'delete', task: { metadata: { name: broken } } },
    ]);
  });

  it('replaces with a surge of one before it takes anything away', () => {
    const played = new PlayedTasks();
    played.settle(aDeployment());
    const next = aDeployment({ image: '2', strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } });
    expect(played.plan(next).map(({ type }) => type)).toEqual(['create']);
    for (const step of played.plan(next)) played.do(step);
    expect(played.plan(next)).toEqual([]);
    played.setReady(true);
    expect(played.plan(next).map(({ type }) => type)).toEqual(['delete']);
    played.settle(next);
    expect(played.images()).toEqual(['busybox:2', 'busybox:2', 'busybox:2']);
  });

  it('CT-05: leaves the old ones in place when the new ones never start, within what may be unavailable', () => {
    const played = new PlayedTasks();
    played.settle(aDeployment());
    const broken = aDeployment({ image: 'nope', strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } } });
    played.settle(broken, ({ spec }) => spec.image !== 'busybox:nope');
    expect(played.images()).toEqual(['busybox:1', 'busybox:1', 'busybox:nope', 'busybox:nope']);
    played.settle(aDeployment());
    expect(played.images()).toEqual(['busybox:1', 'busybox:1', 'busybox:1']);
  });

  it('keeps old tasks that are not ready just now for as long as no new one is: they may come back', () => {
    const played = new PlayedTasks();
    played.settle(aDeployment());
    played.setReady(false);
    const next = aDeployment({ image: '2', strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } });
    played.settle(next, () => false);
    expect(played.images()).toEqual(['busybox:1', 'busybox:1', 'busybox:1', 'busybox:2']);
  });

  it('ends all old tasks, to the last container, before a new one is made with Recreate', () => {
    const played = new PlayedTasks();
    played.settle(aDeployment());
    const next = aDeployment({ image: '2', strategy: { type: 'Recreate' } });
    const steps = played.plan(next);
    expect(steps.map(({ type }) => type)).toEqual(['delete', 'delete', 'delete']);
    for (const step of steps) played.do(step);
    expect(played.plan(next)).toEqual([]);
    played.leave();
    expect(played.plan(next).map(({ type }) => type)).toEqual(['create', 'create', 'create']);
  });

  it('keeps the number and the template that runs while it is paused', () => {
    const played = new PlayedTasks();
    played.settle(aDeployment());
    played.settle(aDeployment({ image: '2', paused: true, replicas: 5 }));
    expect(played.images()).toEqual(Array.from({ length: 5 }, () => 'busybox:1'));
    expect(played.hashes().size).toBe(1);
    expect(new PlayedTasks().plan(aDeployment({ paused: true }))).toEqual([]);
    played.settle(aDeployment({ image: '2', replicas: 2 }));
    expect(played.images()).toEqual(['busybox:2', 'busybox:2']);
  });

  it('keeps the surge while it is paused in the middle of a rollout', () => {
    const played = new PlayedTasks();
    played.settle(aDeployment());
    const rolling = { image: '2', strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } };
    for (const step of played.plan(aDeployment(rolling))) played.do(step);
    expect(played.images()).toEqual(['busybox:1', 'busybox:1', 'busybox:1', 'busybox:2']);
    expect(played.plan(aDeployment({ ...rolling, paused: true }))).toEqual([]);
    expect(played.plan(aDeployment({ ...rolling, paused: true, replicas: 2 }))).toHaveLength(1);
  });

  it('makes tasks of the template that was brought out last where none runs while it is paused', () => {
    const played = new PlayedTasks();
    played.settle(aDeployment());
    const asleep = { image: '2', paused: true, revisionHistoryLimit: 0 };
    played.settle(aDeployment({ ...asleep, replicas: 0 }));
    expect(played.images()).toEqual([]);
    played.settle(aDeployment({ ...asleep, replicas: 2 }));
    expect(played.images()).toEqual(['busybox:1', 'busybox:1']);
    expect(played.hashes()).toEqual(new Set([templateHash(aDeployment().spec.template)]));
  });

  it('makes them without what somebody wrote on single tasks by hand', () => {
    const played = new PlayedTasks();
    played.settle(aDeployment({ replicas: 1 }));
    played.tasks = played.tasks.map((task) => ({
      ...task,
      metadata: { ...task.metadata, labels: { ...task.metadata.labels, byHand: 'yes' } },
    }));
    played.settle(aDeployment({ replicas: 3, image: '2', paused: true }));
    expect(played.tasks.filter(({ metadata }) => metadata.labels?.['byHand']).length).toBe(1);
    expect(played.images()).toEqual(['busybox:1', 'busybox:1', 'busybox:1']);
  });

  it('ends the older ones while it is paused once the new ones are complete, as Kubernetes does', () => {
    const played = new PlayedTasks();
    played.settle(aDeployment({ replicas: 4 }));
    const next = { image: '2', replicas: 4, strategy: { rollingUpdate: { maxSurge: 4, maxUnavailable: 0 } } };
    for (const step of played.plan(aDeployment(next))) played.do(step);
    played.settle(aDeployment({ ...next, paused: true }));
    expect(played.images()).toEqual(['busybox:2', 'busybox:2', 'busybox:2', 'busybox:2']);
  });

  describe('scaled while the new template does not start', () => {
    const rolling = { strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } };
    const stuck = (replicas: number): PlayedTasks => {
      const played = new PlayedTasks();
      played.settle(aDeployment({ replicas, ...rolling }));
      settleStuck(played, { replicas });
      return played;
    };
    const settleStuck = (played: PlayedTasks, spec: Partial<DeploymentSpec>): void => {
      const deployment = aDeployment({ image: 'nope', ...rolling, ...spec });
      played.settle(deployment, ({ spec: { image } }) => image !== 'busybox:nope');
    };
    const count = (played: PlayedTasks): string => {
      const images = played.images();
      return `${images.filter((image) => image === 'busybox:1').length} + ${images.filter((image) => image === 'busybox:nope').length}`;
    };

    it.each([
      ['up', 4, [8], '7 + 2'],
      ['far up', 4, [40], '33 + 8'],
      ['down', 8, [2], '2 + 1'],
      ['up and down', 4, [8, 2], '2 + 1'],
      ['to nothing', 4, [0], '0 + 0'],
    ])('%s: each template keeps its share', (_, from, sizes, expected) => {
      const played = stuck(from);
      for (const replicas of sizes) settleStuck(played, { replicas });
      expect(count(played)).toBe(expected);
      played.settle(aDeployment({ image: '3', ...rolling, replicas: sizes.at(-1) ?? 0 }));
      expect(new Set(played.images()).size).toBe(sizes.at(-1) === 0 ? 0 : 1);
    });

    it('goes on to the sizes that were chosen when it was interrupted in the middle', () => {
      const played = stuck(4);
      const [first] = played.plan(aDeployment({ image: 'nope', ...rolling, replicas: 8 }));
      if (first) played.do(first);
      settleStuck(played, { replicas: 8 });
      expect(count(played)).toBe('7 + 2');
    });

    it('makes an old one again that somebody deleted, as long as it is needed', () => {
      const played = stuck(4);
      played.tasks = played.tasks.filter(({ spec }, at) => spec.image !== 'busybox:1' || at > 0);
      expect(count(played)).toBe('3 + 1');
      settleStuck(played, { replicas: 4 });
      expect(count(played)).toBe('4 + 1');
    });
  });

  it('takes none away that may be available, before enough are known to be', () => {
    const played = new PlayedTasks();
    played.settle(aDeployment());
    const deployment = aDeployment({
      image: '2',
      minReadySeconds: 30,
      strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
    });
    const deletions = (): string[] =>
      played.plan(deployment).flatMap((step) => (step.type === 'delete' ? [step.task.metadata.name] : []));
    // A manager that has just started has seen them ready for no time yet.
    played.readyFor = () => ({ milliseconds: 1_000, isAtLeast: true });
    expect(deletions()).toEqual([]);
    const [broken] = played.tasks;
    played.setReady(false, (task) => task === broken);
    expect(deletions()).toEqual([broken?.metadata.name]);
    played.setReady(true);
    played.readyFor = () => ({ milliseconds: 30_000, isAtLeast: true });
    expect(deletions()).toHaveLength(1);
  });

  it('keeps the surplus of a smaller or paused Deployment as well, while it is not known which are available', () => {
    const smaller = new PlayedTasks();
    smaller.settle(aDeployment({ replicas: 5 }));
    smaller.readyFor = () => ({ milliseconds: 1_000, isAtLeast: true });
    expect(smaller.plan(aDeployment({ replicas: 2, minReadySeconds: 30 }))).toEqual([]);
    expect(smaller.plan(aDeployment({ replicas: 2, minReadySeconds: 30, paused: true }))).toEqual([]);
    expect(smaller.plan(aDeployment({ replicas: 0, minReadySeconds: 30 }))).toHaveLength(5);
    smaller.readyFor = () => ({ milliseconds: 30_000, isAtLeast: true });
    expect(smaller.plan(aDeployment({ replicas: 2, minReadySeconds: 30 }))).toHaveLength(3);
    expect(smaller.plan(aDeployment({ replicas: 2, minReadySeconds: 30, paused: true }))).toHaveLength(3);
  });

  it('bounds one pass, and the next ones go on', () => {
    const played = new PlayedTasks();
    const deployment = aDeployment({ replicas: 1000 });
    expect(played.plan(deployment).length).toBe(200);
    played.settle(deployment);
    expect(played.tasks.length).toBe(1000);
  });
});

const share = fc.oneof(
  fc.integer({ min: 0, max: 4 }),
  fc.integer({ min: 0, max: 100 }).map((percent) => `${percent}%`),
);
const edit: fc.Arbitrary<Partial<DeploymentSpec> & { image?: string }> = fc.oneof(
  fc.record({ replicas: fc.integer({ min: 0, max: 7 }) }),
  fc.record({ image: fc.constantFrom('1', '2', '3', 'nope') }),
  fc.record({ paused: fc.boolean() }),
  fc.record({ strategy: fc.record({ rollingUpdate: fc.record({ maxSurge: share, maxUnavailable: share }) }) }),
  fc.constantFrom({ strategy: { type: 'Recreate' as const } }),
);
type Action =
  | { type: 'edit'; edit: Partial<DeploymentSpec> & { image?: string } }
  /** Some of the steps of a plan, in an order of their own: as when the manager dies in the middle. */
  | { type: 'work'; order: number[] }
  | { type: 'start' | 'leave' }
  | { type: 'break'; which: number };
const action: fc.Arbitrary<Action> = fc.oneof(
  edit.map((change): Action => ({ type: 'edit', edit: change })),
  fc.array(fc.nat(20), { maxLength: 12, size: 'max' }).map((order): Action => ({ type: 'work', order })),
  fc.constantFrom<Action>({ type: 'start' }, { type: 'leave' }),
  fc.nat(9).map((which): Action => ({ type: 'break', which })),
);

describe('a Deployment that is edited again and again', () => {
  it('CT-04: keeps its bounds with every single step, makes no old task that is not asked for, and ends as it was asked last', () => {
    const run = (script: readonly Action[]): void => {
      const played = new PlayedTasks();
      let wanted: Partial<DeploymentSpec> & { image?: string } = {};
      for (const next of script) {
        const deployment = aDeployment(wanted);
        if (next.type === 'edit') wanted = { ...wanted, ...next.edit };
        if (next.type === 'start') played.setReady(true, ({ spec }) => spec.image !== 'busybox:nope');
        if (next.type === 'leave') played.leave();
        if (next.type === 'break') played.setReady(false, (task) => task === played.tasks[next.which]);
        if (next.type !== 'work') continue;
        const steps = played.plan(deployment);
        for (const at of new Set(next.order.filter((index) => index < steps.length))) {
          const step = steps[at];
          if (step) checkStep(played, deployment, step);
        }
      }
      const last = aDeployment({ ...wanted, paused: false });
      played.leave();
      played.settle(last);
      const { replicas = 3, template } = last.spec;
      expect(played.tasks.length).toBe(replicas);
      expect([...played.hashes()]).toEqual(replicas === 0 ? [] : [templateHash(template)]);
    };
    fc.assert(fc.property(fc.array(action, { minLength: 10, maxLength: 60, size: 'max' }), run), { numRuns: 500 });
  });
});

describe('whatever of the tasks that may be available is', () => {
  const sort = fc.constantFrom('unplaced', 'unready', 'young', 'doubtful', 'available');
  const some = fc.array(sort, { maxLength: 6 });
  let made = 0;
  const replica = (is: string): Replica => ({
    task: aStoredTask(`t${(made += 1)}`, is === 'unplaced' ? {} : { nodeName: 'n1' }),
    isReady: !is.startsWith('un'),
    isAvailable: is === 'available',
    ...(is === 'doubtful' ? { mayBeAvailable: true } : {}),
  });

  it('enough are left that are known to be, wherever one is taken away that may be', () => {
    const run = (
      kinds: string[],
      oldKinds: string[],
      edits: (Partial<DeploymentSpec> & { image?: string })[],
    ): void => {
      const [updated, old] = [kinds.map(replica), oldKinds.map(replica)];
      const deployment = aDeployment(Object.assign({}, ...edits));
      const taken = new Set(
        planRollout(deployment, { hash: '', updated, old, leaving: [], strays: [] }).steps.map((step) =>
          step.type === 'delete' ? step.task : undefined,
        ),
      );
      const all = [...updated, ...old];
      const isMissed = all.some((one) => taken.has(one.task) && (one.isAvailable || one.mayBeAvailable));
      const left = all.filter((one) => one.isAvailable && !taken.has(one.task)).length;
      if (isMissed) expect(left).toBeGreaterThanOrEqual(boundsOf(deployment.spec).minAvailable);
    };
    fc.assert(fc.property(some, some, fc.array(edit, { maxLength: 4 }), run), { numRuns: 2000 });
  });
});

function checkStep(
  played: PlayedTasks,
  deployment: ReturnType<typeof aDeployment>,
  step: ReturnType<PlayedTasks['plan']>[number],
): void {
  const { maxTotal, minAvailable } = boundsOf(deployment.spec);
  const available = (): number => {
    const { updated, old } = played.sorted(deployment);
    return [...updated, ...old].filter(({ isAvailable }) => isAvailable).length;
  };
  const before = available();
  played.do(step);
  if (step.type === 'create') {
    const { updated, old } = played.sorted(deployment);
    expect(updated.length + old.length).toBeLessThanOrEqual(maxTotal);
    const hash = step.blueprint.labels[templateHashLabel];
    const isOld = hash !== templateHash(deployment.spec.template);
    const ofIt = played.tasks.filter(({ metadata: { labels, deletionTimestamp } }) => {
      return labels?.[templateHashLabel] === hash && deletionTimestamp === undefined;
    });
    const record = played.history.records.find(({ metadata }) => metadata.labels?.[templateHashLabel] === hash);
    if (isOld) expect(ofIt.length).toBeLessThanOrEqual(record?.spec.replicas ?? 0);
  } else if (available() < before) {
    expect(available()).toBeGreaterThanOrEqual(minAvailable);
  }
}
