import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  hashInRecords,
  planRevisions,
  type RevisionStep,
} from '../../../../src/controllers/deployments/plan-revisions.js';
import { revisionAnnotation, type DeploymentSpec, type StoredDeployment } from '../../../../src/model/deployment.js';
import { templateHash, templateHashLabel } from '../../../../src/model/pod-template.js';
import { revisionOf, type StoredReplicaSet } from '../../../../src/model/replica-set.js';
import type { StoredTask } from '../../../../src/model/task.js';
import { aDeployment, PlayedTasks } from './deployment-fixture.js';

type Wanted = Partial<DeploymentSpec> & { image?: string };

/** The history of one Deployment, to which the planner's steps are done, as the registry would do them. */
class PlayedHistory {
  readonly played = new PlayedTasks();
  readonly written = this.played.history;

  get records(): StoredReplicaSet[] {
    return this.written.records;
  }

  deployment(wanted: Wanted): StoredDeployment {
    const deployment = aDeployment(wanted);
    return { ...deployment, metadata: { ...deployment.metadata, annotations: this.written.annotations } };
  }

  plan(wanted: Wanted): RevisionStep[] {
    const deployment = this.deployment(wanted);
    return planRevisions(deployment, this.records, this.played.sorted(deployment));
  }

  hashOf(wanted: Wanted): string {
    return hashInRecords(this.deployment(wanted), this.records);
  }

  /** As if another version of orch, which counts hashes otherwise, had done all this. */
  asOfAnotherVersion(): void {
    const relabelled = JSON.parse(
      JSON.stringify([this.records, this.played.tasks]).replaceAll(this.hashOf({}), 'oldhash'),
    ) as [StoredReplicaSet[], StoredTask[]];
    [this.written.records, this.played.tasks] = relabelled;
  }

  /** Steps until nothing is left to do. Returns how many there were. */
  settle(wanted: Wanted): number {
    let count = 0;
    for (let steps = this.plan(wanted); steps.length > 0; steps = this.plan(wanted)) {
      for (const step of steps) this.written.do(step);
      count += steps.length;
      if (count > 100) throw new Error('the history does not come to rest');
    }
    return count;
  }

  /** Brings a template out, to the last task. */
  rollOut(wanted: Wanted): void {
    this.settle(wanted);
    this.played.settle(this.deployment(wanted));
    this.settle(wanted);
  }

  numbers(): string[] {
    const sorted = [...this.records].sort((a, b) => (revisionOf(a) ?? 0) - (revisionOf(b) ?? 0));
    return sorted.map((record) => `${revisionOf(record)} ${record.spec.template.spec.containers[0]?.image}`);
  }
}

