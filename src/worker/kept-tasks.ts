import type { Logger } from '../support/logger.js';
import type { CheckpointFile } from './checkpoint-file.js';

export interface KeptTasksOptions {
  checkpoint: CheckpointFile;
  logger: Logger;
  /** These stay although the restored store does not know them; told when they change. */
  onKept(taskKeys: readonly string[]): void;
}

/**
 * Tasks that a store restored from a backup does not know: made after the backup, most likely. Always holds: they stay
 * until the store assigns them here after all, nothing of them is left, or somebody accepted this very restore.
 */
export class KeptTasks {
  /** Keys by uid. */
  private readonly kept = new Map<string, string>();
  private acceptedRestoreUid: string | undefined;

  constructor(private readonly options: KeptTasksOptions) {}

  has(uid: string): boolean {
    return this.kept.has(uid);
  }

  /** A store knows nothing of what was written after its backup: its 404 says little about what it never assigned. */
  isDoubted(uid: string): boolean {
    const { checkpoint } = this.options;
    return checkpoint.restoreUid !== this.acceptedRestoreUid && !checkpoint.wasAssigned(uid);
  }

  keep(uid: string, taskKey: string): void {
    if (this.kept.has(uid)) return;
    this.kept.set(uid, taskKey);
    this.options.logger.warn(
      'the store was restored from a backup that does not know this task: its container stays until the restore is accepted',
      { task: taskKey, taskUid: uid, restoreUid: this.options.checkpoint.restoreUid },
    );
    this.tell();
  }

  letGo(uid: string): void {
    if (this.kept.delete(uid)) this.tell();
  }

  /** Another restore was met: what it does not know will show again. */
  clear(): void {
    if (this.kept.size === 0) return;
    this.kept.clear();
    this.tell();
  }

  /** What this restore does not know may go: returns what has to be asked for once more. */
  accept(restoreUid: string): { uid: string; taskKey: string }[] {
    if (restoreUid === this.acceptedRestoreUid) return [];
    this.acceptedRestoreUid = restoreUid;
    if (restoreUid !== this.options.checkpoint.restoreUid) return [];
    const released = [...this.kept].map(([uid, taskKey]) => ({ uid, taskKey }));
    this.clear();
    return released;
  }

  private tell(): void {
    this.options.onKept([...this.kept.values()]);
  }
}

/** What a node says about them, in a condition. */
export function describeKept(taskKeys: readonly string[]): { reason: string; message: string } {
  if (taskKeys.length === 0) return { reason: 'NothingKept', message: 'the manager knows every task that runs here' };
  return {
    reason: 'TasksUnknown',
    message:
      `the store of the manager was restored from a backup that does not know ${taskKeys.slice(0, 3).join(', ')}` +
      `${taskKeys.length > 3 ? ` and ${taskKeys.length - 3} more` : ''}: their containers stay; save what you need of ` +
      'them, then let them go with `orch accept-restore`',
  };
}
