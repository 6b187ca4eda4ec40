import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { acquireProcessLock } from '../../../src/app/process-lock.js';

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orch-lock-'));
  path = join(folder, 'orch.pid');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const startTime = async (pid: number): Promise<string> => {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
};

it('names the live process that holds the folder, and says what to do', async () => {
  const child = spawn('sleep', ['60']);
  try {
    await once(child, 'spawn');
    const pid = child.pid ?? 0;
    await writeFile(path, `${pid}\n${await startTime(pid)}\n`);
    await expect(acquireProcessLock(path, 'the folder')).rejects.toMatchObject({
      code: 'Conflict',
      message: `the folder is in use by process ${pid} (${path}): stop that one first, or choose another folder with --data`,
    });
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});

it('takes over from a process that was killed, is gone, or whose pid somebody else has now', async () => {
  for (const text of ['999999999\n1\n', `${process.ppid}\n1\n`, 'nonsense', '']) {
    await writeFile(path, text);
    const lock = await acquireProcessLock(path, 'the folder');
    expect(await readFile(path, 'utf8')).toMatch(new RegExp(`^${process.pid}\\n`));
    await lock.release();
  }
});

it('takes over from a zombie: killed, but not reaped by its parent', async () => {
  // A shell that never waits for the child that it started in the background.
  const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec tail -f /dev/null']);
  try {
    const [data] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(data.toString());
    await writeFile(path, `${pid}\n${await startTime(pid)}\n`);
    process.kill(pid, 'SIGKILL');
    await expect.poll(async () => readFile(`/proc/${pid}/stat`, 'utf8')).toMatch(/\) Z /);
    const lock = await acquireProcessLock(path, 'the folder');
    await lock.release();
  } finally {
    parent.kill('SIGKILL');
    await once(parent, 'exit');
  }
});
