/**
 * The volumes of a task over its containers. An emptyDir has to be opened to everybody until one of them was started: from
 * then on its permissions are what the task's program made of them. A volume of the engine that one of them was made with is
 * the task's for good, whoever made it. Pure.
 */
import { isMadeFrom } from '../model/spec-hash.js';
import type { StoredTask, TaskSpec } from '../model/task.js';
import { emptyDirsOnDisk, needsFiles } from '../model/volumes.js';
import type { ContainerDetails } from '../runtime/container-runtime.js';
import type { TaskRecord } from './task-record.js';

/** More than a spec has: those that a user took out of it last may come back. */
const maxRemembered = 100;

/** Whether a container is not ready to be started once the engine has made it: files are put into it, folders opened. */
export function needsFilling(spec: TaskSpec): boolean {
  return needsFiles(spec) || emptyDirsOnDisk(spec).length > 0;
}

/** The record with the volumes of the containers that there are. */
export function withUsedVolumes(
  task: StoredTask,
  containers: readonly ContainerDetails[],
  record: TaskRecord,
): TaskRecord {
  const { spec } = task;
  const made = containers.filter(({ identity }) => isMadeFrom(identity.specHash, spec));
  if (made.length === 0) return record;
  const started = made.some(({ phase }) => phase !== 'created') ? emptyDirsOnDisk(spec) : [];
  const named = (spec.volumes ?? []).flatMap(({ dockerVolume }) => dockerVolume?.name ?? []);
  const usedVolumes = withNames(record.usedVolumes, started);
  const dockerVolumes = withNames(record.dockerVolumes, named);
  return {
    ...record,
    ...(usedVolumes ? { usedVolumes } : {}),
    ...(dockerVolumes ? { dockerVolumes } : {}),
  };
}

function withNames(before: readonly string[] | undefined, names: readonly string[]): readonly string[] | undefined {
  const added = names.filter((name) => !before?.includes(name));
  return added.length === 0 ? before : [...(before ?? []), ...added].slice(-maxRemembered);
}
