/**
 * Files for the last words of programs (terminationMessagePath), through the engine alone. /dev is gone when a container has ended, so
 * the file lies in a nameless volume of a container of orch's own image, which is never started: it keeps the volume, and
 * through it the file is made and read. Where the volume lies on the engine's machine the engine says, so the file can be bound into
 * the task's container there. Always holds: the two go together; what a crash left is removed by sweep().
 */
import type { Clock } from '../../support/clock.js';
import { errorMessage } from '../../support/errors.js';
import type { Logger } from '../../support/logger.js';
import { maxTerminationMessageBytes, RuntimeError } from '../container-runtime.js';
import { deadlines } from '../deadlines.js';
import { endOfFile, put, stat } from './container-archive.js';
import { labels } from './create-body.js';
import type { CreateBody, InspectedContainer, ListedContainer } from './engine-api.js';
import type { EngineConnection } from './engine-connection.js';
import { createToolContainer } from './tool/create-tool-container.js';
import { architectureOrAny } from './tool/machine-code.js';

interface MessageFile {
  /** Of the container that keeps it. */
  keeper: string;
  /** On the engine's machine. */
  path: string;
}

interface MessageOptions {
  connection: EngineConnection;
  clusterUid: string;
  clock: Clock;
  logger: Logger;
  /** Of the engine's machine, as images call it. */
  architecture(): Promise<string>;
}

const folder = '/message';
const fileName = 'log';
/** Longer than a container may take to be created after its file. */
const leftAloneMilliseconds = 3 * 60_000;
/** So much of a file is looked at. */
const maxReadBytes = 16 * 2 ** 20;

export class MessageFiles {
  /** Keepers by the id of the container that they are for, as far as this life knows. */
  private readonly keepers = new Map<string, string>();
  private readonly firstSeen = new Map<string, number>();
  /** Whether some keeper may be there without its container. */
  private mayBeLeft = true;

  constructor(private readonly options: MessageOptions) {}

  /** An empty file that everybody may write to, for a container that is about to be created under this name. */
  async make(containerName: string): Promise<MessageFile> {
    const { connection, clusterUid, clock } = this.options;
    const keeper = `${containerName.slice(0, 200)}-message`;
    const architecture = architectureOrAny(await this.options.architecture());
    const path = `${folder}/${fileName}`;
    this.mayBeLeft = true;
    const body = keeperBody(clusterUid, containerName);
    const made = await createToolContainer(connection, architecture, keeper, body).catch((error: unknown) => {
      if (error instanceof RuntimeError && error.code === 'NameConflict') return undefined;
      throw error;
    });
    const inspected = await this.inspect(made ?? keeper);
    if (!inspected)
      throw new RuntimeError('Unavailable', `inspect: the engine has no ${keeper}, which it has just made`);
    // An earlier life made it; the container may even be there, and have the file.
    const place = { connection, clock, id: inspected.Id };
    if (made !== undefined || !(await stat(place, path))) {
      await put(place, [{ path, mode: 0o666, content: new Uint8Array(0) }]);
    }
    const source = inspected.Mounts?.find(({ Destination }) => Destination === folder)?.Source;
    if (!source?.startsWith('/')) {
      throw new RuntimeError('Unavailable', 'inspect: the engine does not say where its volume lies');
    }
    return { keeper, path: `${source}/${fileName}` };
  }

  /** The container of this id has it. */
  settle(containerId: string, { keeper }: MessageFile): void {
    this.keepers.set(containerId, keeper);
  }

  /** After its container was removed. Never rejects: what fails is for sweep(). */
  async afterRemoval(containerId: string): Promise<void> {
    const keeper = this.keepers.get(containerId);
    if (keeper === undefined) return;
    this.keepers.delete(containerId);
    await this.drop(keeper);
  }

  /** Never rejects. */
  async drop(keeper: string): Promise<void> {
    await this.remove(keeper).catch((error: unknown) => {
      this.mayBeLeft = true;
      this.options.logger.debug('the file of a last message is not removed yet', { error: errorMessage(error) });
    });
  }

