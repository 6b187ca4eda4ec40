import type { StoredTask } from '../model/task.js';
import { limitsOf } from '../model/resources.js';
import { specHash } from '../model/spec-hash.js';
import type { ContainerSpec } from '../runtime/container-runtime.js';
import { containerName } from './container-name.js';
import { taskKeyOf } from './task-key.js';

/** What the engine is asked for: one attempt of a task. Pure. */
export function toContainerSpec(task: StoredTask, attempt: number, nodeName: string): ContainerSpec {
  const { spec } = task;
  const taskKey = taskKeyOf(task);
  return {
    name: containerName({ taskKey, taskUid: task.metadata.uid, attempt, nodeName }),
    identity: { taskUid: task.metadata.uid, attempt, specHash: specHash(spec), taskKey },
    image: spec.image,
    ...(spec.command ? { command: spec.command } : {}),
    ...(spec.args ? { args: spec.args } : {}),
    ...(spec.workingDir === undefined ? {} : { workingDir: spec.workingDir }),
    env: (spec.env ?? []).map(({ name, value = '' }) => ({ name, value })),
    ports: (spec.ports ?? []).map((port) => ({
      containerPort: port.containerPort,
      protocol: port.protocol ?? 'TCP',
      // Ports of a task on the host's network are the host's already: there is nothing to publish.
      ...(port.hostPort === undefined || spec.hostNetwork ? {} : { hostPort: port.hostPort }),
      ...(port.hostIP === undefined ? {} : { hostIP: port.hostIP }),
    })),
    hostNetwork: spec.hostNetwork ?? false,
    limits: limitsOf(spec),
    ...(spec.stopSignal === undefined ? {} : { stopSignal: spec.stopSignal }),
    ...(spec.stdin === undefined ? {} : { stdin: spec.stdin }),
    ...(spec.stdinOnce === undefined ? {} : { stdinOnce: spec.stdinOnce }),
    ...(spec.tty === undefined ? {} : { tty: spec.tty }),
  };
}
