/**
 * Restores a manager's data folder from a backup, offline: a file in, a folder out that `orch up` or `orch manager` starts
 * on. Always holds: the whole file was verified before anything is written; only an empty folder that no manager
 * holds is written to; and what was interrupted does not start.
 */
import { createReadStream } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RestoreLaunch, RestoreReport } from '../cli/launchers.js';
import { readBackup } from '../client/read-backup.js';
import { resourceOfKey, type BackupHead, type BackupItem } from '../model/backup-format.js';
import { restoreLevelStore } from '../store/level/restore-level-store.js';
import { toTimestamp, type Clock } from '../support/clock.js';
import { errorMessage, OrchError } from '../support/errors.js';
import { ensurePrivateFolder } from '../support/private-folder.js';
import type { Random } from '../support/random.js';
import { beginRestore, writeManagerFile } from './manager-files.js';
import { acquireProcessLock } from './process-lock.js';
import { restoredRevision } from './restored-revision.js';
import { own } from '../support/own.js';

const lockName = 'orch.pid';
/** A file system of its own has it in its root. */
const ofNoConcern = ['lost+found', lockName];

/** Rejects with BadRequest for a file that is no whole backup, and with Conflict for a folder that is in use or not empty. */
export async function restore(
  { file, dataDirectory, withoutNodes }: RestoreLaunch,
  { clock, random }: { clock: Clock; random: Random },
): Promise<RestoreReport> {
  const { head, objects, nodes, droppedTokens } = await verify(file, withoutNodes);
  await ensurePrivateFolder(dataDirectory);
  const lock = await acquireProcessLock(join(dataDirectory, lockName), `the data folder ${dataDirectory}`);
  try {
    await refuseContents(dataDirectory);
    const unfinished = await beginRestore(dataDirectory);
    const revision = restoredRevision(head.revision, clock.now());
    try {
      await restoreLevelStore(join(dataDirectory, 'store'), {
        clusterUid: head.clusterUid,
        restoreUid: random.uuid(),
        revision,
        entries: writeFilesBetween(file, dataDirectory, withoutNodes),
        createdAt: toTimestamp(clock.now()),
      });
    } catch (error) {
      await removeContents(dataDirectory);
      throw error;
    }
    await unfinished.finish();
    const { clusterUid, takenAt } = head;
    return { clusterUid, takenAt, backupRevision: head.revision, revision, objects, nodes, droppedTokens };
  } finally {
    await lock.release();
  }
}

/** Reads all of it once, to know that it is whole, what of it comes back, and that it has the nodes which are not to. */
async function verify(
  file: string,
  withoutNodes: readonly string[],
): Promise<{ head: BackupHead } & Pick<RestoreReport, 'objects' | 'droppedTokens'> & { nodes: string[] }> {
  const objects: Record<string, number> = {};
  const all: string[] = [];
  let droppedTokens = 0;
  const items = itemsOf(file);
  for (;;) {
    const next = await items.next();
    if (next.done) {
      const unknown = withoutNodes.find((name) => !all.includes(name));
      if (unknown !== undefined) throw noSuchNode(file, unknown, all);
      return { head: next.value, objects, nodes: all.filter((name) => !withoutNodes.includes(name)), droppedTokens };
    }
    if (next.value.type !== 'entry') continue;
    const { key } = next.value;
    if (key.startsWith(nodePrefix)) all.push(key.slice(nodePrefix.length));
    if (key.startsWith(tokenPrefix)) droppedTokens += 1;
    if (!comesBack(key, withoutNodes)) continue;
    const resource = resourceOfKey(key);
    objects[resource] = (own(objects, resource) ?? 0) + 1;
  }
}

const nodePrefix = '/core/nodes/';
const tokenPrefix = '/orch.dev/jointokens/';

/**
 * A token that was deleted or used up after the backup would count again: none comes back, and the manager makes the first new
 * one. Nodes do, as their workers hold certificates and go on; who was put out since has to be named.
 */
function comesBack(key: string, withoutNodes: readonly string[]): boolean {
  if (key.startsWith(tokenPrefix)) return false;
  return !key.startsWith(nodePrefix) || !withoutNodes.includes(key.slice(nodePrefix.length));
}

function noSuchNode(file: string, name: string, nodes: readonly string[]): OrchError {
  const there = nodes.length === 0 ? 'none' : nodes.join(', ').slice(0, 500);
  return new OrchError('BadRequest', `--without-node ${name}: ${file} has no such node; its nodes: ${there}`);
}

/** The objects for the store; the files that stand between them are written on the way. */
async function* writeFilesBetween(
  file: string,
  dataDirectory: string,
  withoutNodes: readonly string[],
): AsyncGenerator<Extract<BackupItem, { type: 'entry' }>> {
  for await (const item of itemsOf(file)) {
    if (item.type === 'entry' && comesBack(item.key, withoutNodes)) yield item;
    if (item.type === 'file') await writeManagerFile(dataDirectory, item);
  }
}

async function* itemsOf(file: string): AsyncGenerator<BackupItem, BackupHead> {
  try {
    return yield* readBackup(createReadStream(file));
  } catch (error) {
    throw new OrchError('BadRequest', `${file}: ${errorMessage(error)}`, {}, { cause: error });
  }
}

async function refuseContents(dataDirectory: string): Promise<void> {
  const found = (await readdir(dataDirectory)).filter((name) => !ofNoConcern.includes(name));
  if (found.length === 0) return;
  throw new OrchError(
    'Conflict',
    `the folder ${dataDirectory} is not empty (it holds ${found.slice(0, 3).join(', ')}${found.length > 3 ? ', ...' : ''}): ` +
      'a restore replaces nothing; name an empty folder with --data, or move this one away first',
  );
}

async function removeContents(dataDirectory: string): Promise<void> {
  const made = (await readdir(dataDirectory)).filter((name) => !ofNoConcern.includes(name));
  await Promise.all(made.map((name) => rm(join(dataDirectory, name), { recursive: true, force: true })));
}
