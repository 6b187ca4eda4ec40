import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../../src/model/json.js';
import { specHash } from '../../../src/model/spec-hash.js';
import { canMove } from '../../../src/model/task-state.js';
import type { State } from '../../../src/model/task-state.js';
import type { StoredTask, TaskSpec } from '../../../src/model/task.js';
import type { ContainerDetails } from '../../../src/runtime/container-runtime.js';
import { toTimestamp } from '../../../src/support/clock.js';
import { isAlive } from '../../../src/worker/container-phase.js';
import { planConvergence } from '../../../src/worker/plan-convergence.js';
import type { Plan, Step } from '../../../src/worker/plan-convergence.js';
import type { TaskRecord } from '../../../src/worker/task-record.js';
import { initialRecord } from '../../../src/worker/task-record.js';
import { nextMove } from '../../../src/worker/task-status.js';
import { aStoredTask } from '../../support/cluster-builders.js';

const start = Date.UTC(2026, 0, 1);

/** One task's machine in a few lines: what the steps mean, and what hands and time do to it. */
class Model {
  now = start;
  containers: ContainerDetails[] = [];
  task: StoredTask | undefined;
  release: { confirmed: boolean } | undefined;
  record: TaskRecord;
  state: State = 'Scheduled';
  confirmed = false;
  readonly created: number[] = [];

  constructor(spec: Partial<TaskSpec>) {
    this.task = aStoredTask('web', spec, { state: 'Scheduled' });
    this.record = initialRecord(this.task);
  }

  get alive(): ContainerDetails[] {
    return this.containers.filter(isAlive);
  }

  plan(): Plan {
    const { task, release, containers, record, now } = this;
    return planConvergence({ task, ...(release ? { release } : {}), containers, record, now });
  }

  /** Plans and acts; `stopAfter` steps the worker dies, and comes back with what was remembered. */
  converge(stopAfter = Infinity): Plan {
    let steps = 0;
    for (let round = 0; round < 20; round++) {
      const plan = this.plan();
      this.record = plan.record;
      this.take(plan);
      if (plan.steps.length === 0) return plan;
      for (const step of plan.steps) {
        if (steps++ >= stopAfter) return plan;
        this.execute(step);
        if (step.type === 'confirmDeletion' || step.type === 'forget') return plan;
      }
    }
    throw new Error('does not converge');
  }

  private take({ report }: Plan): void {
    if (!report || !this.task) return;
    while (this.state !== report.state) {
      const next = nextMove(this.state, report.state);
      if (!next || !canMove(this.state, next)) throw new Error(`no way from ${this.state} to ${report.state}`);
      this.state = next;
    }
    this.task = { ...this.task, status: { ...this.task.status, state: this.state } };
  }

  execute(step: Step): void {
    switch (step.type) {
      case 'askTombstone':
        this.release = { confirmed: true };
        break;
      case 'createContainer':
        this.created.push(step.attempt);
        this.record = { ...this.record, attempt: step.attempt };
        this.containers.push({
          id: `id-${step.attempt}`,
          name: `name-${step.attempt}`,
          identity: {
            taskUid: 'uid-of-web',
            attempt: step.attempt,
            specHash: specHash((this.task as StoredTask).spec),
            taskKey: 'default/web',
          },
          phase: 'created',
          oomKilled: false,
          ports: [],
        });
        break;
      case 'startContainer':
        expect(this.alive).toEqual([]);
        this.change((c) => c.identity.attempt === step.attempt, { phase: 'running', startedAt: toTimestamp(this.now) });
        break;
      case 'stopContainer':
        this.record = {
          ...this.record,
          stopping: { attempt: step.attempt, because: step.because, message: step.message },
        };
        this.end(step.id, 143);
        break;
      case 'removeContainer':
        expect(this.alive.map(({ id }) => id)).not.toContain(step.id);
        this.containers = this.containers.filter(({ id }) => id !== step.id);
        break;
      case 'confirmDeletion':
        expect(this.containers).toEqual([]);
        this.confirmed = true;
        break;
      default:
    }
  }

  end(id: string, exitCode: number): void {
    this.change((c) => c.id === id && isAlive(c), { phase: 'exited', exitCode, finishedAt: toTimestamp(this.now) });
  }

