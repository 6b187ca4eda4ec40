import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import type { Client } from '../client/client.js';
import { looksLikeBackup, resourceOfKey, type BackupHead } from '../model/backup-format.js';
import { OrchError } from '../support/errors.js';
import type { Cli } from './cli.js';
import { withConnection } from './connection.js';
import { openProgress } from './progress.js';
import { own } from '../support/own.js';

export function defineBackup(command: Command, cli: Cli): void {
  command.argument('<file>', 'where to write it; an older backup there is replaced').addHelpText(
    'after',
    `
The manager goes on working meanwhile; what is written after the backup began is not in it. The file holds every object
and the manager's own keys and tokens, Secrets as they are: it is readable by you only (0600), keep it so. It is
checked as it arrives and gets its name only when it is whole.

What containers write (volumes) is not in it, and neither are images.

Examples:
  orch backup orch-$(date +%F).backup
  orch restore orch-2026-01-31.backup --data ./data     # later, see \`orch restore --help\``,
  );
  cli.run(command, async ([file = ''], options) => {
    const path = resolve(file);
    await refuseOther(path);
    return withConnection(cli.environment, options, async ({ client }) => {
      const { head, objects, bytes } = await download(cli, client, path);
      cli.print(`backup of cluster ${head.clusterUid} at revision ${head.revision}: ${file} (${bytes} bytes)`);
      for (const line of objectLines(objects)) cli.print(line);
    });
  });
}

/** `  3 tasks.orch.dev`, a line for each resource. */
export function objectLines(objects: Readonly<Record<string, number>>): string[] {
  return Object.entries(objects)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([resource, amount]) => `${String(amount).padStart(8)} ${resource}`);
}

/** A slip of the finger must not cost a manifest. */
async function refuseOther(path: string): Promise<void> {
  const beginning = await readBeginning(path);
  if (beginning === undefined || beginning === '' || looksLikeBackup(beginning)) return;
  throw new OrchError('Conflict', `${path} is there and is not a backup: name another file`);
}

async function readBeginning(path: string): Promise<string | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw cannotWrite(path, error);
  }
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(64), 0, 64, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } catch (error) {
    throw cannotWrite(path, error);
  } finally {
    await file.close();
  }
}

interface Downloaded {
  head: BackupHead;
  objects: Record<string, number>;
  bytes: number;
}

/** Writes beside, verifies on the way, and gives it its name at the end: whole, on disk, or not at all. */
async function download(cli: Cli, client: Client, path: string): Promise<Downloaded> {
  const { readBackup } = await import('../client/read-backup.js');
  const temporary = `${path}.partial`;
  // Whoever left one behind may have left it with another mode.
  await rm(temporary, { force: true });
  const file = await open(temporary, 'wx', 0o600).catch((error: unknown) => {
    throw cannotWrite(path, error);
  });
  const progress = openProgress(cli);
  const result = { objects: {} as Record<string, number>, bytes: 0 };
  try {
    const items = readBackup(writeThrough(file, await begin(client), (bytes) => (result.bytes += bytes)));
    let all = 0;
    let seen = 0;
    for (;;) {
      const next = await items.next();
      if (next.done) {
        await file.sync();
        await file.close();
        await rename(temporary, path);
        await syncFolder(dirname(path));
        return { ...result, head: next.value };
      }
      if (next.value.type === 'head') all = next.value.head.entries;
      if (next.value.type !== 'entry') continue;
      const resource = resourceOfKey(next.value.key);
      result.objects[resource] = (own(result.objects, resource) ?? 0) + 1;
      progress.count(++seen, all);
    }
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(temporary, { force: true });
    throw error;
  } finally {
    progress.close();
  }
}

async function begin(client: Client): Promise<AsyncIterable<Uint8Array>> {
  const response = await client.request({ method: 'GET', path: '/apis/orch.dev/v1/backup' });
  if (response.status === 200) return response.body;
  const { errorFromAnswer } = await import('../client/status-error.js');
  throw errorFromAnswer(response.status, await response.text(), response.headers['retry-after']);
}

async function* writeThrough(
  file: FileHandle,
  chunks: AsyncIterable<Uint8Array>,
  onWritten: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    await file.appendFile(chunk);
    onWritten(chunk.length);
    yield chunk;
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function cannotWrite(path: string, error: unknown): OrchError {
  return new OrchError('BadRequest', `cannot write ${path}: ${(error as Error).message}`, {}, { cause: error });
}
