import type { Clock } from '../../support/clock.js';
import type { FileSet } from '../container-runtime.js';
import { deadlines } from '../deadlines.js';
import type { EngineConnection } from './engine-connection.js';
import { fileArchive } from './file-archive.js';

/**
 * Puts files into a container that was created and not started: into its own file system, through the engine, so that an engine
 * elsewhere is as good and nothing lies on the disk of this machine. A file never takes the place of a folder, nor a folder
 * that of a file or link: then the engine refuses.
 */
export async function putFiles(
  connection: EngineConnection,
  clock: Clock,
  id: string,
  sets: readonly FileSet[],
): Promise<void> {
  for (const set of sets) {
    const target = set.target.replace(/\/$/, '');
    const folder = await existingFolder(connection, id, target);
    const below = folder === '/' ? target.slice(1) : target.slice(folder.length + 1);
    const archive = await fileArchive(set, below, new Date(clock.now()));
    await connection.call('archive', deadlines.archive, (engine, abortSignal) =>
      engine.getContainer(id).putArchive(archive, { _query: { path: folder, noOverwriteDirNonDir: '1' }, abortSignal }),
    );
  }
}

/** The place itself, or what of its folders is there: links to folders, as images have some, stay what they are. */
async function existingFolder(connection: EngineConnection, id: string, target: string): Promise<string> {
  for (let path = target; path !== ''; path = path.slice(0, path.lastIndexOf('/'))) {
    const found = await connection.call(
      'archive',
      deadlines.inspect,
      async (engine, abortSignal) => {
        const answer = await engine.getContainer(id).infoArchive({ _query: { path }, abortSignal });
        answer.resume();
        return true;
      },
      [404],
    );
    if (found) return path;
  }
  return '/';
}
