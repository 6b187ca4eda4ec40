import { afterEach, describe, expect, it } from 'vitest';
import { configMapKind, type ConfigMap } from '../../../src/model/config-map.js';
import { secretKind, type Secret } from '../../../src/model/secret.js';
import type { TaskSpec } from '../../../src/model/task.js';
import { RuntimeError } from '../../../src/runtime/container-runtime.js';
import { filesOf } from '../../../src/runtime/simulated/simulated-engine.js';
import type { CheckpointData } from '../../../src/worker/checkpoint-file.js';
import { volumeName } from '../../../src/worker/container-name.js';
import { WorkerFixture } from './worker-fixture.js';

// What a task is given of ConfigMaps and Secrets when its container is made.

let open: WorkerFixture[] = [];

async function fixture(): Promise<WorkerFixture> {
  const made = await WorkerFixture.open();
  open.push(made);
  return made;
}

afterEach(async () => {
  await Promise.all(open.map(({ worker }) => worker.stop()));
  open = [];
});

const value = 'tell-nobody';

async function putSecret(cluster: WorkerFixture, stringData: Record<string, string>): Promise<void> {
  await cluster.registry.create<Secret>(secretKind, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'login', namespace: 'default' },
    stringData,
  });
}

async function putConfigMap(cluster: WorkerFixture, data: Record<string, string>): Promise<void> {
  await cluster.registry.create<ConfigMap>(configMapKind, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'settings', namespace: 'default' },
    data,
  });
}

const needsPassword: Partial<TaskSpec> = {
  command: ['httpd'],
  env: [{ name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'login', key: 'password' } } }],
};

const envOf = (cluster: WorkerFixture, name: string): Record<string, string> =>
  Object.fromEntries(cluster.theContainer(name).spec.env.map((variable) => [variable.name, variable.value]));

