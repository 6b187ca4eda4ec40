import { readFile, statfs } from 'node:fs/promises';
import type { Clock } from '../../support/clock.js';
import { sleep, withDeadline } from '../../support/clock.js';
import { errorMessage } from '../../support/errors.js';
import type { Logger } from '../../support/logger.js';
import type { Random } from '../../support/random.js';
import type {
  ContainerDetails,
  ContainerRuntime,
  ContainerSpec,
  ContainerStats,
  ContainerSummary,
  ExecOptions,
  ExecResult,
  ExecSession,
  LogOptions,
  LogStream,
  PullPolicy,
  RuntimeInfo,
} from '../container-runtime.js';
import { RuntimeError } from '../container-runtime.js';
import { deadlines } from '../deadlines.js';
import { runToEnd } from '../run-to-end.js';
import { compareVersions } from './api-version.js';
import type { CpuSample } from './container-views.js';
import { cpuSamples, detailsOf, statsBetween, summaryOf } from './container-views.js';
import { createBody, identityOf, labels } from './create-body.js';
import { openDockerExec } from './docker-exec.js';
import type { EngineInfo, InspectedContainer } from './engine-api.js';
import { EngineConnection } from './engine-connection.js';
import { EngineRefusal } from './engine-errors.js';
import { followEvents } from './event-hints.js';
import { ImageStore, isImageReference } from './image-store.js';
import { logQuery } from './log-query.js';
import { queueOutput } from './output-stream.js';
import { RecentlySeen } from './recently-seen.js';

export interface DockerRuntimeOptions {
  /** '/var/run/docker.sock' by default. */
  socketPath?: string;
  clusterUid: string;
  clock: Clock;
  random: Random;
  logger: Logger;
  /** The disk whose size is the node's capacity: the engine's data folder by default. */
  diskDirectory?: string;
}

const containerName = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,254}$/;
const containerId = /^[0-9a-f]{64}$/;
/** Two samples closer than this say nothing about the use of a CPU. */
const leastSampleNanoseconds = 200_000_000;

/**
 * Containers of one cluster on a Docker Engine. Calls arrive with ids or names of containers, specs and images; answers
 * leave in the words of the contract. Always: nothing reaches the engine as part of a path that is not an id or a name,
 * a container is touched only after its labels were seen to be of this cluster (labels and ids never change, so once
 * is enough), and no call waits without a deadline.
 */
export class DockerRuntime implements ContainerRuntime {
  readonly #connection: EngineConnection;
  readonly #images: ImageStore;
  readonly #options: DockerRuntimeOptions;
  readonly #clock: Clock;
  readonly #closing = new AbortController();
  readonly #ours = new RecentlySeen<true>(50_000);
  readonly #samples = new RecentlySeen<{ sample: CpuSample; stats?: ContainerStats }>(10_000);
  #machineCpus: number | undefined;

  constructor(options: DockerRuntimeOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#connection = new EngineConnection(options.socketPath ?? '/var/run/docker.sock', options.clock);
    this.#images = new ImageStore(this.#connection, options.clock);
  }

  async info(): Promise<RuntimeInfo> {
    const info = await this.#engineInfo();
    return {
      version: `docker://${info.ServerVersion ?? 'unknown'}`,
      operatingSystem: info.OSType ?? 'linux',
      architecture: architectures[info.Architecture ?? ''] ?? info.Architecture ?? 'unknown',
      osImage: info.OperatingSystem ?? 'unknown',
      kernelVersion: info.KernelVersion ?? 'unknown',
      bootId: await bootId(info.ID ?? 'unknown'),
      capacity: {
        cpuMillicores: (info.NCPU ?? 0) * 1000,
        memoryBytes: info.MemTotal ?? 0,
        diskBytes: await this.#diskBytes(this.#options.diskDirectory ?? info.DockerRootDir ?? '/'),
      },
    };
  }

  async ping(): Promise<void> {
    await this.#connection.call('ping', deadlines.ping, (engine, abortSignal) => engine.ping({ abortSignal }));
  }

