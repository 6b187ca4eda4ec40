/**
 * Containers of orch's own program (machine-code.ts): each renames files in volumes of one task's container, and goes. Always holds:
 * at most one at a time for a container, of which the name makes sure; after any crash it is removed, by whoever
 * is about to make the next one or by sweep(); none is listed, counted or adopted as a task's, because their labels are others.
 */
import type { Clock } from '../../../support/clock.js';
import { errorMessage } from '../../../support/errors.js';
import type { Logger } from '../../../support/logger.js';
import { RuntimeError } from '../../container-runtime.js';
import { deadlines } from '../../deadlines.js';
import { labels } from '../create-body.js';
import type { CreateBody, ListedContainer } from '../engine-api.js';
import type { EngineConnection } from '../engine-connection.js';
import { createToolContainer } from './create-tool-container.js';
import type { Architecture } from './machine-code.js';
import { architectures } from './machine-code.js';
import { toolPath } from './tool-image.js';
import { removeUnusedVolumes } from './unused-volumes.js';

/** One rename(2) in a volume: `volume` is its place in the list of volumes, the paths are relative to its top. */
export interface Rename {
  volume: number;
  from: string;
  to: string;
}

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

  constructor(private readonly options: ToolOptions) {}

  /** Whether the program is written for the machine. Rejects when the engine does not say what it is. */
  async canRun(): Promise<boolean> {
    return architectures.has(await this.options.architecture());
  }

  /** Ends what an earlier life left running for this container: nothing is renamed any more after that. */
  async clear(containerId: string): Promise<void> {
    const { connection, clusterUid } = this.options;
    const name = nameFor(containerId);
    const found = await connection.call(
      'inspect',
      deadlines.inspect,
      (engine, abortSignal) => engine.getContainer(name).inspect({ abortSignal }),
      [404],
    );
    if (!found) return;
    if (found.Config?.Labels?.[labels.ownClusterUid] !== clusterUid) {
      throw new RuntimeError('Unavailable', `the name ${name} is in use by a container that is not orch's: remove it`);
    }
    await this.remove(found.Id);
  }

  /** Does them in their order; after a failure those before it are done. To be preceded by clear(). */
  async rename(containerId: string, volumes: readonly string[], renames: readonly Rename[]): Promise<void> {
    const architecture = architectures.get(await this.options.architecture());
    if (!architecture) throw new RuntimeError('Unavailable', 'there is no program for the machine of the engine');
    for (let from = 0; from < renames.length; from += renamesAtOnce) {
      await this.run(architecture, containerId, volumes, renames.slice(from, from + renamesAtOnce));
    }
  }

  /** Removes what earlier lives left, if anything may be left. `containers`: all of this cluster's. Never rejects. */
  async sweep(containers: ReadonlySet<string>): Promise<void> {
    if (this.isClean || this.isSweeping) return;
    this.isSweeping = true;
    this.isClean = true;
    try {
      for (const listed of await this.list()) {
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
    const isOrphan = !containers.has(Labels?.[labels.toolFor] ?? '');
    if (!isOrphan && now - seen < leftAloneMilliseconds) return false;
    this.firstSeen.delete(Id);
    return true;
  }

  private async run(
    architecture: Architecture,
    containerId: string,
    volumes: readonly string[],
    renames: readonly Rename[],
  ): Promise<void> {
    const { connection, logger } = this.options;
    const body = toolBody(this.options.clusterUid, containerId, volumes, renames);
    const id = await createToolContainer(connection, architecture, nameFor(containerId), body);
    try {
      await connection.call('start', deadlines.start, (engine, abortSignal) =>
        engine.getContainer(id).start({ abortSignal }),
      );
      const ended = await connection.call('wait', deadlines.tool, (engine, abortSignal) =>
        engine.getContainer(id).wait({ abortSignal }),
      );
      const errno = ended?.StatusCode;
      if (errno !== 0) throw new RuntimeError('Unavailable', `files could not be renamed (errno ${String(errno)})`);
    } finally {
      await this.remove(id).catch((error: unknown) => {
        this.isClean = false;
        logger.warn('a container of orch itself is not removed yet', { container: id, error: errorMessage(error) });
      });
    }
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

/** Nothing but these volumes is to be had from within. Programs may have taken their folders and links over, hence two capabilities. Pure. */
function toolBody(
  clusterUid: string,
  containerId: string,
  volumes: readonly string[],
  renames: readonly Rename[],
): Omit<CreateBody, 'Image'> {
  return {
    User: '0:0',
    Entrypoint: [toolPath],
    Cmd: renames.flatMap(({ volume, from, to }) => [`/${volume}/${from}`, `/${volume}/${to}`]),
    Env: [],
    Labels: { [labels.ownClusterUid]: clusterUid, [labels.toolFor]: containerId },
    ExposedPorts: {},
    HostConfig: {
      RestartPolicy: { Name: 'no' },
      LogConfig: { Type: 'none', Config: {} },
      SecurityOpt: ['no-new-privileges'],
      CapDrop: ['ALL'],
      CapAdd: ['DAC_OVERRIDE', 'FOWNER'],
      ReadonlyRootfs: true,
      PidsLimit: 32,
      NetworkMode: 'none',
      PortBindings: {},
      Mounts: volumes.map((name, index) => ({
        Type: 'volume',
        Source: name,
        Target: `/${index}`,
        ReadOnly: false,
        VolumeOptions: { NoCopy: true },
      })),
    },
  };
}
