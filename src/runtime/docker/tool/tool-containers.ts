/**
 * Containers of orch's own: through each, files are written into volumes that a task's container may only read, and the program in its
 * image (machine-code.ts) renames some. Always holds: at most one at a time for a container, of which the name makes sure; after any
 * crash it is removed, by whoever is about to make the next one or by sweep(); none is listed, counted or adopted as a task's, because
 * their labels are others.
 */
import type { Clock } from '../../../support/clock.js';
import { errorMessage } from '../../../support/errors.js';
import type { Logger } from '../../../support/logger.js';
import { RuntimeError } from '../../container-runtime.js';
import { deadlines } from '../../deadlines.js';
import { labels } from '../create-body.js';
import type { CreateBody, EngineMount, InspectedContainer, ListedContainer } from '../engine-api.js';
import type { EngineConnection } from '../engine-connection.js';
import { RecentlySeen } from '../recently-seen.js';
import { createToolContainer } from './create-tool-container.js';
import { architectureOrAny, architectures } from './machine-code.js';
import { toolPath } from './tool-image.js';
import { removeUnusedVolumes } from './unused-volumes.js';

/** One rename(2) in a volume: `volume` is its place in the list of volumes, the paths are relative to its top. */
export interface Rename {
  volume: number;
  from: string;
  to: string;
}

export interface Job {
  /** The container of a task that has these volumes. */
  containerId: string;
  /** Names; each is writable at `/` and its place in the list. */
  volumes: readonly string[];
}

/** What is done with the container of this id. */
type Work<T = void> = (id: string) => Promise<T>;

interface ToolOptions {
  connection: EngineConnection;
  clusterUid: string;
  clock: Clock;
  logger: Logger;
  /** Of the engine's machine, as images call it. */
  architecture(): Promise<string>;
}

/** So many fit into the arguments of a program, however long the paths are. */
const renamesAtOnce = 200;
/** Longer than all that is asked about one of them may take, so whoever made it is gone. */
const leftAloneMilliseconds = 5 * 60_000;

export class ToolContainers {
  /** Nothing is left behind that this process knows of; at first it knows nothing. */
  private isClean = false;
  private isSweeping = false;
  private readonly firstSeen = new Map<string, number>();
  private readonly withVolumes = new RecentlySeen<true>(50_000);

  constructor(private readonly options: ToolOptions) {}

  /** Whether the program is written for the machine. Rejects when the engine does not say what it is. */
  async canRun(): Promise<boolean> {
    return architectures.has(await this.options.architecture());
  }

  /** Ends what an earlier life left running for this container: nothing is renamed any more after that. */
  async clear(containerId: string): Promise<void> {
    await this.clearName(nameFor(containerId));
  }

  /**
   * Makes a container that is never started and has new volumes, does the work, and removes it. `name`: of the task's container that is
   * about to be created. What an earlier life left for that goes first.
   */
  async fill<T>(name: string, mounts: EngineMount[], work: Work<T>): Promise<T> {
    // Nobody may have the volumes in the end, or whoever has them goes by another hand than orch's.
    this.isClean = false;
    const own = `${name.slice(0, 200)}-files`;
    const body = toolBody(this.options.clusterUid, name, mounts, []);
    return this.use(own, body, work);
  }

  /** The same with volumes that are there. To be preceded by clear(). */
  async open(job: Job, work: Work): Promise<void> {
    await this.useFor(job, [], work);
  }

  /**
   * Does the renames in their order, and work before the first and after the last of them; after a failure what comes before is done.
   * To be preceded by clear().
   */
  async rename(job: Job, renames: readonly Rename[], { before, after }: { before: Work; after: Work }): Promise<void> {
    for (let from = 0; from < renames.length; from += renamesAtOnce) {
      await this.useFor(job, renames.slice(from, from + renamesAtOnce), async (id) => {
        if (from === 0) await before(id);
        await this.run(id);
        if (from + renamesAtOnce >= renames.length) await after(id);
      });
    }
  }

  /** A container of a task has volumes that do not go with it by themselves. */
  settle(containerId: string): void {
    this.withVolumes.set(containerId, true);
  }

  /** Removes the volumes of a container that was removed. Never rejects: what fails, and what another life made, is for sweep(). */
  async afterRemoval(containerId: string): Promise<void> {
    const { connection, clusterUid } = this.options;
    const isKnown = this.withVolumes.get(containerId) ?? false;
    this.withVolumes.delete(containerId);
    const isDone =
      isKnown &&
      (await removeUnusedVolumes(connection, clusterUid).then(
        () => true,
        () => false,
      ));
    if (!isDone) this.isClean = false;
  }

  /** Removes what earlier lives left, if anything may be left. `containers`: all of this cluster's. Never rejects. */
  async sweep(containers: ReadonlySet<string>): Promise<void> {
    if (this.isClean || this.isSweeping) return;
    this.isSweeping = true;
    this.isClean = true;
    try {
      const all = await this.list();
      const ids = new Set(all.map(({ Id }) => Id));
      for (const id of this.firstSeen.keys()) if (!ids.has(id)) this.firstSeen.delete(id);
      for (const listed of all) {
        if (this.isLeftOver(listed, containers)) await this.remove(listed.Id);
        else this.isClean = false;
      }
      await removeUnusedVolumes(this.options.connection, this.options.clusterUid);
    } catch (error) {
      this.isClean = false;
      this.options.logger.debug('what an earlier life left is not removed yet', { error: errorMessage(error) });
    } finally {
      this.isSweeping = false;
    }
  }

