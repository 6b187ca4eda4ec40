import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Mutation } from './mutations.js';

/** The checkout that is copied. */
const checkout = fileURLToPath(new URL('../../..', import.meta.url));
const parts = ['.ci', 'src', 'test', 'schemas', 'manifests', 'package.json', 'tsconfig.json', '.vitest.config.ts'];

/** The source with the mutation in it. Throws when its snippet is not there exactly once: then the table is out of date. */
export function mutate(source: string, { name, file, from, to }: Mutation): string {
  const [before, after, ...more] = source.split(from);
  if (before === undefined || after === undefined || more.length > 0) {
    const count = source.split(from).length - 1;
    throw new Error(
      `mutation "${name}": its snippet is ${count} times in ${file}, not once: bring the table up to date`,
    );
  }
  return before + to + after;
}

export function readSource({ file }: Mutation): Promise<string> {
  return readFile(join(checkout, file), 'utf8');
}

/** A copy of the checkout in a temporary folder, in which one guard at a time is broken. The checkout is never touched. */
export class MutatedCopy {
  private constructor(readonly folder: string) {}

  static async make(): Promise<MutatedCopy> {
    const folder = await mkdtemp(join(tmpdir(), 'orch-mutations-'));
    for (const part of parts) await cp(join(checkout, part), join(folder, part), { recursive: true });
    await symlink(join(checkout, 'node_modules'), join(folder, 'node_modules'));
    return new MutatedCopy(folder);
  }

  /** Runs `work` while the mutation is in the copy. */
  async with<T>(mutation: Mutation, work: () => Promise<T>): Promise<T> {
    const path = join(this.folder, mutation.file);
    const original = await readFile(path, 'utf8');
    await writeFile(path, mutate(original, mutation));
    try {
      return await work();
    } finally {
      await writeFile(path, original);
    }
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}
