import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { formatManifestError, type Manifests } from '../../src/manifest/manifest-document.js';
import { readManifests } from '../../src/manifest/read-manifests.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orch-manifests-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const namespace = (name: string): string => `apiVersion: v1\nkind: Namespace\nmetadata: { name: ${name} }\n`;
const write = (path: string, text: string): Promise<void> => writeFile(join(folder, path), text);
const namesOf = ({ documents }: Manifests): (string | undefined)[] =>
  documents.map(({ object }) => object.metadata.name);
const errorsOf = ({ errors }: Manifests): string[] =>
  errors.map((error) => formatManifestError(error).replaceAll(folder, '.'));

it('reads the manifests of a folder in order, and of folders inside it when asked to', async () => {
  await mkdir(join(folder, 'inner'));
  await mkdir(join(folder, '.git'));
  await write('b.yml', namespace('b'));
  await write('a.yaml', namespace('a'));
  await write('c.json', '{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"c"}}');
  await write('notes.txt', 'not: [a manifest');
  await write('.hidden.yaml', 'x');
  await write('inner/d.yaml', namespace('d'));
  await write('.git/e.yaml', namespace('e'));
  await symlink(folder, join(folder, 'inner/loop'));
  const flat = await readManifests([folder], { recursive: false });
  expect(errorsOf(flat)).toEqual([]);
  expect(namesOf(flat)).toEqual(['a', 'b', 'c']);
  const deep = await readManifests([folder], { recursive: true });
  expect(errorsOf(deep)).toEqual([]);
  expect(namesOf(deep)).toEqual(['a', 'b', 'c', 'd']);
});

it('reads standard input', async () => {
  async function* stdin(): AsyncGenerator<Buffer> {
    yield Buffer.from(namespace('a').slice(0, 10));
    yield Buffer.from(namespace('a').slice(10));
  }
  expect(namesOf(await readManifests(['-'], { recursive: false, stdin: stdin() }))).toEqual(['a']);
  async function* broken(): AsyncGenerator<string> {
    yield 'a: b: c';
  }
  expect(errorsOf(await readManifests(['-'], { recursive: false, stdin: broken() }))).toEqual([
    'stdin:1:5: ": " inside a value: put the value in quotes',
  ]);
});

it('finds the same object in two files', async () => {
  await write('a.yaml', namespace('a'));
  await write('b.yaml', namespace('a'));
  const manifests = await readManifests([join(folder, 'a.yaml'), join(folder, 'b.yaml')], { recursive: false });
  expect(errorsOf(manifests)).toEqual(['./b.yaml:3:19: metadata.name: namespace "a" is already at ./a.yaml:1']);
  expect(namesOf(manifests)).toEqual([]);
});

it('says what cannot be read, and reads the rest', async () => {
  await mkdir(join(folder, 'empty'));
  await mkdir(join(folder, 'links'));
  await symlink(join(folder, 'nowhere'), join(folder, 'links/dangling.yaml'));
  await write('a.yaml', namespace('a'));
  await write('big.yaml', '#'.repeat(3 * 2 ** 20 + 1));
  const paths = ['nowhere.yaml', 'empty', 'links', 'big.yaml', 'a.yaml'].map((path) => join(folder, path));
  const manifests = await readManifests(paths, { recursive: false });
  expect(errorsOf(manifests)).toEqual([
    './nowhere.yaml: no such file or folder',
    './empty: the folder has no .yaml, .yml or .json file (add -R to look in its folders)',
    './links/dangling.yaml: no such file or folder',
    './big.yaml: larger than 3 MiB',
  ]);
  expect(namesOf(manifests)).toEqual(['a']);
});
