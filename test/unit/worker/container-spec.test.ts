import { expect, it } from 'vitest';
import type { StoredTask, TaskSpec } from '../../../src/model/task.js';
import type { ContainerSpec } from '../../../src/runtime/container-runtime.js';
import { volumeName } from '../../../src/worker/container-name.js';
import { toContainerSpec } from '../../../src/worker/container-spec.js';

const specOf = (spec: Partial<TaskSpec>, env: { name: string; value: string }[] = [], name = 'web'): ContainerSpec => {
  const metadata = {
    name,
    namespace: 'default',
    uid: 'u',
    resourceVersion: '1',
    generation: 1,
    creationTimestamp: '',
  };
  const task: StoredTask = { apiVersion: 'orch.dev/v1', kind: 'Task', metadata, spec: { image: 'busybox', ...spec } };
  return toContainerSpec(task, 1, 'node-1', { env });
};

it('mounts each volume as what it is', () => {
  const { mounts } = specOf({
    volumes: [
      { name: 'data', dockerVolume: { name: 'shop' } },
      { name: 'config', hostPath: { path: '/srv/config' } },
      { name: 'scratch', emptyDir: {} },
      { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
    ],
    volumeMounts: [
      { name: 'data', mountPath: '/data' },
      { name: 'config', mountPath: '/config', readOnly: true },
      { name: 'scratch', mountPath: '/scratch' },
      { name: 'memory', mountPath: '/memory' },
    ],
  });
  expect(mounts).toEqual([
    { type: 'volume', name: 'shop', target: '/data', readOnly: false },
    { type: 'bind', path: '/srv/config', target: '/config', readOnly: true },
    {
      type: 'emptyDir',
      name: volumeName({ taskKey: 'default/web', taskUid: 'u', nodeName: 'node-1', volume: 'scratch' }),
      volume: 'scratch',
      target: '/scratch',
      readOnly: false,
    },
    { type: 'tmpfs', sizeBytes: 1_048_576, target: '/memory', readOnly: false },
  ]);
});

it('gives another fingerprint to other volumes, so that the container is replaced', () => {
  const withVolume = (name: string): string =>
    specOf({ volumes: [{ name: 'a', dockerVolume: { name } }] }).identity.specHash;
  expect(withVolume('one')).not.toBe(withVolume('two'));
});

it('puts variables of the environment into command and arguments', () => {
  const { command, args } = specOf({ command: ['serve', '--port=$(PORT)'], args: ['$(HOST)', '$$(PORT)'] }, [
    { name: 'PORT', value: '80' },
  ]);
  expect([command, args]).toEqual([
    ['serve', '--port=80'],
    ['$(HOST)', '$(PORT)'],
  ]);
});

it('takes an empty command, and empty arguments, as none: the image has its own', () => {
  const { command, args } = specOf({ command: [], args: [] });
  expect([command, args]).toEqual([undefined, undefined]);
});

it.each([
  ['web', 'web'],
  ['shop.web-0', 'shop.web-0'],
  [`${'a'.repeat(61)}-.b`, 'a'.repeat(61)],
])('gives the task %s the hostname %s, and none where it is the host that is seen', (name, hostname) => {
  expect(specOf({}, [], name).hostname).toBe(hostname);
  expect(specOf({ hostNetwork: true }, [], name).hostname).toBeUndefined();
});
