import { spawn, spawnSync } from 'node:child_process';
import { lstat, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { architectures } from '../../../../src/runtime/docker/tool/machine-code.js';
import { staticProgram } from '../../../../src/runtime/docker/tool/static-program.js';
import { waitFor } from '../../../support/wait-for.js';

const here = architectures.get(process.arch === 'x64' ? 'amd64' : process.arch);

let folder: string;
let program: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orch-program-'));
  program = join(folder, 'program');
  if (!here) throw new Error(`these tests run the program: it is not written for ${process.arch}`);
  await writeFile(program, staticProgram(here), { mode: 0o755 });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function run(...paths: string[]): number | null {
  return spawnSync(program, paths, { cwd: folder, timeout: 10_000 }).status;
}

describe('the program, as the processor of this machine runs it', () => {
  it('renames each first path to the second, over what is there, also a link to a link', async () => {
    for (const [name, to] of Object.entries({ a: 'new', b: 'old', c: 'x' })) await symlink(to, join(folder, name));
    expect(run('a', 'b', join(folder, 'c'), join(folder, 'd'))).toBe(0);
    expect(await readlink(join(folder, 'b'))).toBe('new');
    expect(await readdir(folder)).toEqual(['b', 'd', 'program']);
  });

  it('ends at the first that fails, with its errno', async () => {
    for (const name of ['a', 'c']) await writeFile(join(folder, name), name);
    const [noEntry, badAddress] = [2, 14];
    expect(run('a', 'b', 'none', 'x', 'c', 'd')).toBe(noEntry);
    expect(await readdir(folder)).toEqual(['b', 'c', 'program']);
    expect(run('c')).toBe(badAddress);
    expect((await lstat(join(folder, 'c'))).isFile()).toBe(true);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('stands still without paths, until %s', async (signal) => {
    const child = spawn(program, { stdio: 'ignore' });
    const ended = new Promise<unknown>((resolve) => child.once('exit', (code, by) => resolve(code ?? by)));
    // Before it waits, the signal would end it as any program. It sleeps nowhere else.
    await waitFor('it to wait', async () => /State:\s+S/.test(await readFile(`/proc/${child.pid}/status`, 'utf8')));
    child.kill('SIGSTOP');
    child.kill('SIGCONT');
    child.kill(signal);
    expect(await ended).toBe(0);
  });
});

const jump = /^(jz|jnz|jg|js|jmp|b\.eq|b\.gt|cbnz|tbnz|b) (?:w0, )?(?:#31, )?(\w+)/;

function targetOf(bytes: Buffer, at: number, verb: string): number {
  if (bytes.length === 2) return at + 2 + bytes.readInt8(1);
  const word = bytes.readInt32LE(0);
  const [bits, low] = verb === 'b' ? [26, 0] : verb === 'tbnz' ? [14, 5] : [19, 5];
  return at + (((word << (32 - bits - low)) >> (32 - bits)) << 2);
}

it.each([...architectures.values()])('its code for $name jumps to where it says', ({ code }) => {
  const labels = new Map<string, number>();
  const jumps: { from: number; to: number; label: string }[] = [];
  let at = 0;
  for (const [hex, meaning] of code) {
    const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
    const label = /^(\w+):/.exec(meaning)?.[1];
    if (label !== undefined) labels.set(label, at);
    const [, verb, to] = jump.exec(meaning.replace(/^\w+:/, '').trim()) ?? [];
    if (verb !== undefined && to !== undefined) jumps.push({ from: at, to: targetOf(bytes, at, verb), label: to });
    at += bytes.length;
  }
  expect(jumps).toHaveLength(5);
  expect(jumps.map(({ label }) => labels.get(label))).toEqual(jumps.map(({ to }) => to));
});
