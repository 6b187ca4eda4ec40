import type { Clock, Timer } from '../../support/clock.js';
import { sleep, toTimestamp, withDeadline } from '../../support/clock.js';
import type { Random } from '../../support/random.js';
import { checkSpec } from './check-spec.js';
import type { Amounts } from '../../model/resources.js';
import type {
  AttachOptions,
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
  RuntimeInfo,
  TaskVolume,
} from '../container-runtime.js';
import { checkFiles } from '../check-files.js';
import { maxTerminationMessageBytes, RuntimeError } from '../container-runtime.js';
import { deadlines } from '../deadlines.js';
import { runToEnd } from '../run-to-end.js';
import type { SimulatedContainer } from './simulated-engine.js';
import { isRunning, SimulatedEngine, withTag } from './simulated-engine.js';
import { openSimulatedAttach, openSimulatedPort } from './simulated-attach.js';
import { openSimulatedExec } from './simulated-exec.js';
import type { RuntimeCall } from './simulated-faults.js';

interface SimulatedRuntimeOptions {
  clusterUid: string;
  clock: Clock;
  random: Random;
  capacity?: Amounts;
  /** The machine to look at; a new one when absent. Give the same one again to restart a worker. */
  engine?: SimulatedEngine;
  /** What every call takes; 0 by default. */
  latencyMilliseconds?: number;
}

/**
 * The contract without an engine: containers are entries in memory that behave as their command says (see
 * command-language.ts). For tests, simulations and trials (`orch worker --runtime simulated`).
 */
export class SimulatedRuntime implements ContainerRuntime {
  readonly engine: SimulatedEngine;
  readonly #clusterUid: string;
  readonly #clock: Clock;
  readonly #latency: number;
  readonly #closing = new Set<() => void>();
  #closed = false;

  constructor(options: SimulatedRuntimeOptions) {
    this.engine = options.engine ?? new SimulatedEngine(options);
    this.#clusterUid = options.clusterUid;
    this.#clock = options.clock;
    this.#latency = options.latencyMilliseconds ?? 0;
  }

