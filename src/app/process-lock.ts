import { readFile, rm } from 'node:fs/promises';
import { OrchError } from '../support/errors.js';
import { writePrivateFile } from '../support/private-file.js';

/**
 * One process per data folder. The file holds the pid and the start time of the process, so a pid that was given to
 * another process since, or a file left by a killed one, does not count.
 */
export interface ProcessLock {
  release(): Promise<void>;
}

/** Rejects with Conflict, naming the holder, while another live process holds `path`. */
export async function acquireProcessLock(path: string, what: string): Promise<ProcessLock> {
  const holder = await readHolder(path);
  if (holder !== undefined && holder.pid !== process.pid && (await startTimeOf(holder.pid)) === holder.startTime) {
    throw new OrchError(
      'Conflict',
      `${what} is in use by process ${holder.pid} (${path}): stop that one first, or choose another folder with --data`,
    );
  }
  await writePrivateFile(path, `${process.pid}\n${await startTimeOf(process.pid)}\n`);
  return { release: () => rm(path, { force: true }) };
}

async function readHolder(path: string): Promise<{ pid: number; startTime: string } | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const [pid = '', startTime = ''] = text.split('\n');
  return /^\d+$/.test(pid) ? { pid: Number(pid), startTime } : undefined;
}

/**
 * Field 22 of /proc/PID/stat where there is one; elsewhere only whether the process lives. A process that was killed and
 * not reaped yet (state Z) is gone: on machines whose init does not reap, it would hold the folder for ever.
 */
async function startTimeOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (stat !== undefined) {
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? 'gone' : (fields[19] ?? 'alive');
  }
  try {
    process.kill(pid, 0);
    return process.platform === 'linux' ? 'gone' : 'alive';
  } catch {
    return 'gone';
  }
}
