/**
 * Follows the ConfigMaps and Secrets that running tasks have as files. In: the tasks that run here, every so often; out: the files
 * that each should have now, told when they changed. Always holds: what cannot be had (the manager is away, an object or key
 * is gone) leaves the files as they are; objects that several tasks name are read once a round.
 */
import type { Client } from '../../client/client.js';
import { canonicalJson } from '../../model/json.js';
import { specHash } from '../../model/spec-hash.js';
import type { StoredTask } from '../../model/task.js';
import { needsFiles } from '../../model/volumes.js';
import type { Clock } from '../../support/clock.js';
import { errorMessage } from '../../support/errors.js';
import type { Logger } from '../../support/logger.js';
import type { CheckpointFile } from '../checkpoint-file.js';
import { repeat } from '../repeat.js';
import type { ConfigCache } from './read-config.js';
import { readConfig } from './read-config.js';
import type { InputFiles } from './container-inputs.js';
import { secretInputs } from './container-inputs.js';
import { secretTexts } from './config-objects.js';
import { resolveFiles } from './resolve-files.js';

interface ConfigRefreshOptions {
  client: Client;
  clusterUid: string;
  checkpoint: CheckpointFile;
  clock: Clock;
  logger: Logger;
  /** Tasks with a container that runs. */
  running(): StoredTask[];
  /** Whether what the manager says is to be acted upon. */
  isTrusted(): boolean;
  /** This task's files are others now. */
  onChange(task: StoredTask): void;
}

/** A change is in the container within a minute, also when a round fails. */
const refreshMilliseconds = 20_000;
/** Tasks that are looked at together. */
const atOnce = 4;

export class ConfigRefresh {
  private readonly wanted = new Map<string, { specHash: string; files: InputFiles[] }>();
  /** How often a container of a task has been made since it runs here. */
  private readonly made = new Map<string, number>();
  private readonly stopping = new AbortController();
  private end: () => void = () => undefined;

  constructor(private readonly options: ConfigRefreshOptions) {}

  start(): void {
    const { clock, logger } = this.options;
    this.end = repeat(
      clock,
      () => refreshMilliseconds,
      () => this.refresh(),
      (error) => logger.warn('a round of ConfigMaps and Secrets failed', { error }),
    );
  }

  stop(): void {
    this.end();
    this.stopping.abort();
  }

  /** The files that the task's container should have by now; undefined when nothing newer is known than what it was made with. */
  files({ metadata: { uid }, spec }: StoredTask): InputFiles[] | undefined {
    const wanted = this.wanted.get(uid);
    return wanted?.specHash === specHash(spec) ? wanted.files : undefined;
  }

  /** A container of this task is being made of what the manager has now: what was known before is no longer newer. */
  forget({ metadata: { uid } }: StoredTask): void {
    this.wanted.delete(uid);
    this.made.set(uid, (this.made.get(uid) ?? 0) + 1);
  }

  private async refresh(): Promise<void> {
    if (!this.options.isTrusted()) return;
    const tasks = this.options.running().filter(({ spec }) => needsFiles(spec));
    const uids = new Set(tasks.map(({ metadata }) => metadata.uid));
    for (const uid of this.wanted.keys()) if (!uids.has(uid)) this.wanted.delete(uid);
    for (const uid of this.made.keys()) if (!uids.has(uid)) this.made.delete(uid);
    const cache: ConfigCache = new Map();
    const look = async (): Promise<void> => {
      for (let task = tasks.shift(); task; task = tasks.shift()) await this.look(task, cache);
    };
    await Promise.all(Array.from({ length: atOnce }, look));
  }

  private async look(task: StoredTask, cache: ConfigCache): Promise<void> {
    const { client, clusterUid, checkpoint, logger } = this.options;
    const { uid } = task.metadata;
    const hash = specHash(task.spec);
    try {
      const { signal } = this.stopping;
      // What the environment takes stays as it was when the container was made.
      const { volumes } = task.spec;
      const only = { ...task, spec: { image: task.spec.image, ...(volumes ? { volumes } : {}) } };
      const madeBefore = this.made.get(uid);
      const objects = await readConfig(only, { client, clusterUid, signal, cache });
      // A container that was made meanwhile was given what is newer, or as new.
      if (this.made.get(uid) !== madeBefore) return;
      const files = resolveFiles(task, objects);
      if (canonicalJson(files) === canonicalJson(this.files(task) ?? null)) return;
      this.wanted.set(uid, { specHash: hash, files });
      const remembered = checkpoint.inputs(uid) ?? { specHash: '', inputs: { env: [] } };
      // Neither the old values nor the new ones are told in a message.
      const before = checkpoint.secrets(uid) ?? { texts: [], isWhole: false };
      const after = secretTexts(only, objects);
      const texts = [...new Set([...before.texts, ...after.texts])];
      const secrets = secretInputs({ texts, isWhole: before.isWhole && after.isWhole });
      const inputs = { ...remembered.inputs, ...secrets, ...(remembered.specHash === hash ? { files } : {}) };
      checkpoint.rememberInputs(uid, { ...remembered, inputs });
      this.options.onChange(task);
    } catch (error) {
      logger.debug('files of a task are left as they are', { taskUid: uid, error: errorMessage(error) });
    }
  }
}
