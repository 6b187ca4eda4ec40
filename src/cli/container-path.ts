import { posix } from 'node:path';
import { OrchError } from '../support/errors.js';

/** One side of a copy: a path here, or in the container of a task. */
export type CopyEnd = { type: 'local'; path: string } | { type: 'task'; task: string; path: string };

/**
 * `web:/srv`, `task/web:/srv`, `deployment/shop:logs` -> in a container; anything else is a path here, as is what begins with `/` or `.`.
 * Throws BadRequest. Pure.
 */
export function parseCopyEnd(word: string): CopyEnd {
  const colon = word.indexOf(':');
  if (colon < 0 || word.startsWith('/') || word.startsWith('.')) return { type: 'local', path: word };
  const task = word.slice(0, colon);
  const path = word.slice(colon + 1);
  if (task === '' || path === '') throw new OrchError('BadRequest', `"${word}" is neither a path nor TASK:PATH`);
  return { type: 'task', task, path };
}

/** The folder that tar changes to, and the name in it. A path that ends as a folder (`/srv/.`, `/`, `..`) is `.` there. Pure. */
export function splitContainerPath(path: string): { folder: string; name: string } {
  const clean = posix.normalize(path).replace(/(.)\/+$/, '$1');
  const name = posix.basename(clean);
  if (clean === '/' || name === '.' || name === '..') return { folder: clean, name: '.' };
  return { folder: posix.dirname(clean), name };
}