  private async list(): Promise<ListedContainer[]> {
    const filters = { label: [`${labels.ownClusterUid}=${this.options.clusterUid}`, labels.toolFor] };
    const listed = await this.options.connection.call('list', deadlines.list, (engine, abortSignal) =>
      engine.listContainers({ all: true, filters, abortSignal }),
    );
    if (!Array.isArray(listed))
      throw new RuntimeError('Unavailable', 'list: the engine sent something that is not a list');
    return listed.filter(({ Labels }) => Labels?.[labels.ownClusterUid] === this.options.clusterUid);
  }

  /** Another worker on the same engine may be using it just now. */
  private isLeftOver({ Id, Labels }: ListedContainer, containers: ReadonlySet<string>): boolean {
    const now = this.options.clock.monotonic();
    const seen = this.firstSeen.get(Id) ?? now;
    this.firstSeen.set(Id, seen);
    const worksFor = Labels?.[labels.toolFor] ?? '';
    // What is for a container's name is there before that container.
    const isOrphan = /^[0-9a-f]{64}$/.test(worksFor) && !containers.has(worksFor);
    if (!isOrphan && now - seen < leftAloneMilliseconds) return false;
    this.firstSeen.delete(Id);
    return true;
  }

  private async clearName(name: string): Promise<void> {
    const found = await this.inspect(name);
    if (!found) return;
    if (found.Config?.Labels?.[labels.ownClusterUid] !== this.options.clusterUid) {
      throw new RuntimeError('Unavailable', `the name ${name} is in use by a container that is not orch's: remove it`);
    }
    await this.remove(found.Id);
  }

  private inspect(idOrName: string): Promise<InspectedContainer | undefined> {
    return this.options.connection.call(
      'inspect',
      deadlines.inspect,
      (engine, abortSignal) => engine.getContainer(idOrName).inspect({ abortSignal }),
      [404],
    );
  }

  private async useFor({ containerId, volumes }: Job, renames: readonly Rename[], work: Work): Promise<void> {
    const mounts = volumes.map((Source, index): EngineMount => {
      return { Type: 'volume', Source, Target: `/${index}`, ReadOnly: false, VolumeOptions: { NoCopy: true } };
    });
    await this.use(nameFor(containerId), toolBody(this.options.clusterUid, containerId, mounts, renames), work);
  }

  private async use<T>(name: string, body: Omit<CreateBody, 'Image'>, work: Work<T>): Promise<T> {
    const { connection, logger } = this.options;
    const architecture = architectureOrAny(await this.options.architecture());
    const create = (): Promise<string> => createToolContainer(connection, architecture, name, body);
    const creating = create().catch(async (error: unknown) => {
      if (!(error instanceof RuntimeError) || error.code !== 'NameConflict') throw error;
      await this.clearName(name);
      return create();
    });
    const id = await creating.catch((error: unknown) => {
      // It may be there all the same.
      this.isClean = false;
      throw error;
    });
    try {
      return await work(id);
    } finally {
      await this.remove(id).catch((error: unknown) => {
        this.isClean = false;
        logger.warn('a container of orch itself is not removed yet', { container: id, error: errorMessage(error) });
      });
    }
  }

  private async run(id: string): Promise<void> {
    const { connection } = this.options;
    await connection.call('start', deadlines.start, (engine, abortSignal) =>
      engine.getContainer(id).start({ abortSignal }),
    );
    const ended = await connection.call('wait', deadlines.tool, (engine, abortSignal) =>
      engine.getContainer(id).wait({ abortSignal }),
    );
    const errno = ended?.StatusCode;
    if (errno !== 0) throw new RuntimeError('Unavailable', `files could not be renamed (errno ${String(errno)})`);
  }

  private async remove(id: string): Promise<void> {
    await this.options.connection.call(
      'remove',
      deadlines.remove,
      (engine, abortSignal) => engine.getContainer(id).remove({ force: true, v: true, abortSignal }),
      [404],
    );
  }
}

/** One for each container, so that the engine refuses a second one. */
function nameFor(containerId: string): string {
  return `orch-tool-${containerId.slice(0, 32)}`;
}

/**
 * Nothing but these volumes is to be had from within; its root is writable, as the engine unpacks no archive at one that is not. Programs
 * may have taken their folders and links over where an earlier version let them, hence two capabilities. Pure.
 */
function toolBody(
  clusterUid: string,
  worksFor: string,
  Mounts: EngineMount[],
  renames: readonly Rename[],
): Omit<CreateBody, 'Image'> {
  return {
    User: '0:0',
    Entrypoint: [toolPath],
    Cmd: renames.flatMap(({ volume, from, to }) => [`/${volume}/${from}`, `/${volume}/${to}`]),
    Env: [],
    Labels: { [labels.ownClusterUid]: clusterUid, [labels.toolFor]: worksFor },
    ExposedPorts: {},
    HostConfig: {
      RestartPolicy: { Name: 'no' },
      LogConfig: { Type: 'none', Config: {} },
      SecurityOpt: ['no-new-privileges'],
      CapDrop: ['ALL'],
      CapAdd: ['DAC_OVERRIDE', 'FOWNER'],
      PidsLimit: 32,
      NetworkMode: 'none',
      PortBindings: {},
      Mounts,
    },
  };
}
