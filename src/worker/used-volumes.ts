/**
 * The emptyDirs of a task over its containers: until one of them was started, a folder has to be opened to everybody; from
 * then on its permissions are what the task's program made of them. Pure.
 */
import { isMadeFrom } from '../model/spec-hash.js';
import type { StoredTask, TaskSpec } from '../model/task.js';
import { emptyDirsOnDisk, needsFiles } from '../model/volumes.js';
import type { ContainerDetails } from '../runtime/container-runtime.js';
import type { TaskRecord } from './task-record.js';

/** Whether a container is not ready to be started once the engine has made it: files are put into it, folders opened. */
export function needsFilling(spec: TaskSpec): boolean {
  return needsFiles(spec) || emptyDirsOnDisk(spec).length > 0;
}

/** The record with the volumes of every container that was started. */
export function withUsedVolumes(
  task: StoredTask,
  containers: readonly ContainerDetails[],
  record: TaskRecord,
): TaskRecord {
  const hasStarted = containers.some(
    ({ phase, identity }) => phase !== 'created' && isMadeFrom(identity.specHash, task.spec),
  );
  const before = record.usedVolumes ?? [];
  const added = hasStarted ? emptyDirsOnDisk(task.spec).filter((name) => !before.includes(name)) : [];
  return added.length === 0 ? record : { ...record, usedVolumes: [...before, ...added] };
}
