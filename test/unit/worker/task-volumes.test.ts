import { expect, it } from 'vitest';
import { RuntimeError, type TaskVolume } from '../../../src/runtime/container-runtime.js';
import { TaskVolumes } from '../../../src/worker/task-volumes.js';
import { volumeName } from '../../../src/worker/container-name.js';

it('lets a task go whose volume a container of somebody else still mounts, and asks about it again', async () => {
  const owner = { taskUid: 'uid', taskKey: 'default/web', volume: 'scratch' };
  const volume: TaskVolume = { ...owner, name: volumeName({ ...owner, nodeName: 'node-1' }) };
  let inUse = true;
  let volumesOfEngine = [volume];
  const engine = {
    listVolumes: async () => volumesOfEngine,
    removeVolume: async () => {
      if (inUse) throw new RuntimeError('StillRunning', 'remove: the engine says: volume is in use');
      volumesOfEngine = [];
    },
  };
  const volumes = new TaskVolumes(engine, 'node-1');
  await volumes.remove('uid');
  expect(volumes.uidsOf('default/web')).toEqual(['uid']);
  inUse = false;
  await volumes.remove('uid');
  expect(volumes.uidsOf('default/web')).toEqual([]);
  expect(volumesOfEngine).toEqual([]);
});
