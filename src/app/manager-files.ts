import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { managerFiles, type BackupItem } from '../model/backup-format.js';
import { OrchError } from '../support/errors.js';
import { readFileIfThere, writePrivateFile } from '../support/private-file.js';

type ManagerFile = Extract<BackupItem, { type: 'file' }>;

/** The files of the data folder that a backup carries. */
export function readManagerFiles(dataDirectory: string): Promise<ManagerFile[]> {
  return Promise.all(
    managerFiles.map(async (name) => ({
      type: 'file',
      name,
      text: await readFile(join(dataDirectory, name), 'utf8'),
    })),
  );
}

export async function writeManagerFile(dataDirectory: string, { name, text }: ManagerFile): Promise<void> {
  const path = join(dataDirectory, name);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writePrivateFile(path, text);
}

/** There from before the first byte of a restore until after its last one: half a restore must not look whole. */
const unfinishedName = 'restore-unfinished';

export async function beginRestore(dataDirectory: string): Promise<{ finish(): Promise<void> }> {
  const path = join(dataDirectory, unfinishedName);
  await writePrivateFile(path, 'A restore into this folder was begun and has not finished.\n');
  return { finish: () => rm(path) };
}

/** Throws Conflict for a folder that `orch restore` was interrupted in. */
export async function refuseUnfinishedRestore(dataDirectory: string): Promise<void> {
  if ((await readFileIfThere(join(dataDirectory, unfinishedName))) === undefined) return;
  throw new OrchError(
    'Conflict',
    `a restore into ${dataDirectory} was interrupted: empty the folder and call \`orch restore\` again`,
  );
}
