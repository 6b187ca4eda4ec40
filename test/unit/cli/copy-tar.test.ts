import { lstat, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pack, type Header } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseCopyEnd, splitContainerPath } from '../../../src/cli/container-path.js';
import { extractTar } from '../../../src/cli/extract-tar.js';
import { packTar } from '../../../src/cli/pack-tar.js';

let folder: string;
let target: string;
const skipped: string[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orch-cp-'));
  target = join(folder, 'target');
  skipped.length = 0;
});
afterEach(() => rm(folder, { recursive: true, force: true }));

type Entry = Partial<Header> & Pick<Header, 'name'> & { text?: string };

async function unpack(entries: readonly Entry[], name = 'app'): Promise<number> {
  const packing = pack();
  for (const { text, ...header } of entries) packing.entry(header, text ?? '');
  packing.finalize();
  const archive = Readable.from([await buffer(packing)]);
  return extractTar(archive, name, target, (path) => skipped.push(path));
}

const read = (path: string): Promise<string> => readFile(join(folder, path), 'utf8');

describe('a folder out of a container', () => {
  it('becomes the target, with the modes of files but nothing setuid', async () => {
    const count = await unpack([
      { name: './app/', type: 'directory' },
      { name: './app/bin/run', text: '#!/bin/sh\n', mode: 0o4755 },
      { name: './app/empty', text: '' },
    ]);
    expect(count).toBe(3);
    expect(await read('target/bin/run')).toBe('#!/bin/sh\n');
    expect((await lstat(join(target, 'bin/run'))).mode & 0o7777).toBe(0o755);
    expect(await read('target/empty')).toBe('');
  });

  it('is taken whole where its name is `.`', async () => {
    await unpack(
      [
        { name: './', type: 'directory' },
        { name: './a/b', text: 'x' },
      ],
      '.',
    );
    expect(await read('target/a/b')).toBe('x');
  });

  it.each(['../evil', './app/../../evil', '/etc/evil', './other/evil', './app/..\\evil'])(
    'is refused when an entry is called %s',
    async (name) => {
      await expect(unpack([{ name, text: 'evil' }])).rejects.toMatchObject({ code: 'BadRequest' });
      await expect(read('evil')).rejects.toThrow('ENOENT');
      await expect(read('target/evil')).rejects.toThrow('ENOENT');
    },
  );

  it('makes no link and no device, and says so', async () => {
    await unpack([
      { name: './app/out', type: 'symlink', linkname: '/etc' },
      { name: './app/hard', type: 'link', linkname: '/etc/passwd' },
      { name: './app/pipe', type: 'fifo' },
      { name: './app/file', text: 'good' },
    ]);
    expect(skipped).toEqual(['./app/out', './app/hard', './app/pipe']);
    await expect(lstat(join(target, 'out'))).rejects.toThrow('ENOENT');
    expect(await read('target/file')).toBe('good');
  });

  it('writes through no link that is in the target already', async () => {
    await mkdir(join(folder, 'elsewhere'));
    await writeFile(join(folder, 'victim'), 'untouched');
    await mkdir(target);
    await symlink('../elsewhere', join(target, 'sub'));
    await symlink('../victim', join(target, 'file'));
    await expect(unpack([{ name: './app/sub/x', text: 'evil' }])).rejects.toThrow(/links are not followed/);
    await expect(unpack([{ name: './app/file', text: 'evil' }])).rejects.toThrow(/links are not followed/);
    await expect(read('elsewhere/x')).rejects.toThrow('ENOENT');
    expect(await read('victim')).toBe('untouched');
  });

  it('takes no file for a folder', async () => {
    const entries = [
      { name: './app/a', text: 'file' },
      { name: './app/a/b', text: 'below' },
    ];
    await expect(unpack(entries)).rejects.toMatchObject({ code: 'BadRequest' });
  });

  it('is refused when it has names without end', async () => {
    const long: Entry = { name: './app/x', pax: { comment: 'x'.repeat(6 * 2 ** 20) } };
    await expect(unpack([long])).rejects.toThrow(/no archive/);
  });

  it('is refused when it is no archive', async () => {
    const noise = Readable.from([Buffer.alloc(2048, 7)]);
    await expect(extractTar(noise, 'app', target, () => undefined)).rejects.toThrow();
  });
});

describe('a folder into a container', () => {
  it('arrives with files, folders and links, whatever is in it', async () => {
    const source = join(folder, 'site');
    await mkdir(join(source, 'deep'), { recursive: true });
    await writeFile(join(source, 'deep/a.txt'), 'A');
    await writeFile(join(source, 'empty'), '');
    await symlink('deep/a.txt', join(source, 'link'));
    const { archive, done } = packTar(source, 'app', (path) => skipped.push(path));
    const extracting = extractTar(archive, 'app', target, (path) => skipped.push(path));
    await done;
    await extracting;
    expect(await read('target/deep/a.txt')).toBe('A');
    expect(await read('target/empty')).toBe('');
    expect(skipped).toEqual(['app/link']);
  });

  it('rejects when it cannot be read', async () => {
    const { archive, done } = packTar(join(folder, 'nothing'), 'app', () => undefined);
    archive.on('error', () => undefined);
    await expect(done).rejects.toThrow(/cannot read .*nothing/);
  });
});

describe('the ends of a copy', () => {
  it.each([
    ['web:/srv', { type: 'task', task: 'web', path: '/srv' }],
    ['deployment/shop:logs', { type: 'task', task: 'deployment/shop', path: 'logs' }],
    ['./a:b', { type: 'local', path: './a:b' }],
    ['/a:b', { type: 'local', path: '/a:b' }],
    ['site', { type: 'local', path: 'site' }],
  ])('%s', (word, end) => {
    expect(parseCopyEnd(word)).toEqual(end);
  });

  it('has to name a path', () => {
    expect(() => parseCopyEnd('web:')).toThrow(/TASK:PATH/);
  });

  it.each([
    ['/etc/app/', { folder: '/etc', name: 'app' }],
    ['app', { folder: '.', name: 'app' }],
    ['/', { folder: '/', name: '.' }],
    ['/srv/.', { folder: '/', name: 'srv' }],
    ['..', { folder: '..', name: '.' }],
  ])('%s is split for tar', (path, parts) => {
    expect(splitContainerPath(path)).toEqual(parts);
  });
});
