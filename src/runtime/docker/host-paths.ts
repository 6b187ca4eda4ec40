/**
 * Paths of the machine for containers. In: mounts as tasks ask for them, and what is allowed; out: mounts that the engine may be
 * given. Always holds: what a container sees is what was judged, whoever changes the path meanwhile. Where the path can be
 * pinned down (PinnedMounts) any below an allowed folder is had; elsewhere the allowed folders themselves only.
 */
import { realpath } from 'node:fs/promises';
import { errorMessage } from '../../support/errors.js';
import { isWithin } from '../../support/is-within.js';
import type { Logger } from '../../support/logger.js';
import type { Mount } from '../container-runtime.js';
import { RuntimeError } from '../container-runtime.js';
import { judgePath, realPathOf } from './denied-paths.js';
import type { PinnedMounts } from './pinned-mounts.js';

export interface HostPathRules {
  /** Folders from which tasks may mount. */
  allowed: readonly string[];
  /** What no task gets, whatever is allowed: whoever has the engine's socket has the machine. */
  denied: () => Promise<readonly string[]>;
}

interface HostPathsOptions {
  rules: HostPathRules;
  logger: Logger;
  /** Absent where nothing can be mounted: not root, or not Linux. */
  pins?: PinnedMounts;
  /** Whether the engine finds this path: it may live on another machine, or see other mounts. */
  isSeenByEngine: (path: string) => Promise<boolean>;
}

type BindMount = Extract<Mount, { type: 'bind' }>;

export class HostPaths {
  #mode: { unpinnedBecause?: string } | undefined;

  constructor(private readonly options: HostPathsOptions) {}

  /**
   * The mounts as the engine is to be given them for this container. Rejects with MountFailed for a path that is not there or not
   * allowed: both can pass. After the engine has answered: `settle`, or `forget` when there is no container.
   */
  async resolve(containerName: string, mounts: readonly Mount[]): Promise<Mount[]> {
    const binds = mounts.filter((mount): mount is BindMount => mount.type === 'bind');
    const [first] = binds;
    if (!first) return [...mounts];
    if (this.options.rules.allowed.length === 0) throw nothingAllowed(first.path);
    const { pins, rules } = this.options;
    const { unpinnedBecause } = await this.mode();
    const paths =
      pins && unpinnedBecause === undefined
        ? await this.#pin(pins, containerName, binds)
        : await Promise.all(binds.map(({ path }) => exactPath(path, rules, unpinnedBecause ?? '')));
    return mounts.map((mount) => (mount.type === 'bind' ? { ...mount, path: paths.shift() ?? '' } : mount));
  }

  /** The path of a volume's device, which the engine resolves by itself. Rejects with MountFailed. */
  async judgeDevice(path: string): Promise<void> {
    if (this.options.rules.allowed.length === 0) throw nothingAllowed(path);
    await exactPath(path, this.options.rules, 'the engine follows the options of a volume by itself');
  }

  settle(containerName: string): void {
    this.options.pins?.settle(containerName);
  }

  async forget(containerName: string): Promise<void> {
    await this.options.pins?.unpin(containerName);
  }

  /** Lists containers, and lets go of what was pinned for those that are gone. */
  async listing<T extends { name: string }>(list: () => Promise<T[]>): Promise<T[]> {
    return this.options.pins ? this.options.pins.sweep(list) : list();
  }

  async close(): Promise<void> {
    await this.options.pins?.close();
  }

  /** The same after a container was removed; a failure waits for the next list. */
  async afterRemoval<T extends { name: string }>(list: () => Promise<T[]>): Promise<void> {
    const { pins } = this.options;
    if (pins && (await pins.hasAny())) await pins.sweep(list).catch(() => undefined);
  }

  /** Whether paths are pinned down here, found out once and said in the log. Rejects when the engine cannot be asked. */
  async mode(): Promise<{ unpinnedBecause?: string }> {
    if (this.#mode) return this.#mode;
    const { logger, pins, isSeenByEngine, rules } = this.options;
    let unpinnedBecause: string | undefined;
    if (!pins) unpinnedBecause = 'it takes root on Linux';
    else {
      const seen = await pins.probe(isSeenByEngine).catch((error: unknown) => {
        if (error instanceof RuntimeError && error.code !== 'MountFailed') throw error;
        return errorMessage(error);
      });
      if (seen === false) unpinnedBecause = 'the engine does not see what is mounted here';
      else if (seen !== true) unpinnedBecause = seen.slice(0, 300);
    }
    this.#mode = unpinnedBecause === undefined ? {} : { unpinnedBecause };
    if (rules.allowed.length > 0) {
      if (unpinnedBecause === undefined)
        logger.info('hostPath: every path is pinned down, whatever lies in it is allowed');
      else logger.warn('hostPath: only the allowed folders themselves can be mounted', { because: unpinnedBecause });
    }
    return this.#mode;
  }

  async #pin(pins: PinnedMounts, containerName: string, binds: readonly BindMount[]): Promise<string[]> {
    let at = 0;
    const judge = async (real: string): Promise<void> => judgeReal(binds[at++]?.path ?? real, real, this.options.rules);
    return pins.pin(
      containerName,
      binds.map(({ path }) => path),
      judge,
    );
  }
}

/** Only what no task can have put something else in the place of: an allowed folder itself, in no other allowed one. */
async function exactPath(path: string, rules: HostPathRules, because: string): Promise<string> {
  const real = await realpath(path).catch((error: unknown) => {
    throw new RuntimeError('MountFailed', `${path} cannot be mounted from this machine: ${errorMessage(error)}`);
  });
  await judgeReal(path, real, rules);
  const around = (await resolveExisting(rules.allowed)).filter((folder) => isWithin(real, folder));
  if (around.every((folder) => folder === real)) return real;
  throw new RuntimeError(
    'MountFailed',
    `${path} lies in a folder that this worker allows, and only such a folder itself can be mounted (${because}): ` +
      `mount ${around.find((folder) => folder !== real)}, or start the worker with --allow-host-path ${path} alone`,
  );
}

async function judgeReal(path: string, real: string, { allowed, denied }: HostPathRules): Promise<void> {
  const problem = judgePath(path, real, {
    // One that is not there allows nothing.
    allowed: await resolveExisting(allowed),
    denied: await Promise.all((await denied()).map(realPathOf)),
  });
  if (problem !== undefined) throw new RuntimeError('MountFailed', problem);
}

function nothingAllowed(path: string): RuntimeError {
  return new RuntimeError(
    'MountFailed',
    `this worker lets no task mount ${path}: start it with --allow-host-path FOLDER, or use another worker`,
  );
}

async function resolveExisting(paths: readonly string[]): Promise<string[]> {
  const resolved = await Promise.all(paths.map((path) => realpath(path).catch(() => undefined)));
  return resolved.filter((path) => path !== undefined);
}
