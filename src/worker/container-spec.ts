import { parseBytes } from '../model/quantities.js';
import { limitsOf } from '../model/resources.js';
import { specHash } from '../model/spec-hash.js';
import type { StoredTask } from '../model/task.js';
import { isFileVolume } from '../model/volumes.js';
import type { ContainerSpec, FileSet, Mount } from '../runtime/container-runtime.js';
import type { ContainerInputs, InputFiles } from './config/container-inputs.js';
import { ReferenceExpansion } from './config/reference-expansion.js';
import { containerName, volumeName } from './container-name.js';
import { taskKeyOf } from './task-key.js';
import type { TaskRecord } from './task-record.js';

const maxHostnameLength = 63;
const defaultMessagePath = '/dev/termination-log';

type HadVolumes = Pick<TaskRecord, 'usedVolumes' | 'dockerVolumes'>;

/**
 * What the engine is asked for: one attempt of a task, with the values that it is given. `had`: which volumes an earlier
 * one was made with. Throws a ConfigProblem for a command that becomes too long with the values. Pure.
 */
export function toContainerSpec(
  task: StoredTask,
  attempt: number,
  nodeName: string,
  inputs: ContainerInputs,
  had: HadVolumes = {},
): ContainerSpec {
  const { spec } = task;
  const taskKey = taskKeyOf(task);
  const expansion = new ReferenceExpansion(new Map(inputs.env.map(({ name, value }) => [name, value])));
  return {
    name: containerName({ taskKey, taskUid: task.metadata.uid, attempt, nodeName }),
    identity: { taskUid: task.metadata.uid, attempt, specHash: specHash(spec), taskKey },
    image: spec.image,
    ...(spec.command?.length ? { command: expansion.expandAll(spec.command, 'spec.command') } : {}),
    ...(spec.args?.length ? { args: expansion.expandAll(spec.args, 'spec.args') } : {}),
    ...(spec.workingDir === undefined ? {} : { workingDir: spec.workingDir }),
    env: inputs.env,
    ports: (spec.ports ?? []).map((port) => ({
      containerPort: port.containerPort,
      protocol: port.protocol ?? 'TCP',
      // Ports of a task on the host's network are the host's already: there is nothing to publish.
      ...(port.hostPort === undefined || spec.hostNetwork ? {} : { hostPort: port.hostPort }),
      ...(port.hostIP === undefined ? {} : { hostIP: port.hostIP }),
    })),
    hostNetwork: spec.hostNetwork ?? false,
    // On the host's network a program is called as its host is.
    ...(spec.hostNetwork ? {} : { hostname: hostnameOf(task.metadata.name) }),
    limits: limitsOf(spec),
    ...(spec.stopSignal === undefined ? {} : { stopSignal: spec.stopSignal }),
    ...(spec.stdin === undefined ? {} : { stdin: spec.stdin }),
    ...(spec.stdinOnce === undefined ? {} : { stdinOnce: spec.stdinOnce }),
    ...(spec.tty === undefined ? {} : { tty: spec.tty }),
    ...messageFileOf(task),
    ...(spec.volumeMounts?.length ? { mounts: mountsOf(task, nodeName, had) } : {}),
    ...(inputs.files?.length ? { files: inputs.files.map(fileSetOf) } : {}),
  };
}

/** Made where somebody asked for it: it costs a container of its own on the engine. */
function messageFileOf({ spec }: StoredTask): { terminationMessagePath?: string } {
  const { terminationMessagePath, terminationMessagePolicy } = spec;
  if (terminationMessagePath === undefined && terminationMessagePolicy === undefined) return {};
  return { terminationMessagePath: terminationMessagePath ?? defaultMessagePath };
}

/** A pod is called by its name, as far as a host's name may go (63 characters, cut as Kubernetes cuts it). */
function hostnameOf(name: string): string {
  return name.slice(0, maxHostnameLength).replace(/[-.]+$/, '');
}

export function fileSetOf({ target, files }: InputFiles): FileSet {
  return {
    target,
    files: files.map(({ path, mode, base64 }) => ({ path, mode, content: Buffer.from(base64, 'base64') })),
  };
}

function mountsOf(task: StoredTask, nodeName: string, had: HadVolumes): Mount[] {
  const { volumes = [], volumeMounts = [] } = task.spec;
  const owner = { taskKey: taskKeyOf(task), taskUid: task.metadata.uid, nodeName };
  const byName = new Map(volumes.map((volume) => [volume.name, volume]));
  return volumeMounts.flatMap(({ name, mountPath, readOnly = false }): Mount[] => {
    const volume = byName.get(name);
    // Those come as files instead.
    if (volume && isFileVolume(volume)) return [];
    const { dockerVolume, hostPath, emptyDir } = volume ?? {};
    const at = { target: mountPath, readOnly };
    if (dockerVolume) {
      const isKnown = had.dockerVolumes?.includes(dockerVolume.name) ? { isKnown: true } : {};
      return [{ ...at, type: 'volume', name: dockerVolume.name, ...isKnown }];
    }
    if (hostPath) return [{ ...at, type: 'bind', path: hostPath.path }];
    if (emptyDir?.medium !== 'Memory') {
      const isUsed = had.usedVolumes?.includes(name) ? { isUsed: true } : {};
      return [{ ...at, type: 'emptyDir', name: volumeName({ ...owner, volume: name }), volume: name, ...isUsed }];
    }
    const sizeBytes = emptyDir.sizeLimit === undefined ? undefined : parseBytes(emptyDir.sizeLimit);
    return [{ ...at, type: 'tmpfs', ...(sizeBytes === undefined ? {} : { sizeBytes }) }];
  });
}
