import { afterAll, beforeAll, expect, it } from 'vitest';
import { testSocketPath } from '../support/docker-engine.js';
import { type EngineFault, type EngineProxy, startEngineProxy } from '../support/engine-proxy.js';
import { createTestCluster, manifests, taskManifest, type TestCluster } from '../support/orch-process.js';
import { waitFor } from '../support/wait-for.js';

let cluster: TestCluster;
let proxy: EngineProxy;

beforeAll(async () => {
  cluster = await createTestCluster();
  proxy = await startEngineProxy(testSocketPath);
  await cluster.startUp('--docker-socket', proxy.socketPath);
});
afterAll(async () => {
  await cluster.removeAll();
  await proxy.close();
});

const verbs: [string, RegExp][] = [
  ['POST', /^\/containers\/create$/],
  ['POST', /^\/containers\/[^/]+\/(start|stop)$/],
  ['DELETE', /^\/containers\/[^/]+$/],
];
const isVerb = (method: string, path: string): boolean =>
  verbs.some(([verb, pattern]) => verb === method && pattern.test(path));
/** The first `count` requests for each verb and path go wrong, the next ones do not. */
const first = (count: number, fault: EngineFault): ((method: string, path: string) => EngineFault) => {
  const seen = new Map<string, number>();
  return (method, path) => {
    const times = seen.get(`${method} ${path}`) ?? 0;
    if (!isVerb(method, path) || times >= count) return 'pass';
    seen.set(`${method} ${path}`, times + 1);
    return fault;
  };
};

it.each([
  ['lost', 'lose'],
  ['a 500', 'refuse'],
] as const)(
  'ND-02, DK-15: makes one container each time, and stops and removes it, though every first answer is %s',
  async (_what, fault) => {
    proxy.happened.clear();
    proxy.setFault(first(1, fault));
    await cluster.must(['apply', '-f', '-'], manifests(taskManifest('a'), taskManifest('b')));
    await cluster.waitForState('a', 'Running', 60);
    await cluster.waitForState('b', 'Running', 60);
    const made = await cluster.containers();
    expect(made.map(({ task, attempt }) => `${task} ${attempt}`).sort()).toEqual(['default/a 1', 'default/b 1']);
    expect((await cluster.tasks()).map(({ status }) => status?.restartCount ?? 0)).toEqual([0, 0]);

    await cluster.must(['apply', '-f', '-'], taskManifest('a', { env: [{ name: 'X', value: '1' }] }));
    await waitFor(
      'the new container alone',
      async () => {
        const running = (await cluster.containers({ running: true })).filter(({ task }) => task === 'default/a');
        return running.length === 1 && running[0]?.attempt === '2';
      },
      60,
    );
    await cluster.must(['delete', 'task', 'a', 'b', '--timeout', '90s']);
    expect(await cluster.containers()).toEqual([]);
    const wrong = [...proxy.happened.keys()];
    for (const verb of [
      'POST /containers/create',
      'POST /containers/*/start',
      'POST /containers/*/stop',
      'DELETE /containers/*',
    ]) {
      expect(wrong).toContain(`${fault} ${verb}`);
    }
  },
);
