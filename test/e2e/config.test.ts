import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestCluster, docker, taskManifest, type Daemon, type TestCluster } from '../support/orch-process.js';
import { waitFor } from '../support/wait-for.js';

// What tasks take from ConfigMaps and Secrets, into containers of the engine; and where no value may ever show.

const secretValue = 'tell-nobody-2b7e151628';
let cluster: TestCluster;
let manager: Daemon;
let worker: Daemon;

beforeAll(async () => {
  cluster = await createTestCluster();
  manager = await cluster.startManager('--log-level', 'debug');
  worker = await cluster.startWorker('w1', '--log-level', 'debug');
});
afterAll(() => cluster.removeAll());

const configMap = (name: string, data: Record<string, string>): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data });
const secret = (name: string, stringData: Record<string, string>): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData });
const apply = (text: string): Promise<string> => cluster.must(['apply', '-f', '-'], text);

/** Says what it was given, and goes on until it is stopped. */
const saying = (words: string): string[] => [
  ...['sh', '-c'],
  `echo "${words}"; trap "exit 0" TERM; while true; do sleep 1 & wait $!; done`,
];

const asFiles = {
  volumes: [
    { name: 'config', configMap: { name: 'settings', items: [{ key: 'COLOR', path: 'conf.d/color' }] } },
    { name: 'login', secret: { secretName: 'login', defaultMode: 0o440 } },
  ],
  volumeMounts: [
    { name: 'config', mountPath: '/etc/shop' },
    { name: 'login', mountPath: '/run/login' },
  ],
};

const outputOf = (name: string): Promise<string> =>
  waitFor(`output of ${name}`, async () => (await cluster.must(['logs', name])) || undefined);

describe('a task that names ConfigMaps and Secrets', () => {
  it('is not started before they are there, says why, and starts by itself then', async () => {
    await apply(configMap('settings', { COLOR: 'blue' }));
    const env = [
      { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'login', key: 'password' } } },
      { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
    ];
    const envFrom = [{ configMapRef: { name: 'settings' } }];
    const command = saying('$COLOR $PASSWORD $NODE $(cat /etc/shop/conf.d/color)');
    await apply(taskManifest('web', { env, envFrom, command, ...asFiles }));
    const { status } = await waitFor('the task to say what it waits for', async () => {
      const task = await cluster.task('web');
      return task.status?.reason === 'CreateContainerConfigError' && task;
    });
    expect(status?.message).toContain('there is no Secret "login" in the namespace "default" (spec.');
    expect(await cluster.must(['get', 'tasks'])).toMatch(/web +CreateContainerConfigError/);
    expect(await cluster.containers()).toEqual([]);
    await apply(secret('login', { password: secretValue }));
    await cluster.waitForState('web', 'Running');
    expect(await outputOf('web')).toBe(`blue ${secretValue} w1 blue\n`);
  });

  it('finds them as files with the permissions that it asks for, of an image that has no such folders', async () => {
    const words = '$(cat /etc/shop/conf.d/color) $(cat /run/login/password) $(stat -Lc %a%u /run/login/password)';
    const plain = { ...asFiles, hostNetwork: false, restartPolicy: 'Never', command: ['sh', '-c', `echo "${words}"`] };
    await apply(taskManifest('reader', plain));
    await cluster.waitForState('reader', 'Completed');
    expect(await outputOf('reader')).toBe(`blue ${secretValue} 4400\n`);
    await cluster.must(['delete', 'task', 'reader']);
  });

  it('keeps its container when a value changes, which comes into its files; the next one has it in its environment', async () => {
    const before = (await cluster.waitForState('web', 'Running')).status?.containerID ?? '';
    await apply(configMap('settings', { COLOR: 'red' }));
    await waitFor('the new value in its files', async () => {
      return (await docker('exec', before, 'cat', '/etc/shop/conf.d/color')) === 'red';
    });
    expect((await cluster.containers({ running: true })).map(({ id }) => id)).toEqual([before]);
    await docker('kill', before);
    await waitFor('another container', async () => {
      const { status } = await cluster.task('web');
      return status?.state === 'Running' && status.containerID !== before;
    });
    expect(await outputOf('web')).toBe(`red ${secretValue} w1 red\n`);
  });

  it('ND-03: has its values again in a container that is made while the manager is away', async () => {
    const before = (await cluster.waitForState('web', 'Running')).status?.containerID ?? '';
    await manager.kill('SIGKILL');
    await docker('kill', before);
    const after = await waitFor('another container', async () => {
      const running = await cluster.containers({ running: true });
      return running.find(({ id }) => id !== before)?.id;
    });
    await waitFor('its output', async () => (await docker('logs', after)) === `red ${secretValue} w1 red`);
    await worker.kill('SIGKILL');
    await docker('kill', after);
    const second = cluster.launchWorker('w1', '--log-level', 'debug');
    const last = await waitFor('a container of the worker that was started again', async () => {
      const running = await cluster.containers({ running: true });
      return running.find(({ id }) => id !== before && id !== after)?.id;
    });
    await waitFor('its output', async () => (await docker('logs', last)) === `red ${secretValue} w1 red`);
    manager = await cluster.startManager('--log-level', 'debug');
    worker = second;
    await waitFor('the manager to know', async () => (await cluster.task('web')).status?.containerID === last);
  });

  it('shows no value of a Secret in any log, event, status or description', async () => {
    const shown = [
      ...[manager.log(), worker.log()],
      ...[await cluster.must(['get', 'tasks,taskevents,nodes', '-o', 'yaml']), await cluster.must(['events'])],
      ...[await cluster.must(['describe', 'task', 'web']), await cluster.must(['describe', 'secret', 'login'])],
    ].join('\n');
    expect(shown).toContain('login');
    expect(shown).not.toContain(secretValue);
    expect(shown).not.toContain(Buffer.from(secretValue).toString('base64'));
  });
});
