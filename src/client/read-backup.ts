import { BackupReader, type BackupHead, type BackupItem } from '../model/backup-format.js';
import { isOrchError, OrchError } from '../support/errors.js';
import { readLines } from './json-lines.js';

/** One object and its history of owners stay far below. */
const maxLineBytes = 64 * 2 ** 20;

/**
 * The items of a backup as they come, from the manager or from a file. Throws OrchError BadRequest when it turns out to be
 * cut off or damaged: what was read until then is not to be used. Returns the head of one that is whole.
 */
export async function* readBackup(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<BackupItem, BackupHead> {
  const reader = new BackupReader();
  try {
    for await (const line of readLines(chunks, maxLineBytes)) {
      const item = reader.take(line);
      if (item !== undefined) yield item;
    }
  } catch (error) {
    // A line without its end is what a copy that was cut off ends in.
    if (!isOrchError(error, 'ServiceUnavailable')) throw error;
    throw new OrchError(
      'BadRequest',
      `the backup is damaged: ${error.message}; nothing of it is used`,
      {},
      { cause: error },
    );
  }
  return reader.finish();
}
