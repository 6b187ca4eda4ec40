import { createHash } from 'node:crypto';

export interface ContainerOwner {
  /** namespace/name */
  taskKey: string;
  taskUid: string;
  attempt: number;
  nodeName: string;
}

const maxReadableLength = 90;

/**
 * The one name of a task's container on one worker, for one attempt: `orch-<task>-<attempt>-<hash>`. Deterministic, so a
 * create whose answer was lost is found again instead of doubled, and so a worker that shares its engine with another
 * tells its own containers from the other's. At most 128 characters of [a-zA-Z0-9_.-].
 */
export function containerName(owner: ContainerOwner): string {
  const readable = owner.taskKey.replace(/[^a-zA-Z0-9_.-]+/g, '.').slice(0, maxReadableLength);
  const identity = `${owner.nodeName}\n${owner.taskUid}\n${owner.attempt}`;
  const hash = createHash('sha256').update(identity).digest('hex').slice(0, 12);
  return `orch-${readable}-${owner.attempt}-${hash}`;
}

/** The one name on its engine of a volume of a task on one worker, as deterministic as that of a container. */
export function volumeName({
  taskKey,
  taskUid,
  nodeName,
  volume,
}: Omit<ContainerOwner, 'attempt'> & { volume: string }): string {
  const readable = taskKey.replace(/[^a-zA-Z0-9_.-]+/g, '.').slice(0, maxReadableLength);
  const hash = createHash('sha256').update(`${nodeName}\n${taskUid}\n${volume}`).digest('hex').slice(0, 12);
  return `orch-${readable}-${volume}-${hash}`;
}