describe('planRevisions', () => {
  const aloud = { restartPolicy: 'Always' as const, schedulerName: 'default-scheduler' as const };

  it('a new version of orch that counts hashes otherwise brings nothing out by itself', () => {
    const history = new PlayedHistory();
    history.rollOut({});
    history.asOfAnotherVersion();
    expect(history.plan({})).toEqual([]);
    expect(history.played.plan(history.deployment({}))).toEqual([]);
    const { template } = aDeployment().spec;
    const saidAloud = { template: { ...template, spec: { ...template.spec, ...aloud } } };
    expect(history.played.plan(history.deployment(saidAloud))).toEqual([]);
    // What is missing is made as the others are known.
    history.played.tasks.pop();
    expect(history.played.plan(history.deployment({}))).toMatchObject([
      { type: 'create', name: 'web-oldhash-2', blueprint: { labels: { [templateHashLabel]: 'oldhash' } } },
    ]);
    expect(history.hashOf({ image: 'busybox:2' })).not.toBe('oldhash');
  });

  it('records the template as kubectl looks for it, and numbers the Deployment', () => {
    const history = new PlayedHistory();
    history.written.annotations = { team: 'shop', 'kubectl.kubernetes.io/last-applied-configuration': '{}' };
    const { template } = aDeployment().spec;
    const hash = templateHash(template);
    const labels = { app: 'web', [templateHashLabel]: hash };
    expect(history.plan({})).toMatchObject([
      {
        type: 'create',
        record: {
          apiVersion: 'apps/v1',
          kind: 'ReplicaSet',
          metadata: {
            name: `web-${hash}`,
            namespace: 'default',
            labels,
            annotations: { team: 'shop', [revisionAnnotation]: '1' },
            ownerReferences: [{ kind: 'Deployment', name: 'web', uid: 'u-web', controller: true }],
          },
          spec: {
            replicas: 0,
            selector: { matchLabels: labels },
            template: { metadata: { labels }, spec: template.spec },
          },
        },
      },
      { type: 'number', revision: 1 },
    ]);
    history.rollOut({});
    expect(history.plan({})).toEqual([]);
    expect(history.records).toMatchObject([
      { spec: { replicas: 3 }, status: { replicas: 3, readyReplicas: 3, availableReplicas: 3 } },
    ]);
    expect(history.records[0]?.metadata.annotations).toEqual({
      team: 'shop',
      [revisionAnnotation]: '1',
      'deployment.kubernetes.io/desired-replicas': '3',
      'deployment.kubernetes.io/max-replicas': '4',
    });
  });

  it('gives a template that comes back the next number, and no other record', () => {
    const history = new PlayedHistory();
    for (const image of ['1', '2', '3', '1']) history.rollOut({ image });
    expect(history.numbers()).toEqual(['2 busybox:2', '3 busybox:3', '4 busybox:1']);
    expect(history.written.annotations[revisionAnnotation]).toBe('4');
    history.rollOut({ image: '1', replicas: 5, minReadySeconds: 0 });
    expect(history.numbers()).toEqual(['2 busybox:2', '3 busybox:3', '4 busybox:1']);
  });

  it('counts the tasks of each template while one replaces the other', () => {
    const history = new PlayedHistory();
    history.rollOut({});
    const broken = { image: 'nope', strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } } };
    history.settle(broken);
    history.played.settle(history.deployment(broken), ({ spec }) => spec.image !== 'busybox:nope');
    history.settle(broken);
    expect(history.records).toMatchObject([
      { spec: { replicas: 2 }, status: { replicas: 2, readyReplicas: 2 } },
      { spec: { replicas: 2 }, status: { replicas: 2 } },
    ]);
    expect(history.records[1]?.status).not.toHaveProperty('readyReplicas');
  });

  it('keeps words about a change with its template', () => {
    const history = new PlayedHistory();
    const cause = 'kubernetes.io/change-cause';
    history.written.annotations = { [cause]: 'first' };
    history.rollOut({});
    history.written.annotations = { ...history.written.annotations, [cause]: 'second' };
    history.rollOut({ image: '2' });
    expect(history.records.map(({ metadata }) => metadata.annotations?.[cause])).toEqual(['first', 'second']);
  });

  it('removes the oldest beyond the limit once all is brought out, none before, and none with tasks', () => {
    const history = new PlayedHistory();
    for (const image of ['1', '2', '3', '4']) history.rollOut({ image, revisionHistoryLimit: 2 });
    expect(history.numbers()).toEqual(['2 busybox:2', '3 busybox:3', '4 busybox:4']);
    const wanted = { image: '5', revisionHistoryLimit: 0, strategy: { type: 'Recreate' as const } };
    history.settle(wanted);
    for (const step of history.played.plan(history.deployment(wanted))) history.played.do(step);
    history.played.leave();
    history.settle(wanted);
    expect(history.numbers().length).toBe(4);
    history.rollOut(wanted);
    expect(history.numbers()).toEqual(['5 busybox:5']);
  });

  it('is bounded also when no rollout ever comes to its end', () => {
    const history = new PlayedHistory();
    history.rollOut({ image: 'good', revisionHistoryLimit: 1 });
    for (let image = 0; image < 40; image += 1) history.settle({ image: String(image), revisionHistoryLimit: 1 });
    expect(history.numbers().length).toBe(12);
    expect(history.numbers()[0]).toBe('1 busybox:good');
  });

  it('records nothing new while the Deployment is paused, but makes a record again of what it makes tasks of', () => {
    const history = new PlayedHistory();
    expect(history.plan({ paused: true })).toEqual([]);
    history.rollOut({ image: '1' });
    history.rollOut({ image: '2' });
    expect(history.plan({ image: '3', paused: true })).toEqual([]);
    expect(history.plan({ image: '1', paused: true })).toEqual([]);
    history.written.records = [];
    history.settle({ image: '2', paused: true });
    expect(history.numbers()).toEqual(['1 busybox:2']);
  });

  it('makes the record of the present template again when somebody deletes it, not while it is on its way out', () => {
    const history = new PlayedHistory();
    history.rollOut({ image: '1' });
    history.rollOut({ image: '2' });
    const [first, second] = history.records;
    if (!first || !second) throw new Error('there are two');
    const leaving = { ...second, metadata: { ...second.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };
    history.written.records = [first, leaving];
    expect(history.plan({ image: '2' })).toEqual([]);
    history.written.records = [first];
    history.settle({ image: '2' });
    expect(history.numbers()).toEqual(['1 busybox:1', '2 busybox:2']);
  });

  it('takes over records that another Deployment left', () => {
    const history = new PlayedHistory();
    for (const image of ['1', '2']) history.rollOut({ image });
    history.written.records = history.records.map((record) => {
      const { ownerReferences: _gone, ...metadata } = record.metadata;
      return { ...record, metadata };
    });
    history.written.annotations = {};
    history.settle({ image: '2' });
    expect(history.numbers()).toEqual(['1 busybox:1', '2 busybox:2']);
    expect(history.records.map(({ metadata }) => metadata.ownerReferences?.[0]?.uid)).toEqual(['u-web', 'u-web']);
    expect(history.written.annotations[revisionAnnotation]).toBe('2');
  });

  it('keeps a record equal to the template where that changed in nothing that counts', () => {
    const history = new PlayedHistory();
    history.rollOut({});
    const { template } = aDeployment().spec;
    const containers = template.spec.containers.map((container) => ({ ...container, resources: {} }));
    const same = { template: { ...template, spec: { ...template.spec, containers } } };
    history.settle(same);
    expect(history.numbers()).toEqual(['1 busybox:1']);
    expect(history.records[0]?.spec.template.spec).toEqual({ ...template.spec, containers });
  });

  it('CT-01: comes to the same history whichever of its steps a dying manager still took', () => {
    const script = fc.array(
      fc.record({
        image: fc.constantFrom('1', '2', '3', '4', '5'),
        paused: fc.boolean(),
        revisionHistoryLimit: fc.constantFrom(0, 1, 2),
        /** How many steps are taken before it dies, each time. */
        lives: fc.array(fc.nat(2), { maxLength: 4 }),
      }),
      { minLength: 1, maxLength: 12 },
    );
    const run = (edits: { image: string; paused: boolean; revisionHistoryLimit: number; lives: number[] }[]): void => {
      const [steady, dying] = [new PlayedHistory(), new PlayedHistory()];
      for (const { lives, ...wanted } of edits) {
        for (const taken of lives) for (const step of dying.plan(wanted).slice(0, taken)) dying.written.do(step);
        for (const history of [steady, dying]) history.rollOut(wanted);
        expect(dying.numbers()).toEqual(steady.numbers());
        expect(dying.written.annotations).toEqual(steady.written.annotations);
        expect(dying.numbers().length).toBeLessThanOrEqual(1 + 10);
      }
    };
    fc.assert(fc.property(script, run), { numRuns: 100 });
  });
});