  change(which: (container: ContainerDetails) => boolean, change: Partial<ContainerDetails>): void {
    this.containers = this.containers.map((container) => (which(container) ? { ...container, ...change } : container));
  }

  edit(spec: Partial<TaskSpec>): void {
    if (this.task) this.task = { ...this.task, spec: { ...this.task.spec, ...spec } };
  }
}

type Deed =
  | { do: 'exit'; code: number }
  | { do: 'removeByHand' | 'pause' | 'crash' | 'startByHand' }
  | { do: 'wait'; seconds: number }
  | { do: 'edit'; value: string }
  | { do: 'want'; desiredState: 'Running' | 'Completed' };

const deeds: fc.Arbitrary<Deed> = fc.oneof(
  fc.record({ do: fc.constant('exit' as const), code: fc.constantFrom(0, 1, 137) }),
  fc.record({
    do: fc.constantFrom('removeByHand' as const, 'pause' as const, 'crash' as const, 'startByHand' as const),
  }),
  fc.record({ do: fc.constant('wait' as const), seconds: fc.constantFrom(1, 30, 400, 700) }),
  fc.record({ do: fc.constant('edit' as const), value: fc.constantFrom('a', 'b') }),
  fc.record({
    do: fc.constant('want' as const),
    desiredState: fc.constantFrom('Running' as const, 'Completed' as const),
  }),
);

function happen(model: Model, deed: Deed): void {
  const [alive] = model.alive;
  if (deed.do === 'exit' && alive) model.end(alive.id, deed.code);
  if (deed.do === 'removeByHand') model.containers = [];
  if (deed.do === 'pause') model.change((c) => c.phase === 'running', { phase: 'paused' });
  if (deed.do === 'startByHand' && model.alive.length === 0) {
    const last = model.containers.at(-1)?.id;
    model.change((c) => c.id === last, { phase: 'running', startedAt: toTimestamp(model.now) });
  }
  if (deed.do === 'wait') model.now += deed.seconds * 1000;
  if (deed.do === 'edit') model.edit({ env: [{ name: 'A', value: deed.value }] });
  if (deed.do === 'want') model.edit({ desiredState: deed.desiredState });
}

const policies = fc.constantFrom('Always' as const, 'OnFailure' as const, 'Never' as const);
const stories = fc.record({
  restartPolicy: policies,
  deeds: fc.array(fc.tuple(deeds, fc.nat({ max: 4 })), { maxLength: 12 }),
});

/** Plays a story: after each deed the worker acts, and may die after some steps. */
function play({
  restartPolicy,
  deeds: story,
}: {
  restartPolicy: TaskSpec['restartPolicy'];
  deeds: [Deed, number][];
}): Model {
  const model = new Model({ restartPolicy });
  model.converge();
  for (const [deed, stepsLeft] of story) {
    if (deed.do === 'crash') model.converge(stepsLeft);
    else {
      happen(model, deed);
      model.converge();
    }
    expect(model.alive.length).toBeLessThanOrEqual(1);
  }
  return model;
}

describe('a container that was made just before its worker died', () => {
  const made: ContainerDetails = {
    id: 'c3',
    name: 'web-3',
    identity: { taskUid: 'uid-of-web', attempt: 3, specHash: 'of an older spec', taskKey: 'default/web' },
    phase: 'created',
    oomKilled: false,
    ports: [],
  };

  it.each(['Running', 'Completed'] as const)('is known to have been there once it is removed (%s)', (desiredState) => {
    const task = aStoredTask('web', { desiredState }, { state: 'Scheduled' });
    const record: TaskRecord = { ...initialRecord(task), attempt: 2 };
    const plan = planConvergence({ task, containers: [made], record, now: start });
    expect(plan.steps).toEqual([{ type: 'removeContainer', id: 'c3' }]);
    expect(plan.record.attempt).toBe(3);
  });
});

