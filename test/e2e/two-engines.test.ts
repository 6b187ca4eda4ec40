import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestCluster, manifests, taskManifest, type TestCluster } from '../support/orch-process.js';
import { startPrivateEngine, type PrivateEngine } from '../support/private-engine.js';
import { waitFor } from '../support/wait-for.js';

// Two machines as far as Docker can tell: an engine and a network namespace each.
let cluster: TestCluster;
let engines: PrivateEngine[] = [];

beforeAll(async () => {
  cluster = await createTestCluster();
  await cluster.startManager();
  for (const name of ['node-1', 'node-2']) {
    const engine = await startPrivateEngine(name);
    engines.push(engine);
    await cluster.startWorker(name, '--docker-socket', engine.socket);
  }
});
afterAll(async () => {
  await cluster.removeAll();
  for (const engine of engines) await engine.remove();
  engines = [];
});

const running = (engine: PrivateEngine): Promise<string> =>
  engine.docker('ps', '--format', '{{.Label "orch.dev/task"}}', '--no-trunc');

it('places one task on each engine, with the same host port on both', async () => {
  const ports = [{ containerPort: 18998, hostPort: 18998 }];
  await cluster.must(
    ['apply', '-f', '-', '--wait', '--timeout', '60s'],
    manifests(taskManifest('left', { ports }), taskManifest('right', { ports })),
  );
  const perEngine = await Promise.all(engines.map(running));
  expect(perEngine.sort()).toEqual(['default/left', 'default/right']);
});

it('DK-02: reports what ended while the engine was down, though no event tells of it, and starts it again', async () => {
  const task = await cluster.task('left');
  const engine = engines[Number(task.spec.nodeName === 'node-2')];
  if (engine === undefined) throw new Error('no engine');
  const victim = task.status?.containerID ?? '';
  const pid = Number(await engine.docker('inspect', '--format', '{{.State.Pid}}', victim));
  await engine.signal('SIGKILL');
  process.kill(pid, 'SIGKILL');
  await engine.restart();
  await waitFor(
    'another container',
    async () => {
      const { status } = await cluster.task('left');
      return status?.state === 'Running' && status.containerID !== victim && status.restartCount === 1;
    },
    90,
  );
  expect((await cluster.task('left')).status?.exitCode).toBe(137);
  expect(await running(engine)).toBe('default/left');
});

it('DK-04: stops and moves nothing because an engine is silent', async () => {
  const [engine] = engines;
  if (engine === undefined) throw new Error('no engine');
  const before = (await cluster.tasks()).map((task) => [task.spec.nodeName, task.status?.containerID]);
  await engine.signal('SIGSTOP');
  try {
    await waitFor(
      'the node to say that its engine does not answer',
      async () => {
        const nodes = JSON.parse(await cluster.must(['get', 'nodes', '-o', 'json'])) as {
          items: { status?: { conditions?: { type: string; status: string; reason?: string }[] } }[];
        };
        return nodes.items.some((node) =>
          node.status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'False'),
        );
      },
      90,
    );
    expect((await cluster.tasks()).map((task) => [task.spec.nodeName, task.status?.containerID])).toEqual(before);
  } finally {
    await engine.signal('SIGCONT');
  }
  await waitFor(
    'both nodes to be ready again',
    async () => !(await cluster.must(['get', 'nodes'])).includes('NotReady'),
    90,
  );
  expect((await cluster.tasks()).map((task) => [task.spec.nodeName, task.status?.containerID])).toEqual(before);
});
