import type { Clock } from '../../support/clock.js';
import { sleep, withDeadline } from '../../support/clock.js';
import { errorMessage } from '../../support/errors.js';
import type { Logger } from '../../support/logger.js';
import type { Random } from '../../support/random.js';
import type {
  AttachOptions,
  ContainerPhase,
  ContainerDetails,
  ContainerRuntime,
  ContainerSpec,
  ContainerStats,
  ContainerSummary,
  ExecOptions,
  ExecResult,
  ExecSession,
  FileSet,
  LogOptions,
  LogStream,
  PortConnection,
  PullPolicy,
  RuntimeErrorCode,
  RuntimeInfo,
  TaskVolume,
} from '../container-runtime.js';
import { RuntimeError } from '../container-runtime.js';
import { checkFiles } from '../check-files.js';
import { deadlines } from '../deadlines.js';
import { runToEnd } from '../run-to-end.js';
import { withContractErrors } from './contract-errors.js';
import { changeFiles } from './change-files.js';
import { deniedPaths } from './denied-paths.js';
import { createBody } from './create-body.js';
import { openDockerAttach } from './docker-attach.js';
import { leaveCommand, openDockerExec } from './docker-exec.js';
import { openDockerLogs } from './docker-logs.js';
import type { CreateBody, EngineInfo } from './engine-api.js';
import { EngineConnection } from './engine-connection.js';
import { EngineRefusal, withoutSecrets } from './engine-errors.js';
import { engineFinds } from './engine-finds.js';
import { followEvents } from './event-hints.js';
import { HostPaths } from './host-paths.js';
import { ImageStore, isImageReference } from './image-store.js';
import { architectureOf, describeMachine } from './machine.js';
import { MessageFiles, withMessageFile } from './message-files.js';
import { openPortConnection } from './port-connection.js';
import { isContainerId, isContainerName, OwnContainers } from './own-containers.js';
import { PinnedMounts } from './pinned-mounts.js';
import { createWithFiles, openFolders } from './put-files.js';
import { StatsReader } from './stats-reader.js';
import { foldersToOpen, listTaskVolumes, removeTaskVolume } from './task-volumes.js';
import { ToolContainers } from './tool/tool-containers.js';
import { VolumeAccess } from './volume-access.js';

interface DockerRuntimeOptions {
  /** '/var/run/docker.sock' by default. */
  socketPath?: string;
  clusterUid: string;
  clock: Clock;
  random: Random;
  logger: Logger;
  /** The disk whose size is the node's capacity: the engine's data folder by default. */
  diskDirectory?: string;
  /** Folders of the machine of which containers may mount what lies in them; none by default. */
  allowedHostPaths?: readonly string[];
  /** What no task may mount although it lies there; the engine's socket is always among it. */
  deniedHostPaths?: readonly string[];
  /** Root's own folder, in which allowed paths are mounted for containers; absent: paths cannot be pinned down. */
  mountDirectory?: string;
  /** Volumes that were not made by orch and that containers may mount all the same; none by default. */
  allowedVolumes?: readonly string[];
  /** Processes and threads of one container; 0: no limit. */
  pidsLimit?: number;
}

/** As many as most engines of managed Kubernetes give a pod: a fork bomb ends in its container. */
export const defaultPidsLimit = 1024;

/**
 * Containers of one cluster on a Docker Engine. Calls arrive with ids or names of containers, specs and images; answers
 * leave in the words of the contract. Always: a container is touched only after it was seen to be ours, nothing but an
 * id or a name becomes part of a path, and no call waits without a deadline.
 */
class DockerRuntime implements ContainerRuntime {
  readonly #options: DockerRuntimeOptions;
  readonly #clock: Clock;
  readonly #connection: EngineConnection;
  readonly #own: OwnContainers;
  readonly #images: ImageStore;
  readonly #stats: StatsReader;
  readonly #hostPaths: HostPaths;
  readonly #volumes: VolumeAccess;
  readonly #tool: ToolContainers;
  readonly #messages: MessageFiles;
  readonly #closing = new AbortController();
  #machineCpus: number | undefined;
  #architecture: string | undefined;

