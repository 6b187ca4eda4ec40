import { ClassicLevel } from 'classic-level';
import { toTimestamp, type Clock, type Timer } from '../../support/clock.js';
import { errorMessage, isOrchError } from '../../support/errors.js';
import type { Logger } from '../../support/logger.js';
import type { Random } from '../../support/random.js';
import { firstRevision } from '../durable-state.js';
import { JournaledStore } from '../journaled-store.js';
import { defaultHistoryLimit, type Store } from '../store.js';
import { AcknowledgedRevision } from './acknowledged-revision.js';
import {
  assertFormat,
  cannotOpen,
  damaged,
  dataFolder,
  heldByAnother,
  inspect,
  removeOwner,
  writeMarker,
  writeOwner,
  type DataFolder,
  type Marker,
} from './data-folder.js';
import { LevelJournal } from './level-journal.js';
import { readContents } from './read-contents.js';
import {
  DamagedRow,
  formatKey,
  formatVersion,
  headKey,
  sealRow,
  unsealJson,
  type Format,
  type Head,
} from './record.js';

const retryAfterFullMilliseconds = 1_000;

export interface LevelStoreOptions {
  /** Made when it is missing. One store to a folder, one process to a store. */
  directory: string;
  random: Random;
  clock: Clock;
  logger: Logger;
  historyLimit?: number;
}

/**
 * The embedded durable store. A folder arrives; a Store leaves whose every answered write is fsynced. It opens only on a
 * new folder or on a store that was read and verified completely: throws OrchError Conflict when another process has it
 * open (and names it), InternalError when it is damaged, was lost, or is of a newer format.
 */
export async function openLevelStore(options: LevelStoreOptions): Promise<Store> {
  const folder = dataFolder(options.directory);
  try {
    const { exists, marker } = await inspect(folder);
    const db = new ClassicLevel(folder.database, { createIfMissing: !exists });
    await db.open();
    return await openOn(folder, db, marker, options);
  } catch (error) {
    if (isOrchError(error)) throw error;
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code === 'LEVEL_LOCKED') throw await heldByAnother(folder, error);
    if (code === 'LEVEL_CORRUPTION' || cause instanceof DamagedRow) throw damaged(folder, errorMessage(cause), error);
    throw cannotOpen(folder, cause);
  }
}

/** Reads and verifies the database, which is locked for this process now; closes it again when that fails. */
async function openOn(
  folder: DataFolder,
  db: ClassicLevel,
  marker: Marker | undefined,
  options: LevelStoreOptions,
): Promise<Store> {
  let acknowledged: AcknowledgedRevision | undefined;
  try {
    await writeOwner(folder, toTimestamp(options.clock.now()));
    acknowledged = await AcknowledgedRevision.open(folder.acknowledgedFile);
    const highest = await acknowledged.read();
    const { clusterUid, restoreUid } = await readOrCreate(folder, db, marker, highest, options);
    const { head, contents } = await readContents(db);
    assertNothingLost(folder, head, highest);
    acknowledged.note(head.revision);
    const fields = { directory: folder.directory, revision: head.revision, objects: head.entries };
    options.logger.info('store opened', fields);
    const journal = new LevelJournal(db, head, acknowledged);
    return watchOver(folder, options, {
      clusterUid,
      contents,
      journal,
      ...(restoreUid === undefined ? {} : { restoreUid }),
    });
  } catch (error) {
    await acknowledged?.close();
    await removeOwner(folder);
    await db.close();
    throw error;
  }
}

async function readOrCreate(
  folder: DataFolder,
  db: ClassicLevel,
  marker: Marker | undefined,
  highest: number | undefined,
  { clock, random, logger }: LevelStoreOptions,
): Promise<Format> {
  const row = await db.get(formatKey);
  const isNew = row === undefined && (await db.keys({ limit: 1 }).all()).length === 0;
  if (row === undefined && (!isNew || marker !== undefined || highest !== undefined)) {
    throw damaged(folder, `the database ${folder.database} does not hold the store that was made here`);
  }
  const format = row === undefined ? await create(db, random.uuid()) : (unsealJson(formatKey, row) as Format);
  assertFormat(folder, format.format);
  if (marker === undefined) {
    if (!isNew) logger.warn('store marker was missing and is written again', { file: folder.markerFile });
    await writeMarker(folder, { ...format, createdAt: toTimestamp(clock.now()) });
  } else if (marker.clusterUid !== format.clusterUid) {
    const both = `${marker.clusterUid} and ${format.clusterUid}`;
    throw damaged(folder, `${folder.markerFile} and the database are of different stores (${both})`);
  }
  return format;
}

async function create(db: ClassicLevel, clusterUid: string): Promise<Format> {
  const format: Format = { format: formatVersion, clusterUid };
  const head: Head = { revision: firstRevision, compactedRevision: 0, entries: 0, records: 0 };
  const rows = [
    { type: 'put' as const, key: formatKey, value: sealRow(formatKey, JSON.stringify(format)) },
    { type: 'put' as const, key: headKey, value: sealRow(headKey, JSON.stringify(head)) },
  ];
  await db.batch(rows, { sync: true });
  return format;
}

function assertNothingLost(folder: DataFolder, head: Head, highest: number | undefined): void {
  if (highest === undefined || head.revision >= highest) return;
  throw damaged(
    folder,
    `it ends at revision ${head.revision}, but revision ${highest} was acknowledged (says ${folder.acknowledgedFile}): ` +
      `its newest writes are lost, or it is an older copy`,
  );
}

/** The store, with what must happen around it: another try when the disk was full, and the owner's name gone at the end. */
function watchOver(
  folder: DataFolder,
  { clock, logger, historyLimit }: LevelStoreOptions,
  parts: Pick<ConstructorParameters<typeof JournaledStore>[0], 'clusterUid' | 'restoreUid' | 'contents' | 'journal'>,
): Store {
  let timer: Timer | undefined;
  const retryLater = (): void => {
    timer = clock.setTimer(() => {
      const failed = (error: unknown): void => logger.error('store cannot be tried again', { error });
      store
        .retry()
        .then((works) => {
          if (works) logger.info('store writes again', { directory: folder.directory });
          else if (store.canRecover()) retryLater();
        })
        .catch(failed);
    }, retryAfterFullMilliseconds);
  };
  const store = new JournaledStore({
    ...parts,
    historyLimit: historyLimit ?? defaultHistoryLimit,
    onFull: (reason) => {
      logger.error('disk is full, store is read-only until there is space', { reason });
      retryLater();
    },
    onBroken: (reason) => logger.error('store is read-only', { reason }),
    onClose: async () => {
      timer?.cancel();
      await removeOwner(folder);
    },
  });
  return store;
}
