import { chmod, lstat, mkdir, mkdtemp, readFile, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writePrivateFile } from '../../src/support/private-file.js';
import { ensurePrivateFolder } from '../../src/support/private-folder.js';

let root = '';
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'orch-private-')));
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe('writePrivateFile', () => {
  it('writes through no link that lies where it makes its new file, and leaves what the link leads to', async () => {
    await writeFile(join(root, 'victim'), 'important=1');
    await symlink(join(root, 'victim'), join(root, 'identity.json.new'));
    await writePrivateFile(join(root, 'identity.json'), 'token');
    expect(await readFile(join(root, 'victim'), 'utf8')).toBe('important=1');
    expect(await readFile(join(root, 'identity.json'), 'utf8')).toBe('token');
    expect((await lstat(join(root, 'identity.json'))).isFile()).toBe(true);
  });

  it('gives the file to its owner only, also over one that was left behind open to all', async () => {
    await writeFile(join(root, 'token.new'), 'half');
    await chmod(join(root, 'token.new'), 0o666);
    await writePrivateFile(join(root, 'token'), 'whole');
    expect((await stat(join(root, 'token'))).mode & 0o777).toBe(0o600);
    expect(await readFile(join(root, 'token'), 'utf8')).toBe('whole');
  });
});

describe('ensurePrivateFolder', () => {
  it('makes a folder for its owner only, with the ones above it', async () => {
    await ensurePrivateFolder(join(root, 'a/b'));
    expect((await stat(join(root, 'a/b'))).mode & 0o777).toBe(0o700);
  });

  it('refuses one that others may write in, with what to do', async () => {
    await mkdir(join(root, 'shared'));
    await chmod(join(root, 'shared'), 0o777);
    await expect(ensurePrivateFolder(join(root, 'shared'))).rejects.toMatchObject({ code: 'Conflict' });
    await expect(ensurePrivateFolder(join(root, 'shared/worker'))).rejects.toThrow(`chmod o-w ${root}/shared`);
  });
});