  info(): Promise<RuntimeInfo> {
    return this.#call('info', deadlines.info, () => ({
      version: 'simulated://1',
      operatingSystem: 'linux',
      architecture: 'amd64',
      osImage: 'simulated',
      kernelVersion: 'simulated',
      bootId: this.engine.bootId,
      capacity: { ...this.engine.capacity },
    }));
  }

  ping(): Promise<void> {
    return this.#call('ping', deadlines.ping, () => undefined);
  }

  listContainers(): Promise<ContainerSummary[]> {
    return this.#call('listContainers', deadlines.list, () =>
      [...this.engine.containers.values()].filter((container) => this.#isOurs(container)).map(summaryOf),
    );
  }

  inspectContainer(id: string): Promise<ContainerDetails> {
    return this.#call('inspectContainer', deadlines.inspect, () => detailsOf(this.#get(id)));
  }

  ensureImage(image: string, policy: PullPolicy, signal?: AbortSignal): Promise<void> {
    return this.#call('ensureImage', deadlines.pullWithoutProgress, async () => {
      const checkCancelled = (): void => {
        if (signal?.aborted) throw new RuntimeError('PullFailed', `the pull of ${image} was cancelled`);
      };
      checkCancelled();
      const present = this.engine.images.has(withTag(image));
      if (present && policy !== 'Always') return;
      if (policy === 'Never') {
        throw new RuntimeError('ImageNotFound', `image ${image} is not on this machine and imagePullPolicy is Never`);
      }
      if (/^[A-Z]+\//.test(image)) throw new RuntimeError('InvalidImageName', `no engine takes the name ${image}`);
      if (image.startsWith('missing/')) throw new RuntimeError('ImageNotFound', `no registry has the image ${image}`);
      if (image.startsWith('unreachable/'))
        throw new RuntimeError('PullFailed', `the registry of ${image} does not answer`);
      await this.engine.faults.pull(signal);
      checkCancelled();
      this.engine.images.add(withTag(image));
    });
  }

  createContainer(spec: ContainerSpec): Promise<{ id: string }> {
    return this.#call('createContainer', deadlines.create, () => {
      checkSpec(spec);
      checkFiles(spec.files ?? []);
      return { id: this.engine.create(this.#clusterUid, spec).id };
    });
  }

  startContainer(id: string): Promise<void> {
    return this.#call('startContainer', deadlines.start, () => this.engine.start(this.#get(id)));
  }

  updateFiles(id: string, sets: readonly FileSet[]): Promise<void> {
    return this.#call('updateFiles', deadlines.archive, () => {
      checkFiles(sets);
      const { phase, spec } = this.#get(id);
      if (phase !== 'running') throw new RuntimeError('NotRunning', `container ${id} is ${phase}`);
      spec.files = (spec.files ?? []).map((old) => sets.find(({ target }) => target === old.target) ?? old);
    });
  }

  listVolumes(): Promise<TaskVolume[]> {
    return this.#call('listVolumes', deadlines.list, () =>
      [...this.engine.volumes.values()]
        .filter(({ clusterUid }) => clusterUid === this.#clusterUid)
        .map(({ clusterUid: _own, mode: _mode, ...volume }) => volume),
    );
  }

  removeVolume(name: string): Promise<void> {
    return this.#call('removeVolume', deadlines.remove, () => {
      if (this.engine.volumes.get(name)?.clusterUid !== this.#clusterUid) return;
      const holders = [...this.engine.containers.values()].filter(({ spec }) =>
        spec.mounts?.some((mount) => mount.type === 'emptyDir' && mount.name === name),
      );
      if (holders.length > 0) throw new RuntimeError('StillRunning', `the volume ${name} is in use`);
      this.engine.volumes.delete(name);
    });
  }

  stopContainer(id: string, graceSeconds: number): Promise<void> {
    return this.#call('stopContainer', graceSeconds * 1000 + deadlines.stopBeyondGrace, async () => {
      const container = this.#find(id);
      if (!container || !isRunning(container) || this.engine.sendStopSignal(container)) return;
      await this.#exitOrGraceEnd(container, graceSeconds);
      container.process?.kill(137);
    });
  }

  removeContainer(id: string, options: { force?: boolean } = {}): Promise<void> {
    return this.#call('removeContainer', deadlines.remove, () => {
      const container = this.#find(id);
      if (!container) return;
      if (isRunning(container) && options.force !== true) {
        throw new RuntimeError('StillRunning', `container ${id} still runs: stop it first`);
      }
      this.engine.remove(container);
    });
  }

  exec(id: string, command: readonly string[], timeoutMilliseconds: number): Promise<ExecResult> {
    return this.#call('exec', timeoutMilliseconds + deadlines.inspect, async () => {
      const session = openSimulatedExec(this.engine, this.#get(id), { command, stdin: false, tty: false });
      return runToEnd(session, this.#clock, timeoutMilliseconds);
    });
  }

  openExec(id: string, options: ExecOptions): Promise<ExecSession> {
    return this.#call('openExec', deadlines.inspect, () =>
      this.#untilClosed(openSimulatedExec(this.engine, this.#get(id), options)),
    );
  }

  openAttach(id: string, options: AttachOptions): Promise<ExecSession> {
    return this.#call('openAttach', deadlines.inspect, () =>
      this.#untilClosed(openSimulatedAttach(this.#get(id), options)),
    );
  }

  connectPort(id: string, port: number): Promise<PortConnection> {
    return this.#call('connectPort', deadlines.inspect, () =>
      this.#untilClosed(openSimulatedPort(this.#get(id), port)),
    );
  }

  openLogs(id: string, options: LogOptions): Promise<LogStream> {
    return this.#call('openLogs', deadlines.inspect, () => this.#untilClosed(this.#get(id).log.read(options)));
  }

  readTerminationMessage(id: string): Promise<string> {
    return this.#call('readTerminationMessage', deadlines.inspect, () => {
      const { terminationMessage } = this.#get(id);
      return Buffer.from(terminationMessage).subarray(-maxTerminationMessageBytes).toString();
    });
  }

  readStats(id: string): Promise<ContainerStats | undefined> {
    return this.#call('readStats', deadlines.stats, () =>
      isRunning(this.#get(id)) ? { cpuMillicores: 1, memoryBytes: 1024 * 1024 } : undefined,
    );
  }

  watchHints(onHint: (hint: { containerId?: string }) => void): { close(): void } {
    const unsubscribe = this.engine.onChange((container) => {
      if (this.#isOurs(container)) queueMicrotask(() => open && onHint({ containerId: container.id }));
    });
    let open = true;
    queueMicrotask(() => open && onHint({}));
    const close = (): void => {
      open = false;
      unsubscribe();
      this.#closing.delete(close);
    };
    this.#closing.add(close);
    return { close };
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const close of [...this.#closing]) close();
  }

  async #call<T>(call: RuntimeCall, deadlineMilliseconds: number, effect: () => T | Promise<T>): Promise<T> {
    if (this.#closed) throw new RuntimeError('Unavailable', 'this runtime was closed');
    if (this.#latency > 0) await sleep(this.#clock, this.#latency);
    return withDeadline(this.#clock, deadlineMilliseconds, this.engine.faults.perform(call, effect), () => {
      return new RuntimeError('Timeout', `${call}: the engine did not answer within ${deadlineMilliseconds / 1000} s`);
    });
  }

  #untilClosed<S extends { close(): void; finished: Promise<unknown> }>(stream: S): S {
    const close = (): void => stream.close();
    this.#closing.add(close);
    const forget = (): boolean => this.#closing.delete(close);
    stream.finished.then(forget, forget);
    return stream;
  }

  #isOurs(container: SimulatedContainer): boolean {
    return container.clusterUid === this.#clusterUid;
  }

  #find(idOrName: string): SimulatedContainer | undefined {
    const container = this.engine.containers.get(idOrName) ?? this.engine.findByName(idOrName);
    return container && this.#isOurs(container) ? container : undefined;
  }

  #get(idOrName: string): SimulatedContainer {
    const container = this.#find(idOrName);
    if (!container) throw new RuntimeError('NotFound', `there is no container ${idOrName} of this cluster`);
    return container;
  }

  #exitOrGraceEnd(container: SimulatedContainer, graceSeconds: number): Promise<void> {
    return new Promise((resolve) => {
      const finish = (): void => {
        timer.cancel();
        unsubscribe();
        resolve();
      };
      const timer: Timer = this.#clock.setTimer(finish, graceSeconds * 1000);
      const unsubscribe = this.engine.onChange((changed) => {
        if (changed === container && !isRunning(container)) finish();
      });
    });
  }
}

/** A runtime over its own simulated machine, or over `engine`. */
export function openSimulatedRuntime(options: SimulatedRuntimeOptions): SimulatedRuntime {
  return new SimulatedRuntime(options);
}

function summaryOf({ id, name, spec, phase }: SimulatedContainer): ContainerSummary {
  return { id, name, identity: { ...spec.identity }, phase };
}

function detailsOf(container: SimulatedContainer): ContainerDetails {
  const { createdAt, startedAt, finishedAt, exitCode, error, ipAddress, oomKilled, ports } = container;
  return {
    ...summaryOf(container),
    createdAt: toTimestamp(createdAt),
    ...(startedAt !== undefined && { startedAt: toTimestamp(startedAt) }),
    ...(finishedAt !== undefined && { finishedAt: toTimestamp(finishedAt) }),
    ...(exitCode !== undefined && { exitCode }),
    ...(error !== undefined && { error }),
    ...(ipAddress !== undefined && { ipAddress }),
    oomKilled,
    ports: structuredClone(ports),
  };
}
