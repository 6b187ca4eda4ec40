/**
 * What a worker must know to go on while its manager is away: the tasks assigned to it, what it remembers of each, which
 * cluster it belongs to and how far it had read. Changes come in one by one; the file gets them together, atomically
 * (written beside, fsynced, renamed, folder fsynced), so that it is always one whole checkpoint, old or new.
 */
import { mkdir, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { StoredTask } from '../model/task.js';
import { isJsonObject } from '../model/json.js';
import { writePrivateFile } from '../support/private-file.js';
import type { ContainerInputs, SecretTexts } from './config/container-inputs.js';
import { secretInputs, secretsOf } from './config/container-inputs.js';
import type { TaskRecord } from './task-record.js';
import { own } from '../support/own.js';

export interface CheckpointData {
  version: 1;
  nodeName?: string;
  clusterUid?: string;
  /** The highest revision that was seen. */
  revision: number;
  /** The manager's store was found older than `revision`, without tasks that are known here. */
  isRewound?: boolean;
  /** Of the restore that made the manager's store, and the uids of the tasks that it has assigned here since. */
  restore?: { uid: string; assigned: string[] };
  /** By uid. */
  tasks: Record<string, StoredTask>;
  records: Record<string, TaskRecord>;
  /** What the last container of a task was given of ConfigMaps and Secrets; values of these are in no other file. */
  inputs?: Record<string, RememberedInputs>;
}

/** For containers of the same spec only. */
export interface RememberedInputs {
  specHash: string;
  inputs: ContainerInputs;
}

/** What is larger is not remembered: such a task waits for its manager. Of one task, and of all together. */
const maxInputsBytes = { task: 64 * 2 ** 10, all: 4 * 2 ** 20 };
/** What of values of Secrets had no room there and is remembered until the worker ends, in characters. */
const maxUnsavedSecrets = 32 * 2 ** 20;

export function emptyCheckpoint(): CheckpointData {
  return { version: 1, revision: 0, tasks: {}, records: {} };
}

export class CheckpointFile {
  /** What no message may tell and had no room in the file, by uid. */
  private readonly unsaved = new Map<string, SecretTexts>();
  private isDirty = false;
  private writing: Promise<void> | undefined;
  private failure: Error | undefined;

  /** `write` makes a text durable, whole or not at all. */
  constructor(
    private readonly data: CheckpointData,
    private readonly write: (text: string) => Promise<void>,
    /** Why the file that was there could not be read; it was put aside. */
    readonly damage?: string,
  ) {}

  get nodeName(): string | undefined {
    return this.data.nodeName;
  }

  get clusterUid(): string | undefined {
    return this.data.clusterUid;
  }

  get revision(): number {
    return this.data.revision;
  }

  /** Whom this checkpoint belongs to. */
  identify(nodeName: string, clusterUid: string): void {
    if (this.data.nodeName === nodeName && this.data.clusterUid === clusterUid) return;
    this.data.nodeName = nodeName;
    this.data.clusterUid = clusterUid;
    this.touch();
  }

  /** Raises the revision; written together with the next change, as it alone is not worth a disk write. */
  sawRevision(revision: number): void {
    if (revision > this.data.revision) this.data.revision = revision;
  }

  get isRewound(): boolean {
    return this.data.isRewound ?? false;
  }

  /** Remembers that the store went back in time: it does not become right by growing past where it was. */
  setRewound(): void {
    if (this.data.isRewound) return;
    this.data.isRewound = true;
    this.touch();
  }

  /** Accepts an older store than was seen before. */
  resetRevision(revision: number): void {
    this.data.revision = revision;
    delete this.data.isRewound;
    this.touch();
  }

  /** Of the last restore that was met. */
  get restoreUid(): string | undefined {
    return this.data.restore?.uid;
  }

  /** The store is one that a backup was restored into: it begins here, whatever was seen before. */
  meetRestore(uid: string, revision: number): void {
    this.data.restore = { uid, assigned: [] };
    this.resetRevision(revision);
  }

  /** Whether the store, as it is since its restore, has had this task assigned here. Always, for one never restored. */
  wasAssigned(uid: string): boolean {
    return this.data.restore?.assigned.includes(uid) ?? true;
  }

  setAssigned(uid: string): void {
    if (this.wasAssigned(uid)) return;
    this.data.restore?.assigned.push(uid);
    this.touch();
  }

  tasks(): StoredTask[] {
    return Object.values(this.data.tasks);
  }

  task(uid: string): StoredTask | undefined {
    return own(this.data.tasks, uid);
  }

  setTask(task: StoredTask): void {
    if (own(this.data.tasks, task.metadata.uid) === task) return;
    this.data.tasks[task.metadata.uid] = task;
    this.touch();
  }

  record(uid: string): TaskRecord | undefined {
    return own(this.data.records, uid);
  }

  setRecord(uid: string, record: TaskRecord): void {
    if (JSON.stringify(own(this.data.records, uid)) === JSON.stringify(record)) return;
    this.data.records[uid] = record;
    this.touch();
  }

  inputs(uid: string): RememberedInputs | undefined {
    return own(this.data.inputs, uid);
  }

  /** What no message about the task may tell; undefined where that is not known (any more). */
  secrets(uid: string): SecretTexts | undefined {
    const remembered = this.inputs(uid);
    return this.unsaved.get(uid) ?? (remembered && secretsOf(this.task(uid), remembered.inputs));
  }

  /**
   * In place of those of before; undefined: none. Where there is no room for them, what no message may tell of them is kept, under
   * no spec's hash; where there is none for that either, until the worker ends.
   */
  rememberInputs(uid: string, inputs: RememberedInputs | undefined): void {
    const before = own(this.data.inputs, uid);
    const { [uid]: _before, ...others } = this.data.inputs ?? {};
    const sizeOfOthers = Object.values(others).reduce((sum, one) => sum + sizeOf(one), 0);
    const fits = (candidate: RememberedInputs): boolean => {
      const size = sizeOf(candidate);
      return size <= maxInputsBytes.task && size + sizeOfOthers <= maxInputsBytes.all;
    };
    const secretsOnly = inputs && {
      specHash: '',
      inputs: { env: [], ...secretInputs(secretsOf(this.task(uid), inputs.inputs)) },
    };
    const next = [inputs, secretsOnly].find((candidate) => candidate !== undefined && fits(candidate));
    this.unsaved.delete(uid);
    if (inputs && !next) this.keepUnsaved(uid, secretsOf(this.task(uid), inputs.inputs));
    if (JSON.stringify(next) === JSON.stringify(before)) return;
    this.data.inputs = next === undefined ? others : { ...others, [uid]: next };
    this.touch();
  }

  private keepUnsaved(uid: string, secrets: SecretTexts): void {
    const sizes = [secrets, ...this.unsaved.values()].flatMap(({ texts }) => texts.map(({ length }) => length));
    const hasRoom = sizes.reduce((sum, length) => sum + length, 0) <= maxUnsavedSecrets;
    this.unsaved.set(uid, hasRoom ? secrets : { texts: [], isWhole: false });
  }

  forget(uid: string): void {
    this.unsaved.delete(uid);
    if (!Object.hasOwn(this.data.tasks, uid) && !Object.hasOwn(this.data.records, uid)) return;
    this.rememberInputs(uid, undefined);
    delete this.data.tasks[uid];
    delete this.data.records[uid];
    if (this.data.restore) {
      this.data.restore.assigned = this.data.restore.assigned.filter((assigned) => assigned !== uid);
    }
    this.touch();
  }

  /** Resolves when everything set so far is on disk, or when it could not be written: then the next change tries again. */
  async settled(): Promise<void> {
    if (this.isDirty || this.writing) await this.save();
  }

  /** Resolves when everything set so far is on disk. Rejects when it cannot be written. */
  async flush(): Promise<void> {
    this.isDirty = true;
    await this.save();
    if (this.failure) throw this.failure;
  }

  private touch(): void {
    this.isDirty = true;
    this.save().catch((error: unknown) => {
      this.failure = error instanceof Error ? error : new Error(String(error));
    });
  }

  /** One write at a time; what changes during a write goes into the next one. Never rejects: the next change tries again. */
  private save(): Promise<void> {
    this.writing ??= (async () => {
      await Promise.resolve();
      while (this.isDirty) {
        this.isDirty = false;
        try {
          await this.write(JSON.stringify(this.data));
          this.failure = undefined;
        } catch (error) {
          this.failure = error instanceof Error ? error : new Error(String(error));
        }
      }
      this.writing = undefined;
    })();
    return this.writing;
  }
}

function sizeOf(inputs: RememberedInputs): number {
  return Buffer.byteLength(JSON.stringify(inputs));
}

/**
 * Opens or begins the checkpoint at `path`. A file that is no checkpoint is put aside (`.damaged`): a worker without one
 * adopts its containers by their labels.
 */
export async function openCheckpointFile(path: string): Promise<CheckpointFile> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const write = (text: string): Promise<void> => writePrivateFile(path, text);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      return new CheckpointFile(emptyCheckpoint(), write);
    }
    throw error;
  }
  const data = parseCheckpoint(text);
  if (data) return new CheckpointFile(data, write);
  await rename(path, `${path}.damaged`);
  return new CheckpointFile(emptyCheckpoint(), write, `${path} was not a checkpoint and is now ${path}.damaged`);
}

function parseCheckpoint(text: string): CheckpointData | undefined {
  try {
    const data: unknown = JSON.parse(text);
    const isCheckpoint =
      isJsonObject(data) &&
      data['version'] === 1 &&
      Number.isSafeInteger(data['revision']) &&
      isJsonObject(data['tasks']) &&
      isJsonObject(data['records']);
    return isCheckpoint ? (data as unknown as CheckpointData) : undefined;
  } catch {
    return undefined;
  }
}