describe('a container that is newer than what the checkpoint remembers of its task', () => {
  const running = (attempt: number, hash: string): ContainerDetails => ({
    id: `c${attempt}`,
    name: `web-${attempt}`,
    identity: { taskUid: 'uid-of-web', attempt, specHash: hash, taskKey: 'default/web' },
    phase: 'running',
    oomKilled: false,
    ports: [],
  });
  const plan = (spec: Partial<TaskSpec>, container: ContainerDetails, isRemembered: boolean): Plan => {
    const task = aStoredTask('web', spec, { state: 'Running', attempt: 2 });
    return planConvergence({ task, isRemembered, containers: [container], record: initialRecord(task), now: start });
  };

  it.each<Partial<TaskSpec>>([{}, { desiredState: 'Completed' }])(
    'is not stopped for that (%j), and is told of only when the manager has said what is wanted',
    (spec) => {
      const { steps, report } = plan(spec, running(3, 'of a newer spec'), true);
      expect(steps).toEqual([]);
      expect(report).toBeUndefined();
      expect(plan(spec, running(3, 'of a newer spec'), false).steps).toMatchObject([
        { type: 'stopContainer', id: 'c3' },
      ]);
    },
  );

  it.each<Partial<TaskSpec>>([{}, { desiredState: 'Completed' }])(
    'unlike one that is remembered: there the other wish is the newer one (%j)',
    (spec) => {
      expect(plan(spec, running(2, 'of an older spec'), true).steps).toMatchObject([
        { type: 'stopContainer', id: 'c2' },
      ]);
    },
  );

  it('is taken over when it was made for the very spec that is remembered', () => {
    const hash = specHash(aStoredTask('web', {}, { state: 'Running' }).spec);
    const { steps, record, report } = plan({}, running(3, hash), true);
    expect(steps).toEqual([]);
    expect(record.attempt).toBe(3);
    expect(report?.state).toBe('Running');
  });

  it('and one that an older version made of the very same words stays, though hashes are counted otherwise now', () => {
    const aloud = { hostNetwork: false, ports: [{ containerPort: 80, protocol: 'TCP' as const }] };
    const { spec } = aStoredTask('web', aloud, {});
    const ofTheWords = createHash('sha256').update(canonicalJson(spec)).digest('hex').slice(0, 16);
    expect(plan(aloud, running(2, ofTheWords), true)).toMatchObject({ steps: [], record: { attempt: 2 } });
    expect(plan(aloud, running(2, specHash({ ...spec, hostNetwork: true })), true).steps).toHaveLength(1);
  });
});

describe('DK-21: a container of which the engine says only after its end that memory ran out', () => {
  const memoryRanOut = { oomKilled: true };

  it('changes what is told of a task that is over', () => {
    const model = new Model({ restartPolicy: 'Never' });
    model.converge();
    model.end('id-1', 137);
    expect(model.converge().report).toMatchObject({ state: 'Failed', reason: 'Error', oomKilled: false });
    model.change(() => true, memoryRanOut);
    const { steps, report } = model.converge();
    expect(steps).toEqual([]);
    expect(report).toMatchObject({ state: 'Failed', reason: 'OOMKilled', message: 'exit code 137, out of memory' });
    expect(report?.oomKilled).toBe(true);
  });

  it('changes what is told of the run before, while the next one runs, and counts no failure more', () => {
    const model = new Model({ restartPolicy: 'Always' });
    model.converge();
    model.end('id-1', 137);
    expect(model.converge().report).toMatchObject({ state: 'Running', attempt: 2, oomKilled: false });
    const { failures, restarts } = model.record;
    model.change(({ id }) => id === 'id-1', memoryRanOut);
    expect(model.converge().report).toMatchObject({ state: 'Running', attempt: 2, exitCode: 137, oomKilled: true });
    expect(model.record).toMatchObject({ failures, restarts });
  });

  it('changes nothing of what the user asked for', () => {
    const model = new Model({});
    model.converge();
    model.edit({ desiredState: 'Completed' });
    model.converge();
    model.change(() => true, memoryRanOut);
    expect(model.converge().report).toMatchObject({ state: 'Completed', reason: 'Stopped', oomKilled: true });
  });
});

