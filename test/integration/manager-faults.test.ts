import { afterEach, describe, expect, it } from 'vitest';
import { Manager } from '../../src/controllers/manager.js';
import { nodeKind, type StoredNode } from '../../src/model/node.js';
import type { ApiObject } from '../../src/model/api-object.js';
import type { Registry } from '../../src/registry/registry.js';
import { OrchError } from '../../src/support/errors.js';
import { silentLogger } from '../../src/support/logger.js';
import { createSystemRandom } from '../../src/support/random.js';
import { type Cluster, startCluster } from './manager-harness.js';

let cluster: Cluster;
afterEach(() => cluster.close());

/** The cluster's registry with some of its methods replaced; a manager over it takes the place of the harness's own. */
async function startOver(replace: (real: Registry) => Partial<Registry>): Promise<void> {
  await cluster.stopManager();
  const { registry: real, clock } = cluster;
  const methods = replace(real);
  const registry = new Proxy(real, {
    get: (target, name) => {
      const replaced = methods[name as keyof Registry];
      if (replaced !== undefined) return replaced;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  const manager = new Manager({ registry, clock, random: createSystemRandom(), logger: silentLogger });
  await cluster.use(manager);
}

describe('the manager under faults', () => {
  it('CT-03: comes to the same end when no event ever arrives: a resync is enough', async () => {
    cluster = await startCluster();
    await startOver(() => ({ watch: () => ({ close: () => undefined }) }));
    await cluster.join('n1');
    await cluster.run('t');
    await cluster.pass(130);
    expect((await cluster.task('t')).spec.nodeName).toBe('n1');
    await cluster.remove('t', { gracePeriodSeconds: 0 });
    await cluster.pass(130);
    expect(cluster.manager.taskWorkerMap.size).toBe(0);
    expect((await cluster.node('n1')).status?.taskCount).toBe(0);
  });

  it('lists again when the history it wants to follow is gone', async () => {
    cluster = await startCluster();
    let refused = 0;
    await startOver((real) => ({
      watch: <T extends ApiObject>(...[kind, options, onEvents]: Parameters<typeof real.watch<T>>) => {
        if (refused++ < 2) throw new OrchError('Expired', 'too old');
        return real.watch<T>(kind, options, onEvents);
      },
    }));
    await cluster.join('n1');
    expect((await cluster.run('t')).spec.nodeName).toBe('n1');
    expect(refused).toBeGreaterThan(2);
  });

  it('CT-08: tries again with a delay when a task cannot be written, and gives the room to the next one meanwhile', async () => {
    cluster = await startCluster();
    let broken = false;
    let tries = 0;
    await startOver((real) => ({
      mutate: (async (...[kind, key, ...rest]: Parameters<Registry['mutate']>) => {
        if (key.name === 'first' && broken) {
          tries++;
          throw new OrchError('InsufficientStorage', 'the disk is full');
        }
        return real.mutate(kind, key, ...rest);
      }) as Registry['mutate'],
    }));
    await cluster.run('first', { resources: { cpu: 4 } });
    await cluster.run('second', { resources: { cpu: 4 } });
    broken = true;
    await cluster.join('n1');
    await cluster.pass(60);
    expect((await cluster.task('first')).spec.nodeName).toBeUndefined();
    expect((await cluster.task('second')).spec.nodeName).toBe('n1');
    expect(tries).toBeGreaterThan(3);
    expect(tries).toBeLessThan(20);
    broken = false;
    await cluster.remove('second', { gracePeriodSeconds: 0 });
    await cluster.pass(61);
    expect((await cluster.task('first')).spec.nodeName).toBe('n1');
  });

  it('CT-07: two managers over one store in one process never bind one task twice, nor one port to two tasks', async () => {
    cluster = await startCluster();
    const { registry, clock } = cluster;
    const other = new Manager({ registry, clock, random: createSystemRandom(), logger: silentLogger });
    await other.start();
    await cluster.join('n1');
    const ports = [{ containerPort: 80, hostPort: 80 }];
    await Promise.all(Array.from({ length: 100 }, (_, index) => cluster.run(`t${index}`, { ports })));
    await cluster.pass(30);
    const tasks = await cluster.manager.taskDb.list();
    expect(tasks.filter(({ spec }) => spec.nodeName === 'n1')).toHaveLength(1);
    for (const task of tasks.filter(({ spec }) => spec.nodeName === undefined)) {
      expect(task.status?.message).toContain('host port 80/TCP is taken by default/t');
    }
    for (const task of tasks) {
      const bindings = (await cluster.manager.eventDb.of(task)).filter(({ state }) => state === 'Scheduled');
      expect(bindings.length).toBeLessThanOrEqual(1);
    }
    await other.stop();
  });

  it('a Node that is missing from what it knows, but not from the store, costs no task its place', async () => {
    cluster = await startCluster();
    await cluster.join('n1');
    await cluster.run('t');
    await cluster.report('t', { state: 'Running' });
    await startOver((real) => ({
      list: (async (...[kind, options]: Parameters<Registry['list']>) => {
        const result = await real.list(kind, options);
        return kind === nodeKind ? { ...result, items: [] as StoredNode[] } : result;
      }) as Registry['list'],
    }));
    await cluster.clock.advance(130_000);
    expect(await cluster.task('t')).toMatchObject({ spec: { nodeName: 'n1' }, status: { state: 'Running' } });
  });

  it('is idle while nothing changes: it writes nothing and reads only to resync', async () => {
    cluster = await startCluster();
    await cluster.join('n1');
    await cluster.run('t');
    await cluster.run('waits', { resources: { cpu: 99 } });
    await cluster.pass(30);
    const revision = cluster.registry.currentRevision();
    await cluster.pass(300);
    expect(cluster.registry.currentRevision()).toBe(revision);
  });
});