  /** The end of what is in the file; '' where there is none. */
  async read(keeper: string): Promise<string> {
    const place = { connection: this.options.connection, id: keeper };
    const bounds = { keptBytes: maxTerminationMessageBytes, maxBytes: maxReadBytes };
    return (await endOfFile(place, `${folder}/${fileName}`, bounds)) ?? '';
  }

  /** Removes files whose containers are gone, if there may be any. Never rejects. */
  async sweep(): Promise<void> {
    if (!this.mayBeLeft) return;
    this.mayBeLeft = false;
    try {
      const { clusterUid, clock } = this.options;
      const kept = await this.list([`${labels.ownClusterUid}=${clusterUid}`, labels.messageFor]);
      if (kept.length === 0) return;
      this.mayBeLeft = true;
      const users = await this.list([`${labels.clusterUid}=${clusterUid}`, labels.messageFile]);
      const used = new Set(users.map(({ Labels }) => Labels?.[labels.messageFile]));
      for (const { Id, Names } of kept) {
        const seen = this.firstSeen.get(Id) ?? clock.monotonic();
        this.firstSeen.set(Id, seen);
        const name = (Names?.[0] ?? '').replace(/^\//, '');
        if (used.has(name)) this.firstSeen.set(Id, clock.monotonic());
        else if (clock.monotonic() - seen >= leftAloneMilliseconds) {
          await this.remove(Id);
          this.firstSeen.delete(Id);
        }
      }
    } catch (error) {
      this.mayBeLeft = true;
      this.options.logger.debug('files of last messages are not looked through', { error: errorMessage(error) });
    }
  }

  private async list(label: string[]): Promise<ListedContainer[]> {
    const listed = await this.options.connection.call('list', deadlines.list, (engine, abortSignal) =>
      engine.listContainers({ all: true, filters: { label }, abortSignal }),
    );
    if (!Array.isArray(listed))
      throw new RuntimeError('Unavailable', 'list: the engine sent something that is not a list');
    return listed;
  }

  /** Undefined when there is none of that name that is orch's. */
  private async inspect(keeper: string): Promise<InspectedContainer | undefined> {
    const { connection, clusterUid } = this.options;
    const found = await connection.call(
      'inspect',
      deadlines.inspect,
      (engine, abortSignal) => engine.getContainer(keeper).inspect({ abortSignal }),
      [404],
    );
    return found?.Config?.Labels?.[labels.ownClusterUid] === clusterUid ? found : undefined;
  }

  /** With the volume. Any other container of that name is left alone. */
  private async remove(keeper: string): Promise<void> {
    const found = await this.inspect(keeper);
    if (!found) return;
    await this.options.connection.call(
      'remove',
      deadlines.remove,
      (engine, abortSignal) => engine.getContainer(found.Id).remove({ force: true, v: true, abortSignal }),
      [404],
    );
  }
}

/** The body of a container that has the file at `target`, unless something else is mounted there. Pure. */
export function withMessageFile(body: CreateBody, target: string, { keeper, path }: MessageFile): CreateBody {
  const { Mounts = [] } = body.HostConfig;
  const isTaken = Mounts.some((mount) => mount.Target === target);
  return {
    ...body,
    Labels: { ...body.Labels, [labels.messageFile]: keeper },
    HostConfig: {
      ...body.HostConfig,
      Mounts: isTaken ? Mounts : [...Mounts, { Type: 'bind', Source: path, Target: target, ReadOnly: false }],
    },
  };
}

function keeperBody(clusterUid: string, containerName: string): Omit<CreateBody, 'Image'> {
  const own = { [labels.ownClusterUid]: clusterUid };
  return {
    Env: [],
    Labels: { ...own, [labels.messageFor]: containerName },
    ExposedPorts: {},
    HostConfig: {
      RestartPolicy: { Name: 'no' },
      LogConfig: { Type: 'none', Config: {} },
      SecurityOpt: ['no-new-privileges'],
      CapDrop: ['ALL'],
      NetworkMode: 'none',
      PortBindings: {},
      Mounts: [{ Type: 'volume', Target: folder, ReadOnly: false, VolumeOptions: { NoCopy: true, Labels: own } }],
    },
  };
}