describe('two containers of a task that live, since somebody started the older one by hand', () => {
  it('stops the older one before anything else', () => {
    const task = aStoredTask('web', {}, { state: 'Running' });
    const alive = (attempt: number): ContainerDetails => ({
      id: `c${attempt}`,
      name: `web-${attempt}`,
      identity: { taskUid: 'uid-of-web', attempt, specHash: specHash(task.spec), taskKey: 'default/web' },
      phase: 'running',
      oomKilled: false,
      ports: [],
    });
    const { steps } = planConvergence({
      task,
      containers: [alive(3), alive(4)],
      record: initialRecord(task),
      now: start,
    });
    expect(steps).toMatchObject([{ type: 'stopContainer', id: 'c3', because: 'Superseded' }]);
  });
});

describe('a task that ran on another worker meanwhile', () => {
  it('goes on from the attempt that was reported, not from what this worker remembers of it', () => {
    const task = aStoredTask('web', {}, { state: 'Scheduled', attempt: 5 });
    const record: TaskRecord = { attempt: 2, failures: 0, restarts: 0 };
    const plan = planConvergence({ task, containers: [], record, now: start });
    expect(plan.steps).toContainEqual({ type: 'createContainer', attempt: 6 });
  });
});

describe('planConvergence', () => {
  it('converges from every story: then there are no steps, and planning again changes nothing', () => {
    fc.assert(
      fc.property(stories, (story) => {
        const model = play(story);
        model.converge();
        const again = model.plan();
        expect(again.steps).toEqual([]);
        expect(again.record).toEqual(model.record);
      }),
      { numRuns: 400 },
    );
  });

  it('keeps the last container that ended, for its output, and no other dead one', () => {
    fc.assert(
      fc.property(stories, (story) => {
        const model = play(story);
        model.converge();
        expect(model.containers.filter((container) => !isAlive(container)).length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 400 },
    );
  });

  it('ND-02: gives every container an attempt of its own, each higher than the one before', () => {
    fc.assert(
      fc.property(stories, (story) => {
        const { created } = play(story);
        expect(created).toEqual([...new Set(created)].sort((a, b) => a - b));
      }),
      { numRuns: 400 },
    );
  });

  it('ends with one live container of the wanted spec under Always, whatever happened', () => {
    fc.assert(
      fc.property(stories, (story) => {
        const model = play({ ...story, restartPolicy: 'Always' });
        model.edit({ desiredState: 'Running' });
        // The manager schedules what was stopped, as `orch start` asks.
        if (model.task?.status?.state === 'Completed') {
          model.state = 'Scheduled';
          model.task = { ...model.task, status: { state: 'Scheduled' } };
        }
        for (let wait = 0; wait < 3; wait++) {
          model.converge();
          model.now += 400_000;
        }
        model.converge();
        expect(model.alive.map(({ identity }) => identity.specHash)).toEqual([
          specHash((model.task as StoredTask).spec),
        ]);
        expect(model.state).toBe('Running');
        expect(model.containers.length).toBeLessThanOrEqual(2);
      }),
      { numRuns: 300 },
    );
  });

  it('starts nothing and leaves nothing once the deletion was asked for', () => {
    fc.assert(
      fc.property(stories, fc.nat({ max: 5 }), (story, stepsLeft) => {
        const model = play(story);
        const task = model.task as StoredTask;
        model.task = { ...task, metadata: { ...task.metadata, deletionTimestamp: toTimestamp(model.now) } };
        const made = model.created.length;
        model.converge(stepsLeft);
        model.converge();
        expect([model.containers.length, model.confirmed, model.created.length]).toEqual([0, true, made]);
      }),
      { numRuns: 300 },
    );
  });

  it('asks before it stops or forgets what is not assigned any more', () => {
    fc.assert(
      fc.property(stories, (story) => {
        const model = play(story);
        model.task = undefined;
        const types = model.plan().steps.map(({ type }) => type);
        expect(types).toEqual(['askTombstone']);
        model.converge();
        expect(model.containers).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  it('never runs a task of policy Never twice for one spec, unless it is started again', () => {
    const quiet = fc.array(
      fc.tuple(
        deeds.filter(({ do: what }) => what !== 'edit' && what !== 'want'),
        fc.nat(4),
      ),
      {
        maxLength: 12,
      },
    );
    fc.assert(
      fc.property(quiet, (story) => {
        const model = play({ restartPolicy: 'Never', deeds: story });
        expect(model.created.length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 300 },
    );
  });
});
