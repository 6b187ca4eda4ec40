import type { Clock, Timer } from '../support/clock.js';
import { errorMessage } from '../support/errors.js';
import type { Logger } from '../support/logger.js';
import type { FileSystem } from './file-system.js';
import { canMatter, lookAtFolder, sameLook, type FolderLook } from './look-at-folder.js';

/** How often the folder itself is looked at: a watcher does not see that its root was replaced. */
const rootLookMilliseconds = 1000;
/**
 * How often the folder is listed (not read) besides hints: some changes (permissions, network file systems, a full
 * inotify queue) never give one. Seldomer when a look takes long: at most 1 % of the time goes into looking.
 */
const lookMilliseconds = 5000;
const lookShare = 100;

/**
 * Calls `onHint` when a folder may have changed: soon after the operating system says so, and within seconds when it
 * does not.
 */
export class FolderWatcher {
  #path = '';
  #known: FolderLook | undefined;
  #hints: { rootId: string; close(): Promise<void> } | undefined;
  #timer: Timer | undefined;
  #nextLook = 0;
  #closed = false;

  constructor(
    readonly options: { fileSystem: FileSystem; allowedFolders: readonly string[]; clock: Clock; logger: Logger },
    readonly onHint: () => void,
  ) {}

  /** From now on what differs from `look` is a hint. A folder that was replaced is watched anew. */
  async follow(path: string, look: FolderLook): Promise<void> {
    if (this.#closed) return;
    this.#path = path;
    this.#known = look;
    if (look.state !== 'present') {
      if (look.state === 'missing') await this.#stopHints();
    } else if (this.#hints?.rootId !== look.rootId) {
      await this.#stopHints();
      this.#startHints(look.realRoot, look.rootId);
    }
    if (!this.#timer) this.#schedule();
  }

  async pause(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#known = undefined;
    await this.#stopHints();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.pause();
  }

  #startHints(realRoot: string, rootId: string): void {
    let told = false;
    const hints = this.options.fileSystem.watch(realRoot, canMatter, this.onHint, (error) => {
      if (told) return;
      told = true;
      this.options.logger.warn('folder cannot be watched: it is looked at every few seconds all the same', {
        error: errorMessage(error),
      });
    });
    this.#hints = { rootId, close: () => hints.close() };
  }

  async #stopHints(): Promise<void> {
    const hints = this.#hints;
    this.#hints = undefined;
    await hints?.close();
  }

  #schedule(): void {
    if (this.#closed) return;
    this.#timer = this.options.clock.setTimer(() => {
      this.#lookAgain()
        .catch(() => this.onHint())
        .finally(() => {
          if (this.#timer) this.#schedule();
        })
        .catch(() => undefined);
    }, rootLookMilliseconds);
  }

  async #lookAgain(): Promise<void> {
    const { fileSystem, allowedFolders, clock } = this.options;
    const known = this.#known;
    if (!known) return;
    const start = clock.monotonic();
    if (start < this.#nextLook) {
      if (await this.#rootIsAsKnown(known)) return;
      return this.onHint();
    }
    const look = await lookAtFolder(fileSystem, this.#path, allowedFolders);
    const end = clock.monotonic();
    this.#nextLook = end + Math.max(lookMilliseconds, lookShare * (end - start));
    if (this.#known === known && !sameLook(known, look)) this.onHint();
  }

  async #rootIsAsKnown(known: FolderLook): Promise<boolean> {
    if (known.state !== 'present' && known.state !== 'missing') return true;
    const { fileSystem } = this.options;
    const rootId = await fileSystem
      .resolve(this.#path)
      .then((root) => fileSystem.look(root))
      .then(
        (look) => look.id,
        () => undefined,
      );
    return this.#known !== known || rootId === (known.state === 'present' ? known.rootId : undefined);
  }
}
