import { execFile } from 'node:child_process';
import { mkdir, open, readdir, readFile, readlink, rmdir, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { errorMessage } from '../../support/errors.js';
import type { Logger } from '../../support/logger.js';
import { RuntimeError } from '../container-runtime.js';

const run = promisify(execFile);
/** O_PATH of Linux, which Node has no name for: the file is held, whatever becomes of its path, and not read. */
const holdOnly = 0o10000000;
const mountMilliseconds = 10_000;
/** More mounts on one place than anybody makes. */
const maxStacked = 16;
const probeName = 'probe';

/**
 * Paths of the machine, held for containers. A path is opened and what is open is judged, not its name; that is then mounted at a
 * place of orch's own, and the engine is given the place. So whoever may write on the way leads the engine nowhere else.
 * What is mounted for a container goes once the container is gone, whichever life of this worker mounted it. Mounts
 * are made private before anything else: to take one away takes nothing away where it came from.
 */
export class PinnedMounts {
  /** When something was last pinned for a container; those that are being made now have no time to be swept at. */
  readonly #turns = new Map<string, number>();
  #turn = 0;

  constructor(
    /** Root's own, and below nothing that people remove with all that it holds. */
    readonly directory: string,
    private readonly logger: Logger,
  ) {}

  /**
   * The places for the engine, one for each path. `judge` throws for where an open path really leads. Until `settle` nothing of
   * this container is swept. Rejects with MountFailed.
   */
  async pin(
    containerName: string,
    paths: readonly string[],
    judge: (real: string) => Promise<void>,
  ): Promise<string[]> {
    this.#turns.set(containerName, Infinity);
    const places: string[] = [];
    try {
      await this.#release(containerName);
      for (const path of paths) {
        const place = join(this.directory, containerName, String(places.length));
        await this.#pinOne(path, place, judge);
        places.push(place);
      }
      return places;
    } catch (error) {
      await this.unpin(containerName);
      if (error instanceof RuntimeError) throw error;
      throw new RuntimeError('MountFailed', `cannot be mounted from this machine: ${errorMessage(error)}`);
    }
  }

  /** The engine has answered for this container: a sweep may look for it. */
  settle(containerName: string): void {
    if (this.#turns.has(containerName)) this.#turns.set(containerName, ++this.#turn);
  }

  /** Takes away what is pinned for a container that was not made, or is gone. What cannot be taken away waits for a sweep. */
  async unpin(containerName: string): Promise<void> {
    this.#turns.delete(containerName);
    await this.#release(containerName).catch((error: unknown) =>
      this.logger.warn('cannot take a pinned folder away', { container: containerName, error: errorMessage(error) }),
    );
  }

  /**
   * Lists, and takes away what is pinned for containers that are not in the list. What was pinned after the list was asked for is
   * left alone: its container may be too young to be in it.
   */
  async sweep<T extends { name: string }>(list: () => Promise<T[]>): Promise<T[]> {
    const turn = this.#turn;
    const pinned = await readdir(this.directory).catch((): string[] => []);
    const listed = await list();
    const names = new Set(listed.map(({ name }) => name));
    for (const name of pinned) {
      if (name.startsWith('.') || names.has(name)) continue;
      if ((this.#turns.get(name) ?? 0) <= turn) await this.unpin(name);
    }
    return listed;
  }

  /** Leaves nothing, unless something is pinned still: containers go on, and the next life takes it over. */
  async close(): Promise<void> {
    await rmdir(this.directory).catch(() => undefined);
  }

  async hasAny(): Promise<boolean> {
    return (await readdir(this.directory).catch((): string[] => [])).length > 0;
  }

  /** Whether what is mounted here can be seen by who is asked: rejects when nothing can be mounted at all. */
  async probe(isSeen: (path: string) => Promise<boolean>): Promise<boolean> {
    const folder = join(this.directory, '.probe');
    const inside = join(folder, 'inside');
    await mkdir(inside, { recursive: true, mode: 0o700 });
    try {
      const [place = ''] = await this.pin(probeName, [folder], () => Promise.resolve());
      return await isSeen(join(place, 'inside'));
    } finally {
      await this.unpin(probeName);
      await rmdir(inside).catch(() => undefined);
      await rmdir(folder).catch(() => undefined);
    }
  }

  async #pinOne(path: string, place: string, judge: (real: string) => Promise<void>): Promise<void> {
    const handle = await open(path, holdOnly);
    try {
      const held = `/proc/${process.pid}/fd/${handle.fd}`;
      await judge(await readlink(held));
      await mkdir(join(place, '..'), { recursive: true, mode: 0o700 });
      if ((await handle.stat()).isDirectory()) await mkdir(place, { mode: 0o700 });
      else await writeFile(place, '', { flag: 'wx', mode: 0o600 });
      await command('mount', '--rbind', '--make-rprivate', '--no-canonicalize', held, place);
    } finally {
      await handle.close();
    }
  }

  async #release(containerName: string): Promise<void> {
    const folder = join(this.directory, containerName);
    const places = await readdir(folder).catch(() => undefined);
    if (places === undefined) return;
    for (const name of places) {
      const place = join(folder, name);
      for (let left = maxStacked; left > 0 && (await isMounted(place)); left -= 1) {
        // A worker that died in between may have left it shared.
        await command('mount', '--make-rprivate', place);
        await command('umount', '--lazy', '--no-canonicalize', place);
      }
      // Never with what it holds: should it be mounted still, both fail.
      await rmdir(place).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOTDIR') throw error;
        return unlink(place);
      });
    }
    await rmdir(folder);
  }
}

async function command(file: string, ...args: string[]): Promise<void> {
  await run(file, args, { timeout: mountMilliseconds, killSignal: 'SIGKILL' });
}

/** By the kernel's own list: a mount of the same file system looks like any folder. */
async function isMounted(place: string): Promise<boolean> {
  const table = await readFile('/proc/self/mountinfo', 'utf8');
  const written = place.replaceAll(
    /[\s\\]/g,
    (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`,
  );
  return table.split('\n').some((line) => line.split(' ')[4] === written);
}
