import { RuntimeError, type ContainerRuntime, type TaskVolume } from '../runtime/container-runtime.js';
import { volumeName } from './container-name.js';

/**
 * The volumes of this worker's emptyDirs on its engine. Made together with a container, they stay for the next one; they go
 * when their task leaves. Always holds: those of a task that left while nobody looked are found at the start, and the manager
 * is asked about that task as for a container.
 */
export class TaskVolumes {
  private readonly known = new Map<string, TaskVolume>();
  private isListed = false;

  constructor(
    private readonly runtime: Pick<ContainerRuntime, 'listVolumes' | 'removeVolume'>,
    private readonly nodeName: string,
  ) {}

  /** Rejects when the engine does not answer. */
  async list(): Promise<void> {
    const mine = (await this.runtime.listVolumes()).filter((volume) => this.isMine(volume));
    for (const volume of mine) this.known.set(volume.name, volume);
    this.isListed = true;
  }

  /** They are about to be made. */
  add(volumes: readonly TaskVolume[]): void {
    for (const volume of volumes) this.known.set(volume.name, volume);
  }

  /** Tasks that have volumes here. */
  tasks(): { taskUid: string; taskKey: string }[] {
    return [...this.known.values()];
  }

  uidsOf(taskKey: string): string[] {
    return this.tasks().flatMap((task) => (task.taskKey === taskKey ? [task.taskUid] : []));
  }

  /**
   * Removes those of a task whose containers are gone. Rejects when the engine does not answer. One that a container of somebody
   * else still mounts stays known, and its task is asked about again: nobody else holds up that a task goes.
   */
  async remove(taskUid: string): Promise<void> {
    if (!this.isListed) await this.list();
    for (const { name, taskUid: owner } of [...this.known.values()]) {
      if (owner !== taskUid) continue;
      try {
        await this.runtime.removeVolume(name);
        this.known.delete(name);
      } catch (error) {
        if (!(error instanceof RuntimeError && error.code === 'StillRunning')) throw error;
      }
    }
  }

  /** Another worker on the same engine gives its volumes other names. */
  private isMine({ name, taskKey, taskUid, volume }: TaskVolume): boolean {
    return name === volumeName({ taskKey, taskUid, nodeName: this.nodeName, volume });
  }
}