  async listContainers(): Promise<ContainerSummary[]> {
    const { clusterUid } = this.#options;
    const filters = { label: [`${labels.clusterUid}=${clusterUid}`] };
    const listed = await this.#connection.call('list', deadlines.list, (engine, abortSignal) =>
      engine.listContainers({ all: true, filters, abortSignal }),
    );
    if (!Array.isArray(listed))
      throw new RuntimeError('Unavailable', 'list: the engine sent something that is not a list');
    const summaries = listed.map((item) => summaryOf(item, clusterUid)).filter((item) => item !== undefined);
    for (const { id } of summaries) this.#ours.set(id, true);
    return summaries;
  }

  async inspectContainer(idOrName: string): Promise<ContainerDetails> {
    const inspected = await this.#inspect(idOrName);
    const details = detailsOf(inspected, this.#options.clusterUid);
    if (!details) throw notFound(idOrName);
    this.#ours.set(details.id, true);
    const policy = inspected.HostConfig?.RestartPolicy?.Name;
    if (policy && policy !== 'no') await this.#takeRestartPolicyBack(details.id, policy);
    return details;
  }

  ensureImage(image: string, policy: PullPolicy, signal?: AbortSignal): Promise<void> {
    return this.#images.ensure(image, policy, signal);
  }

  async createContainer(spec: ContainerSpec): Promise<{ id: string }> {
    if (!containerName.test(spec.name)) throw new RuntimeError('InvalidSpec', `"${spec.name}" is not a container name`);
    if (!isImageReference(spec.image))
      throw new RuntimeError('InvalidSpec', `"${spec.image}" is not an image reference`);
    this.#machineCpus ??= (await this.#engineInfo()).NCPU ?? 1;
    const body = createBody(this.#options.clusterUid, spec, this.#machineCpus);
    try {
      return await this.#create(spec.name, body);
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error;
      if (error.code !== 'NameConflict') throw withoutSecrets(error, spec);
      const conflict = await this.#nameConflict(spec.name, error);
      // The holder went away between the two questions: the name is free again.
      return conflict ? Promise.reject(conflict) : this.#create(spec.name, body);
    }
  }

  async startContainer(idOrName: string): Promise<void> {
    const id = await this.#ownId(idOrName);
    try {
      await this.#connection.call(
        'start',
        deadlines.start,
        (engine, abortSignal) => engine.getContainer(id).start({ abortSignal }),
        [304],
      );
    } catch (error) {
      if (!(error instanceof RuntimeError && refusalText(error).includes('paused container'))) throw error;
      await this.#connection.call(
        'unpause',
        deadlines.start,
        (engine, abortSignal) => engine.getContainer(id).unpause({ abortSignal }),
        [304],
      );
    }
  }

  async stopContainer(idOrName: string, graceSeconds: number): Promise<void> {
    const id = await this.#ownIdUnlessGone(idOrName);
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
    const id = await this.#ownIdUnlessGone(idOrName);
    if (id === undefined) return;
    const end = this.#clock.monotonic() + deadlines.remove;
    try {
      await this.#connection.call(
        'remove',
        deadlines.remove,
        (engine, abortSignal) =>
          engine.getContainer(id).remove({ force: options.force ?? false, v: true, abortSignal }),
        [404],
      );
    } catch (error) {
      if (!(error instanceof RuntimeError && refusalText(error).includes('already in progress'))) throw error;
      await this.#untilGone(id, end);
    }
    this.#samples.delete(id);
  }

  async exec(idOrName: string, command: readonly string[], timeoutMilliseconds: number): Promise<ExecResult> {
    const open = this.openExec(idOrName, { command, stdin: false, tty: false });
    const onTimeout = (): RuntimeError =>
      new RuntimeError('Timeout', `exec: the engine did not start the command within ${timeoutMilliseconds} ms`);
    const begin = this.#clock.monotonic();
    open.then(undefined, () => undefined);
    let session: ExecSession;
    try {
      session = await withDeadline(this.#clock, timeoutMilliseconds, open, onTimeout);
    } catch (error) {
      open.then((late) => late.close()).catch(() => undefined);
      throw error;
    }
    return runToEnd(session, this.#clock, Math.max(1, timeoutMilliseconds - (this.#clock.monotonic() - begin)));
  }

  async openExec(idOrName: string, options: ExecOptions): Promise<ExecSession> {
    const id = await this.#ownId(idOrName);
    return openDockerExec(this.#connection, this.#clock, id, options);
  }

  async openLogs(idOrName: string, options: LogOptions): Promise<LogStream> {
    const query = logQuery(options);
    const id = await this.#ownId(idOrName);
    const stream = await this.#connection.stream('logs', deadlines.list, (engine, abortSignal) =>
      engine.getContainer(id).logs({ follow: true, _query: query, abortSignal }),
    );
    const queue = queueOutput(stream, { multiplexed: true });
    return {
      onOutput: (listener) => queue.onOutput(listener),
      finished: queue.finished,
      close: () => queue.close(),
    };
  }

  async readStats(idOrName: string): Promise<ContainerStats | undefined> {
    const id = await this.#ownId(idOrName);
    const before = this.#samples.get(id);
    const apiVersion = await this.#connection.apiVersion(deadlines.ping);
    const oneShot = before !== undefined && compareVersions(apiVersion, '1.41') >= 0;
    const stats = await this.#connection.call('stats', deadlines.stats, (engine, abortSignal) =>
      engine.getContainer(id).stats({ stream: false, ...(oneShot && { 'one-shot': true }), abortSignal }),
    );
    const samples = stats && cpuSamples(stats);
    if (!samples) {
      this.#samples.delete(id);
      return undefined;
    }
    const { current } = samples;
    // Less CPU time than before: it was started again in between.
    const isLater = before !== undefined && current.usedNanoseconds >= before.sample.usedNanoseconds;
    if (isLater && current.atNanoseconds - before.sample.atNanoseconds < leastSampleNanoseconds && before.stats) {
      return before.stats;
    }
    const reading = statsBetween((isLater ? before.sample : samples.previous) ?? current, current, stats);
    this.#samples.set(id, { sample: current, stats: reading });
    return reading;
  }

  watchHints(onHint: (hint: { containerId?: string }) => void): { close(): void } {
    const abort = new AbortController();
    const { clusterUid, clock, random, logger } = this.#options;
    const signal = AbortSignal.any([abort.signal, this.#closing.signal]);
    void followEvents({ connection: this.#connection, clusterUid, clock, random, logger, signal }, onHint);
    return { close: () => abort.abort() };
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#connection.close();
  }

  async #create(name: string, body: ReturnType<typeof createBody>): Promise<{ id: string }> {
    const created = await this.#connection.call('create', deadlines.create, (engine, abortSignal) =>
      engine.createContainer({ _query: { name }, _body: body, abortSignal }),
    );
    if (!created || !containerId.test(created.id))
      throw new RuntimeError('Unavailable', 'create: the engine gave no id');
    this.#ours.set(created.id, true);
    return { id: created.id };
  }

  /** The error with its holder, or undefined when nobody holds the name any more. */
  async #nameConflict(name: string, error: RuntimeError): Promise<RuntimeError | undefined> {
    const told = /by container "?([0-9a-f]{64})/.exec(error.message)?.[1];
    try {
      const holder = await this.#inspect(told ?? name);
      const holderIsOurs = identityOf(holder.Config?.Labels, this.#options.clusterUid) !== undefined;
      if (holderIsOurs) this.#ours.set(holder.Id, true);
      const whose = holderIsOurs
        ? 'a container of this cluster'
        : 'a container that orch did not make here and will not touch';
      const message = `the name ${name} is in use by ${whose} (${holder.Id.slice(0, 12)})`;
      return new RuntimeError('NameConflict', message, { holderId: holder.Id, holderIsOurs }, { cause: error });
    } catch (failure) {
      if (failure instanceof RuntimeError && failure.code === 'NotFound') return undefined;
      throw failure;
    }
  }

  async #inspect(idOrName: string): Promise<InspectedContainer> {
    if (!containerId.test(idOrName) && !containerName.test(idOrName)) throw notFound(idOrName);
    const inspected = await this.#connection.call('inspect', deadlines.inspect, (engine, abortSignal) =>
      engine.getContainer(idOrName).inspect({ abortSignal }),
    );
    if (!inspected || !containerId.test(inspected.Id)) {
      throw new RuntimeError('Unavailable', 'inspect: the engine sent something that is not a container');
    }
    return inspected;
  }

  async #ownId(idOrName: string): Promise<string> {
    if (containerId.test(idOrName) && this.#ours.get(idOrName)) return idOrName;
    return (await this.inspectContainer(idOrName)).id;
  }

  async #ownIdUnlessGone(idOrName: string): Promise<string | undefined> {
    try {
      return await this.#ownId(idOrName);
    } catch (error) {
      if (error instanceof RuntimeError && error.code === 'NotFound') return undefined;
      throw error;
    }
  }

  async #untilGone(id: string, end: number): Promise<void> {
    while (this.#clock.monotonic() < end) {
      try {
        await this.#inspect(id);
      } catch (error) {
        if (error instanceof RuntimeError && error.code === 'NotFound') return;
        throw error;
      }
      await sleep(this.#clock, 200, this.#closing.signal);
    }
    throw new RuntimeError('Timeout', `remove: container ${id} is still being removed by somebody else`);
  }

  /** Somebody gave the container a restart policy of the engine: two authorities would restart it. */
  async #takeRestartPolicyBack(id: string, policy: string): Promise<void> {
    this.#options.logger.warn('container had a restart policy of the engine; set to no', { container: id, policy });
    await this.#connection
      .call('update', deadlines.inspect, (engine, abortSignal) =>
        engine.getContainer(id).update({ RestartPolicy: { Name: 'no' }, abortSignal }),
      )
      .catch((error: unknown) => {
        this.#options.logger.warn('cannot take the restart policy back', { container: id, error: errorMessage(error) });
      });
  }

  async #engineInfo(): Promise<EngineInfo> {
    const info = await this.#connection.call('info', deadlines.info, (engine, abortSignal) =>
      engine.info({ abortSignal }),
    );
    if (!info?.NCPU) throw new RuntimeError('Unavailable', 'info: the engine does not say what its machine has');
    return info;
  }

  async #diskBytes(directory: string): Promise<number> {
    const onTimeout = (): RuntimeError => new RuntimeError('Timeout', `the disk of ${directory} does not answer`);
    const read = (path: string): ReturnType<typeof statfs> =>
      withDeadline(this.#clock, deadlines.info, statfs(path), onTimeout);
    const { blocks, bsize } = await read(directory).catch(() => read('/'));
    return Number(blocks) * Number(bsize);
  }
}