  constructor(options: DockerRuntimeOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#connection = new EngineConnection(options.socketPath ?? '/var/run/docker.sock', options.clock);
    this.#own = new OwnContainers(this.#connection, options.clusterUid, options.logger);
    this.#images = new ImageStore(this.#connection, options.clock);
    this.#stats = new StatsReader(this.#connection);
    const { allowedHostPaths: allowed = [], deniedHostPaths = [], mountDirectory, logger, clusterUid } = options;
    this.#hostPaths = new HostPaths({
      rules: {
        allowed,
        denied: async () => {
          const { DockerRootDir: state = '/var/lib/docker' } = await this.#engineInfo();
          const own = [this.#connection.socketPath, state, ...deniedHostPaths];
          return deniedPaths(mountDirectory === undefined ? own : [...own, mountDirectory]);
        },
      },
      logger,
      ...(mountDirectory === undefined ? {} : { pins: new PinnedMounts(mountDirectory, logger) }),
      isSeenByEngine: (path) => engineFinds(this.#connection, path, options.random.uuid()),
    });
    const architecture = async (): Promise<string> => (this.#architecture ??= architectureOf(await this.#engineInfo()));
    const common = { connection: this.#connection, clusterUid, clock: options.clock, logger };
    this.#tool = new ToolContainers({ ...common, architecture });
    this.#messages = new MessageFiles({ ...common, architecture });
    this.#volumes = new VolumeAccess(this.#connection, { clusterUid, allowed: options.allowedVolumes ?? [] }, (path) =>
      this.#hostPaths.judgeDevice(path),
    );
  }

  async info(): Promise<RuntimeInfo> {
    const info = await this.#engineInfo();
    return describeMachine(info, this.#clock, this.#options.diskDirectory ?? info.DockerRootDir ?? '/');
  }

  async ping(): Promise<void> {
    await this.#connection.call('ping', deadlines.ping, (engine, abortSignal) => engine.ping({ abortSignal }));
  }

  /** Says in the log how paths of the machine are mounted, if any may be. */
  async findHostPathMode(): Promise<void> {
    if ((this.#options.allowedHostPaths ?? []).length > 0) await this.#hostPaths.mode();
  }

  async listContainers(): Promise<ContainerSummary[]> {
    const containers = await this.#hostPaths.listing(() => this.#own.list());
    this.#tool.sweep(new Set(containers.map(({ id }) => id))).catch(() => undefined);
    this.#messages.sweep().catch(() => undefined);
    return containers;
  }

  inspectContainer(idOrName: string): Promise<ContainerDetails> {
    return this.#own.inspect(idOrName);
  }

  ensureImage(image: string, policy: PullPolicy, signal?: AbortSignal): Promise<void> {
    return this.#images.ensure(image, policy, signal);
  }

  async createContainer(spec: ContainerSpec): Promise<{ id: string }> {
    if (!isContainerName(spec.name)) {
      throw new RuntimeError('InvalidSpec', `"${spec.name}" is not a container name`);
    }
    if (!isImageReference(spec.image)) {
      throw new RuntimeError('InvalidImageName', `"${spec.image}" is not an image reference`);
    }
    checkFiles(spec.files ?? []);
    this.#machineCpus ??= (await this.#engineInfo()).NCPU ?? 1;
    await this.#volumes.ensure(spec.mounts ?? []);
    const mounts = await this.#hostPaths.resolve(spec.name, spec.mounts ?? []);
    const machine = { cpus: this.#machineCpus, pidsLimit: this.#options.pidsLimit ?? defaultPidsLimit };
    const toOpen = await foldersToOpen(this.#connection, spec.mounts ?? []);
    const plainBody = createBody(this.#options.clusterUid, { ...spec, mounts }, machine);
    const { terminationMessagePath: messagePath } = spec;
    const messageFile = messagePath === undefined ? undefined : await this.#messages.make(spec.name);
    const body = messagePath && messageFile ? withMessageFile(plainBody, messagePath, messageFile) : plainBody;
    const create = async (): Promise<{ id: string }> => {
      const created = await this.#create(spec, body, toOpen);
      if (messageFile) this.#messages.settle(created.id, messageFile);
      return created;
    };
    try {
      return await create();
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error;
      // After the others nobody knows whether there is a container: the next list does.
      if (meansNoContainer.has(error.code)) {
        await this.#hostPaths.forget(spec.name);
        if (messageFile) await this.#messages.drop(messageFile.keeper);
      }
      if (error.code !== 'NameConflict') throw withoutSecrets(error, spec);
      const conflict = await this.#own.nameConflict(spec.name, error);
      if (conflict) throw conflict;
      // The holder went away between the two questions: the name is free again.
      return await create();
    } finally {
      this.#hostPaths.settle(spec.name);
    }
  }

  async startContainer(idOrName: string): Promise<void> {
    const id = await this.#own.idOf(idOrName);
    try {
      await this.#connection.call(
        'start',
        deadlines.start,
        (engine, abortSignal) => engine.getContainer(id).start({ abortSignal }),
        [304],
      );
    } catch (error) {
      if (!refusalText(error).includes('paused container')) throw error;
      await this.#connection.call('unpause', deadlines.start, (engine, abortSignal) =>
        engine.getContainer(id).unpause({ abortSignal }),
      );
    }
  }

  async updateFiles(idOrName: string, sets: readonly FileSet[]): Promise<void> {
    checkFiles(sets);
    const { id } = await this.#running(idOrName, 'change its files');
    await changeFiles({ connection: this.#connection, clock: this.#clock, id }, this.#tool, sets);
  }

  listVolumes(): Promise<TaskVolume[]> {
    return listTaskVolumes(this.#connection, this.#options.clusterUid);
  }

  removeVolume(name: string): Promise<void> {
    return removeTaskVolume(this.#connection, this.#options.clusterUid, name);
  }

  async stopContainer(idOrName: string, graceSeconds: number): Promise<void> {
    const id = await this.#own.findId(idOrName);
    if (id === undefined) return;
    const t = Math.max(0, Math.ceil(graceSeconds));
    await this.#connection.call(
      'stop',
      t * 1000 + deadlines.stopBeyondGrace,
      (engine, abortSignal) => engine.getContainer(id).stop({ _query: { t }, _body: {}, abortSignal }),
      [304, 404],
    );
  }

  async removeContainer(idOrName: string, options: { force?: boolean } = {}): Promise<void> {
    const id = await this.#own.findId(idOrName);
    if (id === undefined) return;
    const end = this.#clock.monotonic() + deadlines.remove;
    const force = options.force ?? false;
    try {
      await this.#connection.call(
        'remove',
        deadlines.remove,
        (engine, abortSignal) => engine.getContainer(id).remove({ force, v: true, abortSignal }),
        [404],
      );
    } catch (error) {
      if (!refusalText(error).includes('already in progress')) throw error;
      await this.#untilGone(id, end);
    }
    this.#stats.forget(id);
    await this.#tool.afterRemoval(id);
    await this.#messages.afterRemoval(id);
    await this.#hostPaths.afterRemoval(() => this.#own.list());
  }

  async exec(idOrName: string, command: readonly string[], timeoutMilliseconds: number): Promise<ExecResult> {
    const begin = this.#clock.monotonic();
    const id = await this.#own.idOf(idOrName);
    const options = { command, stdin: false, tty: false };
    const opening = openDockerExec(this.#connection, this.#clock, id, options);
    const onTimeout = (): RuntimeError =>
      new RuntimeError('Timeout', `exec: the command did not start within ${timeoutMilliseconds} ms`);
    try {
      const session = await withDeadline(this.#clock, timeoutMilliseconds, opening, onTimeout);
      const left = timeoutMilliseconds - (this.#clock.monotonic() - begin);
      return await runToEnd(session, this.#clock, Math.max(1, left));
    } catch (error) {
      // One that opens after all has no reader any more.
      opening.then((session) => session.close()).catch(() => undefined);
      if (!(error instanceof RuntimeError) || error.code !== 'Timeout') throw error;
      throw new RuntimeError('Timeout', error.message, { stillRuns: leaveCommand(this.#connection, id, opening) });
    }
  }

  async openExec(idOrName: string, options: ExecOptions): Promise<ExecSession> {
    return openDockerExec(this.#connection, this.#clock, await this.#own.idOf(idOrName), options);
  }

  async openAttach(idOrName: string, options: AttachOptions): Promise<ExecSession> {
    const { id } = await this.#running(idOrName, 'attach to it', ['created']);
    return openDockerAttach(this.#connection, id, options, await this.#own.hasTerminal(id));
  }

  async connectPort(idOrName: string, port: number): Promise<PortConnection> {
    // Without an address of its own it is on the host's network.
    const { ipAddress = '127.0.0.1' } = await this.#running(idOrName, 'reach its ports');
    return openPortConnection(this.#clock, ipAddress, port);
  }

  async openLogs(idOrName: string, options: LogOptions): Promise<LogStream> {
    const id = await this.#own.idOf(idOrName);
    return openDockerLogs(this.#connection, id, options, await this.#own.hasTerminal(id));
  }

  async readTerminationMessage(idOrName: string): Promise<string> {
    const keeper = await this.#own.messageFileOf(await this.#own.idOf(idOrName));
    return keeper === undefined ? '' : this.#messages.read(keeper);
  }

  async readStats(idOrName: string): Promise<ContainerStats | undefined> {
    return this.#stats.read(await this.#own.idOf(idOrName));
  }

  watchHints(onHint: (hint: { containerId?: string }) => void): { close(): void } {
    const { clusterUid, clock, random, logger } = this.#options;
    const abort = new AbortController();
    const signal = AbortSignal.any([abort.signal, this.#closing.signal]);
    followEvents({ connection: this.#connection, clusterUid, clock, random, logger, signal }, (event) => {
      this.#own.hear(event);
      onHint(event.containerId === undefined ? {} : { containerId: event.containerId });
    }).catch((error: unknown) => logger.error('engine events are not followed any more', { error }));
    return { close: () => abort.abort() };
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#connection.close();
    await this.#hostPaths.close();
  }

  async #running(idOrName: string, purpose: string, alsoIn: ContainerPhase[] = []): Promise<ContainerDetails> {
    const details = await this.#own.inspect(idOrName);
    if (details.phase === 'running' || alsoIn.includes(details.phase)) return details;
    throw new RuntimeError('NotRunning', `container ${details.name} is ${details.phase}: it must run to ${purpose}`);
  }

  async #create(spec: ContainerSpec, body: CreateBody, toOpen: readonly string[]): Promise<{ id: string }> {
    const place = { connection: this.#connection, clock: this.#clock };
    const filling = { ...place, tool: this.#tool, random: this.#options.random };
    return createWithFiles(filling, spec, body, async (whole) => {
      const created = await this.#connection.call('create', deadlines.create, (engine, abortSignal) =>
        engine.createContainer({ _query: { name: spec.name }, _body: whole, abortSignal }),
      );
      if (!created || !isContainerId(created.id)) {
        throw new RuntimeError('Unavailable', 'create: the engine gave no id');
      }
      const { id } = created;
      this.#own.remember(id);
      if (spec.files?.length) this.#tool.settle(id);
      try {
        await openFolders({ ...place, id }, toOpen);
      } catch (error) {
        await this.removeContainer(id, { force: true }).catch(() => undefined);
        throw error;
      }
      return { id };
    });
  }

  async #untilGone(id: string, end: number): Promise<void> {
    while (await this.#own.exists(id)) {
      if (this.#clock.monotonic() > end) {
        throw new RuntimeError('Timeout', `remove: the engine is still removing container ${id}`);
      }
      await sleep(this.#clock, 200, this.#closing.signal);
    }
  }

  async #engineInfo(): Promise<EngineInfo> {
    const info = await this.#connection.call('info', deadlines.info, (engine, abortSignal) =>
      engine.info({ abortSignal }),
    );
    if (!info?.NCPU) throw new RuntimeError('Unavailable', 'info: the engine does not say what its machine has');
    return info;
  }
}

/**
 * Opens the runtime. An engine that is away is no error: every call tells. Rejects with EngineTooOld or EngineTooNew when
 * the engine answers and has no version of its API in common with orch.
 */
export async function openDockerRuntime(options: DockerRuntimeOptions): Promise<ContainerRuntime> {
  const runtime = withContractErrors(new DockerRuntime(options));
  try {
    await runtime.ping();
    await runtime.findHostPathMode();
  } catch (error) {
    if (error instanceof RuntimeError && (error.code === 'EngineTooOld' || error.code === 'EngineTooNew')) {
      await runtime.close();
      throw error;
    }
    options.logger.warn('the engine does not answer yet', { error: errorMessage(error) });
  }
  return runtime;
}

/** Failures to create after which there is no container for certain. */
const meansNoContainer = new Set<RuntimeErrorCode>([
  'ImageNotFound',
  'InvalidImageName',
  'InvalidSpec',
  'MountFailed',
  'StartError',
]);

/** The engine's own words in a refusal; '' for any other error. */
function refusalText(error: unknown): string {
  return error instanceof RuntimeError && error.cause instanceof EngineRefusal ? error.cause.text : '';
}
