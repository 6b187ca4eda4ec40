import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { BackupWriter, type BackupHead, type BackupItem } from '../model/backup-format.js';
import { toTimestamp } from '../support/clock.js';
import { errorMessage } from '../support/errors.js';
import type { ApiContext, Handler } from './api-context.js';

/** The manager's own files that belong into a backup: its authority and its tokens. */
export type ReadManagerFiles = () => Promise<Extract<BackupItem, { type: 'file' }>[]>;

const chunkCharacters = 65_536;

/**
 * GET backup: everything that is stored, as of one revision, and what makes the manager itself, as backup-format.ts says.
 * It leaves as fast as the client reads; writes go on meanwhile and are not in it. One that was cut off has no end.
 */
export function backupHandler(context: ApiContext, version: string, readManagerFiles: ReadManagerFiles): Handler {
  return async (_request, response) => {
    const files = await readManagerFiles();
    const { revision, entries } = await context.registry.snapshot();
    const head: BackupHead = {
      clusterUid: context.registry.clusterUid,
      revision,
      takenAt: toTimestamp(context.clock.now()),
      orchVersion: version,
      entries: entries.length,
    };
    context.logger.info('backup begins', { revision, entries: entries.length });
    response.setHeader('Content-Type', 'application/x-ndjson');
    response.setHeader('Cache-Control', 'no-store');
    try {
      await pipeline(Readable.from(inChunks(head, files, entries)), response);
    } catch (error) {
      // The client went away, or we are closing: it sees that there is no end.
      context.logger.warn('backup was cut off', { revision, error: errorMessage(error) });
      response.destroy();
    }
  };
}

function* inChunks(
  head: BackupHead,
  files: readonly BackupItem[],
  entries: readonly Omit<Extract<BackupItem, { type: 'entry' }>, 'type'>[],
): Generator<string> {
  const writer = new BackupWriter();
  let text = writer.line({ type: 'head', head });
  for (const file of files) text += writer.line(file);
  for (const { key, value } of entries) {
    text += writer.line({ type: 'entry', key, value });
    if (text.length < chunkCharacters) continue;
    yield text;
    text = '';
  }
  yield text + writer.end();
}
