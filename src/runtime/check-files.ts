import type { FileSet } from './container-runtime.js';
import { RuntimeError } from './container-runtime.js';

/**
 * Refuses files that would not stay where they belong, whoever asked for them: throws InvalidSpec. The same for every
 * runtime. Pure.
 */
export function checkFiles(sets: readonly FileSet[]): void {
  for (const { target, files } of sets) {
    if (!target.startsWith('/') || !isPlain(target.slice(1).replace(/\/$/, ''))) throw refused(target);
    for (const { path } of files) if (!isPlain(path) || path.startsWith('..')) throw refused(`${target}/${path}`);
  }
}

function isPlain(path: string): boolean {
  return !path.includes('\0') && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}

function refused(path: string): RuntimeError {
  return new RuntimeError(
    'InvalidSpec',
    `"${path.slice(0, 200)}" is not a place for a file: no part may be "..", "." or empty, and none may begin with ".."`,
  );
}
