import { basename } from 'node:path';
import type { Source } from '../model/source.js';
import { sourceKind } from '../model/source.js';
import type { Registry } from '../registry/registry.js';

/** `--watch DIR` is a Source like any other, named after the folder, so that `orch get sources` shows it. `path` is absolute. */
export async function ensureFolderSource(registry: Registry, path: string): Promise<void> {
  const name = sourceNameOf(path);
  const source: Source = {
    apiVersion: 'orch.dev/v1',
    kind: 'Source',
    metadata: { name },
    spec: { folder: { path } },
  };
  await registry.apply(sourceKind, { name }, source, { fieldManager: 'orch-watch', force: true, source: 'orch up' });
}

/** A valid object name from a folder's: 'My Shop' -> 'my-shop'. */
function sourceNameOf(path: string): string {
  const name = basename(path)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 63);
  return name === '' ? 'folder' : name;
}