describe('a task that names ConfigMaps and Secrets', () => {
  it('gets their values, and those of its own fields', async () => {
    const cluster = await fixture();
    await putSecret(cluster, { password: value });
    await putConfigMap(cluster, { COLOR: 'blue' });
    await cluster.assign('web', {
      ...needsPassword,
      envFrom: [{ configMapRef: { name: 'settings' } }],
      env: [
        ...(needsPassword.env ?? []),
        { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
        { name: 'HOST', valueFrom: { fieldRef: { fieldPath: 'status.hostIP' } } },
      ],
    });
    await cluster.settle();
    expect(envOf(cluster, 'web')).toEqual({ COLOR: 'blue', PASSWORD: value, NODE: 'w1', HOST: '10.0.0.1' });
    const told = JSON.stringify([await cluster.task('web'), await cluster.events('web'), await cluster.node()]);
    expect(told).not.toContain(value);
  });

  it('tells no value of a Secret in what the engine or a probe says, also after a restart of the worker', async () => {
    const cluster = await fixture();
    await putSecret(cluster, { password: value });
    const quoting = new RuntimeError('StartError', `exec: "${value}": not found`);
    cluster.engine.faults.failNext('startContainer', quoting);
    await cluster.assign('web', { ...needsPassword, command: ['$(PASSWORD)'] });
    await cluster.seconds(2);
    const told = async (): Promise<string> =>
      JSON.stringify([await cluster.task('web'), await cluster.events('web'), await cluster.node()]);
    expect(await told()).toContain('***');
    expect(await told()).not.toContain(value);
    await cluster.worker.stop();
    await cluster.startWorker();
    await cluster.seconds(30);
    expect(await told()).not.toContain(value);
  });

  it('waits for what is missing, says which, and starts by itself when it appears', async () => {
    const cluster = await fixture();
    await cluster.assign('web', needsPassword);
    await cluster.seconds(5);
    const first = (await cluster.task('web')).status;
    expect(first).toMatchObject({ state: 'Scheduled', reason: 'CreateContainerConfigError' });
    expect(first?.message).toBe(
      'there is no Secret "login" in the namespace "default" (spec.env[0]): create it, or set optional: true; next try after 10s',
    );
    expect(await cluster.reasons('web')).toContain('CreateContainerConfigError');
    expect(cluster.containers()).toEqual([]);
    await putSecret(cluster, { user: 'ann' });
    await cluster.seconds(10);
    expect((await cluster.task('web')).status?.message).toContain(
      '"login" in the namespace "default" has no key "password"',
    );
    await cluster.registry.patch(
      secretKind,
      { namespace: 'default', name: 'login' },
      { type: 'merge', body: { stringData: { password: value } } },
    );
    await cluster.seconds(20);
    expect(envOf(cluster, 'web')).toEqual({ PASSWORD: value });
    expect((await cluster.task('web')).status).toMatchObject({ state: 'Running', attempt: 1, restartCount: 0 });
    expect((await cluster.task('web')).status?.reason).toBeUndefined();
  });

  it('keeps its container when a value changes; the next one has the new value', async () => {
    const cluster = await fixture();
    await putConfigMap(cluster, { COLOR: 'blue' });
    await cluster.assign('web', { command: ['httpd'], envFrom: [{ configMapRef: { name: 'settings' } }] });
    await cluster.settle();
    const { id } = cluster.theContainer('web');
    const key = { namespace: 'default', name: 'settings' };
    await cluster.registry.patch(configMapKind, key, { type: 'merge', body: { data: { COLOR: 'red' } } });
    await cluster.seconds(600);
    expect(cluster.theContainer('web').id).toBe(id);
    cluster.engine.killContainer(id);
    await cluster.settle();
    expect(envOf(cluster, 'web')).toEqual({ COLOR: 'red' });
  });

  it('ND-03: gets the values of before while the manager is away, also by a worker that was started again', async () => {
    const cluster = await fixture();
    await putSecret(cluster, { password: value });
    await cluster.assign('web', needsPassword);
    await cluster.settle();
    const { id } = cluster.theContainer('web');
    cluster.client.setAway(true);
    await cluster.worker.stop();
    cluster.engine.reboot();
    await cluster.startWorker();
    await cluster.settle();
    expect(cluster.theContainer('web').id).not.toBe(id);
    expect(envOf(cluster, 'web')).toEqual({ PASSWORD: value });
    cluster.engine.killContainer(cluster.theContainer('web').id);
    await cluster.seconds(20);
    expect(envOf(cluster, 'web')).toEqual({ PASSWORD: value });
  });

  it('finds values as files, also in a container that is made while the manager is away', async () => {
    const cluster = await fixture();
    await putSecret(cluster, { password: value });
    await putConfigMap(cluster, { 'app.conf': 'color=blue', other: 'x' });
    await cluster.assign('web', {
      command: ['httpd'],
      volumes: [
        { name: 'a', configMap: { name: 'settings', items: [{ key: 'app.conf', path: 'conf.d/app.conf' }] } },
        { name: 'b', secret: { secretName: 'login', defaultMode: 0o640 } },
      ],
      volumeMounts: [
        { name: 'a', mountPath: '/etc/app' },
        { name: 'b', mountPath: '/etc/login/' },
      ],
    });
    await cluster.settle();
    const filesOf = (): unknown =>
      cluster
        .theContainer('web')
        .spec.files?.map(({ target, files }) => [
          target,
          ...files.map(({ path, mode, content }) => [path, mode, Buffer.from(content).toString()]),
        ]);
    const wanted = [
      ['/etc/app', ['conf.d/app.conf', 0o644, 'color=blue']],
      ['/etc/login', ['password', 0o640, value]],
    ];
    expect(filesOf()).toEqual(wanted);
    expect(cluster.theContainer('web').spec.mounts).toEqual([]);
    cluster.client.setAway(true);
    cluster.engine.killContainer(cluster.theContainer('web').id);
    await cluster.settle();
    expect(filesOf()).toEqual(wanted);
  });

  it('ND-02: starts no container that may lack its files', async () => {
    const cluster = await fixture();
    await putSecret(cluster, { password: value });
    cluster.engine.faults.loseReplyNext('createContainer');
    await cluster.assign('web', {
      command: ['httpd'],
      volumes: [{ name: 'b', secret: { secretName: 'login' } }],
      volumeMounts: [{ name: 'b', mountPath: '/etc/login' }],
    });
    await cluster.seconds(30);
    expect((await cluster.task('web')).status).toMatchObject({ state: 'Running', attempt: 2, restartCount: 0 });
    expect(cluster.containers('web')).toHaveLength(1);
  });

  it('waits for its manager where nothing is remembered, and starts when that is back', async () => {
    const cluster = await fixture();
    await putSecret(cluster, { password: 'x'.repeat(70_000) });
    await cluster.assign('web', needsPassword);
    await cluster.settle();
    cluster.client.setAway(true);
    cluster.engine.killContainer(cluster.theContainer('web').id);
    await cluster.seconds(60);
    expect(cluster.running('web')).toEqual([]);
    cluster.client.setAway(false);
    await cluster.seconds(60);
    expect(envOf(cluster, 'web')['PASSWORD']).toHaveLength(70_000);
  });

  it('does not take from memory what the manager says is gone', async () => {
    const cluster = await fixture();
    await putSecret(cluster, { password: value });
    await cluster.assign('web', needsPassword);
    await cluster.settle();
    await cluster.registry.delete(secretKind, { namespace: 'default', name: 'login' });
    cluster.engine.killContainer(cluster.theContainer('web').id);
    await cluster.seconds(5);
    expect(cluster.running('web')).toEqual([]);
    expect((await cluster.task('web')).status?.reason).toBe('CreateContainerConfigError');
  });

  it('forgets the values with the task', async () => {
    const cluster = await fixture();
    await putSecret(cluster, { password: value });
    await cluster.assign('web', { ...needsPassword, terminationGracePeriodSeconds: 1 });
    await cluster.settle();
    expect(cluster.disk).toContain(value);
    await cluster.delete('web');
    await cluster.seconds(10);
    expect(await cluster.exists('web')).toBe(false);
    expect(cluster.disk).not.toContain(value);
  });

  it('tells of values that no environment can hold, by key', async () => {
    const cluster = await fixture();
    await putSecret(cluster, { text: 'x', nul: `${value}\0` });
    await cluster.assign('web', { command: ['httpd'], envFrom: [{ secretRef: { name: 'login' } }] });
    await cluster.settle();
    expect(envOf(cluster, 'web')).toEqual({ text: 'x' });
    const event = (await cluster.events('web')).find(({ reason }) => reason === 'InvalidEnvironmentVariableValues');
    expect(event?.message).toBe(
      'no environment variable can hold these values, which are no text: Secret "login": nul',
    );
  });
});

const withFiles: Partial<TaskSpec> = {
  command: ['httpd'],
  volumes: [
    { name: 'config', configMap: { name: 'settings' } },
    { name: 'login', secret: { secretName: 'login' } },
  ],
  volumeMounts: [
    { name: 'config', mountPath: '/etc/shop' },
    { name: 'login', mountPath: '/run/login' },
  ],
};

const seen = (cluster: WorkerFixture): Record<string, string> => filesOf(cluster.theContainer('web').spec);
const settings = { namespace: 'default', name: 'settings' };

describe('a running container with files of ConfigMaps and Secrets', () => {
  async function running(): Promise<WorkerFixture> {
    const cluster = await fixture();
    await putSecret(cluster, { password: value });
    await putConfigMap(cluster, { color: 'blue', size: 'XL' });
    await cluster.assign('web', withFiles);
    await cluster.settle();
    return cluster;
  }

  it('follows a change within a minute, and its next container has it while the manager is away', async () => {
    const cluster = await running();
    const { id } = cluster.theContainer('web');
    await cluster.registry.patch(configMapKind, settings, {
      type: 'merge',
      body: { data: { color: 'red', size: null } },
    });
    await cluster.seconds(60);
    const now = { '/etc/shop/color': 'red', '/run/login/password': value };
    expect([cluster.theContainer('web').id, seen(cluster)]).toEqual([id, now]);
    expect((await cluster.task('web')).status).toMatchObject({ state: 'Running', attempt: 1 });
    cluster.client.setAway(true);
    cluster.engine.killContainer(id);
    await cluster.seconds(10);
    expect([cluster.theContainer('web').id === id, seen(cluster)]).toEqual([false, now]);
  });

  it('never goes back: a container that is made in between keeps what it was made with', async () => {
    const cluster = await running();
    // The round has looked by now: what it found is the newest that it knows.
    await cluster.seconds(60);
    await cluster.registry.patch(configMapKind, settings, { type: 'merge', body: { data: { color: 'red' } } });
    cluster.engine.killContainer(cluster.theContainer('web').id);
    for (let second = 0; second < 60; second++) {
      await cluster.seconds(1);
      if (cluster.containers('web').length > 0) expect(seen(cluster)['/etc/shop/color']).not.toBe('blue');
    }
  });

  it('masks the value of a Secret that was changed while it runs, and the one before', async () => {
    const cluster = await running();
    await cluster.registry.patch(
      secretKind,
      { namespace: 'default', name: 'login' },
      {
        type: 'merge',
        body: { stringData: { password: 'the-newer-one' } },
      },
    );
    await cluster.seconds(60);
    expect(seen(cluster)['/run/login/password']).toBe('the-newer-one');
    const remembered = Object.values((JSON.parse(cluster.disk) as CheckpointData).inputs ?? {});
    expect(remembered.map(({ inputs }) => inputs.secrets)).toEqual([[value, 'the-newer-one']]);
  });

  it('is probed, and restarted for it, also while its files cannot be changed', async () => {
    const cluster = await running();
    for (let turn = 0; turn < 1000; turn++) {
      cluster.engine.faults.failNext('updateFiles', new RuntimeError('Unavailable', 'archive: no'));
    }
    await cluster.registry.patch(configMapKind, settings, { type: 'merge', body: { data: { color: 'red' } } });
    await cluster.seconds(30);
    // A worker that is started again finds out about the files before it has probed anything.
    await cluster.worker.stop();
    await cluster.startWorker();
    await cluster.seconds(30);
    const failing = { exec: { command: ['false'] }, periodSeconds: 5 };
    await cluster.edit('web', { readinessProbe: failing });
    await cluster.seconds(20);
    expect((await cluster.task('web')).status).toMatchObject({ state: 'Running', attempt: 1, reason: 'NotReady' });
    expect(seen(cluster)['/etc/shop/color']).toBe('blue');
    expect((await cluster.events('web')).find(({ reason }) => reason === 'FailedMount')?.message).toBe(
      'its files could not be changed, which is tried again: archive: no',
    );
    await cluster.edit('web', { livenessProbe: failing });
    await cluster.seconds(70);
    expect((await cluster.task('web')).status).toMatchObject({
      restartCount: 1,
      lastTermination: { reason: 'LivenessProbeFailed' },
    });
  });

  it('takes a change back that a life of the worker made without hearing of it', async () => {
    const cluster = await running();
    await cluster.seconds(60);
    for (let reply = 0; reply < 50; reply++) cluster.engine.faults.loseReplyNext('updateFiles');
    await cluster.registry.patch(configMapKind, settings, { type: 'merge', body: { data: { color: 'red' } } });
    for (let second = 0; second < 60 && seen(cluster)['/etc/shop/color'] !== 'red'; second++) await cluster.seconds(1);
    expect(seen(cluster)['/etc/shop/color']).toBe('red');
    await cluster.worker.stop();
    await cluster.registry.patch(configMapKind, settings, { type: 'merge', body: { data: { color: 'blue' } } });
    await cluster.startWorker();
    await cluster.seconds(60);
    expect(seen(cluster)['/etc/shop/color']).toBe('blue');
  });

  it('keeps what it has while an object is gone, and follows once it is there again', async () => {
    const cluster = await running();
    await cluster.registry.delete(configMapKind, settings, {});
    await cluster.seconds(120);
    expect(seen(cluster)).toMatchObject({ '/etc/shop/color': 'blue', '/etc/shop/size': 'XL' });
    await putConfigMap(cluster, { color: 'green' });
    await cluster.seconds(60);
    expect(seen(cluster)).toEqual({ '/etc/shop/color': 'green', '/run/login/password': value });
    expect((await cluster.task('web')).status).toMatchObject({ state: 'Running', attempt: 1 });
  });
});

describe('an emptyDir', () => {
  const scratch: Partial<TaskSpec> = {
    command: ['httpd'],
    volumes: [{ name: 'scratch', emptyDir: {} }],
    volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }],
  };

  it('stays when its container is started again, and goes with its task', async () => {
    const cluster = await fixture();
    const { uid } = (await cluster.assign('web', scratch)).metadata;
    await cluster.settle();
    cluster.engine.killContainer(cluster.theContainer('web').id);
    await cluster.settle();
    const volumes = [...cluster.engine.volumes.values()];
    expect(volumes).toMatchObject([{ taskUid: uid, taskKey: 'default/web', volume: 'scratch' }]);
    expect(cluster.theContainer('web').spec.mounts).toMatchObject([{ name: volumes[0]?.name }]);
    await cluster.worker.stop();
    await cluster.startWorker();
    await cluster.delete('web');
    await cluster.seconds(40);
    expect([await cluster.exists('web'), cluster.engine.volumes.size]).toEqual([false, 0]);
  });

  it('ND-02: is writable for everybody, also where nobody knows whether its container was made whole', async () => {
    const cluster = await fixture();
    cluster.engine.faults.loseReplyNext('createContainer');
    await cluster.assign('web', scratch);
    await cluster.seconds(30);
    expect((await cluster.task('web')).status).toMatchObject({ state: 'Running', attempt: 2, restartCount: 0 });
    expect(cluster.containers('web')).toHaveLength(1);
  });

  it('keeps the permissions that its program gave it, whatever they are, when the container is made anew', async () => {
    const cluster = await fixture();
    await cluster.assign('web', scratch);
    await cluster.settle();
    const [volume] = cluster.engine.volumes.values();
    expect(volume?.mode).toBe(0o777);
    if (volume) volume.mode = 0o755;
    cluster.engine.killContainer(cluster.theContainer('web').id);
    await cluster.worker.stop();
    await cluster.startWorker();
    await cluster.seconds(30);
    await cluster.edit('web', { env: [{ name: 'A', value: 'b' }] });
    await cluster.seconds(60);
    expect(cluster.theContainer('web').spec.env).toHaveLength(1);
    expect(cluster.engine.volumes.get(volume?.name ?? '')?.mode).toBe(0o755);
  });

  it('is opened again where somebody removed it with its containers', async () => {
    const cluster = await fixture();
    await cluster.assign('web', scratch);
    await cluster.settle();
    cluster.engine.removeContainer(cluster.theContainer('web').id);
    cluster.engine.volumes.clear();
    await cluster.seconds(30);
    expect([...cluster.engine.volumes.values()]).toMatchObject([{ mode: 0o777 }]);
  });

  it('is found at the start when its task left unseen, and one of another worker is left alone', async () => {
    const cluster = await fixture();
    await cluster.worker.stop();
    const left = ['w1', 'w2'].map((nodeName) => {
      const owner = { taskUid: `gone-${nodeName}`, taskKey: 'default/gone', volume: 'scratch' };
      return {
        ...owner,
        name: volumeName({ ...owner, nodeName }),
        clusterUid: cluster.registry.clusterUid,
        mode: 0o777,
      };
    });
    for (const volume of left) cluster.engine.volumes.set(volume.name, volume);
    await cluster.startWorker();
    await cluster.seconds(5);
    expect([...cluster.engine.volumes.values()]).toEqual([left[1]]);
  });
});

describe('a volume of the engine', () => {
  it('stays known as that of a task which had it, also when no container has it any more', async () => {
    const cluster = await fixture();
    const data = (name: string): Partial<TaskSpec> => ({
      command: ['httpd'],
      volumes: [{ name: 'data', dockerVolume: { name } }],
      volumeMounts: [{ name: 'data', mountPath: '/data' }],
    });
    await cluster.assign('web', data('shop'));
    await cluster.settle();
    expect(cluster.theContainer('web').spec.mounts).toEqual([
      { type: 'volume', name: 'shop', target: '/data', readOnly: false },
    ]);
    await cluster.worker.stop();
    cluster.engine.removeContainer(cluster.theContainer('web').id);
    await cluster.startWorker();
    await cluster.seconds(30);
    expect(cluster.theContainer('web').spec.mounts).toMatchObject([{ name: 'shop', isKnown: true }]);
    await cluster.edit('web', data('another'));
    await cluster.seconds(60);
    expect(cluster.theContainer('web').spec.mounts).toEqual([
      { type: 'volume', name: 'another', target: '/data', readOnly: false },
    ]);
  });
});