/**
 * Opens the runtime. An engine that is away is no error: every call tells. Rejects with EngineTooOld or EngineTooNew when
 * the engine answers and has no version of its API in common with orch.
 */
export async function openDockerRuntime(options: DockerRuntimeOptions): Promise<ContainerRuntime> {
  const runtime = new DockerRuntime(options);
  try {
    await runtime.ping();
  } catch (error) {
    if (error instanceof RuntimeError && (error.code === 'EngineTooOld' || error.code === 'EngineTooNew')) {
      await runtime.close();
      throw error;
    }
    options.logger.warn('the engine does not answer yet', { error: errorMessage(error) });
  }
  return runtime;
}

const architectures: Record<string, string | undefined> = { x86_64: 'amd64', aarch64: 'arm64' };

function notFound(idOrName: string): RuntimeError {
  return new RuntimeError('NotFound', `there is no container ${JSON.stringify(idOrName)} of this cluster`);
}

function refusalText(error: RuntimeError): string {
  return error.cause instanceof EngineRefusal ? error.cause.text : '';
}

/** The engine quotes what it refuses; values of the environment must not travel on in messages. */
function withoutSecrets(error: RuntimeError, spec: ContainerSpec): RuntimeError {
  let { message } = error;
  for (const { value } of spec.env) if (value.length >= 4) message = message.replaceAll(value, '***');
  return message === error.message ? error : new RuntimeError(error.code, message, error.details);
}

async function bootId(otherwise: string): Promise<string> {
  return readFile('/proc/sys/kernel/random/boot_id', 'utf8').then(
    (text) => text.trim(),
    () => otherwise,
  );
}
