import type { Clock } from '../../support/clock.js';
import type { Random } from '../../support/random.js';
import type { Amounts } from '../../model/resources.js';
import type { ContainerDetails, ContainerPhase, ContainerSpec, FileSet, TaskVolume } from '../container-runtime.js';
import { RuntimeError } from '../container-runtime.js';
import { programOf } from './command-language.js';
import { OutputLog } from './output-log.js';
import { PublishedPorts } from './published-ports.js';
import { SimulatedFaults } from './simulated-faults.js';
import { SimulatedProcess } from './simulated-process.js';

interface SimulatedEngineOptions {
  clock: Clock;
  random: Random;
  capacity?: Amounts;
  /** Images that are there from the start. */
  images?: readonly string[];
}

export interface SimulatedContainer {
  readonly id: string;
  name: string;
  readonly clusterUid: string;
  readonly spec: Omit<ContainerSpec, 'files'> & { files?: readonly FileSet[] };
  readonly log: OutputLog;
  readonly createdAt: number;
  phase: ContainerPhase;
  startedAt?: number;
  finishedAt?: number;
  exitCode?: number;
  oomKilled: boolean;
  error?: string;
  process?: SimulatedProcess;
  /** What it wrote to its terminationMessagePath. */
  terminationMessage: string;
  ports: ContainerDetails['ports'];
  ipAddress?: string;
  /** Ports on which its process answers. */
  readonly listening: Set<number>;
  readonly attached: Set<Attachment>;
}

/** Somebody who sees the output of the main process as it comes. */
export interface Attachment {
  onOutput(channel: 'stdout' | 'stderr', data: Uint8Array): void;
  onExit(): void;
}

/** A volume for an emptyDir. */
export type SimulatedVolume = TaskVolume & {
  clusterUid: string;
  /** Permissions of its folder. */
  mode: number;
};

type ChangeListener = (container: SimulatedContainer) => void;

/**
 * One machine with an engine that exists in memory only. It outlives the runtimes that look at it, as a real engine
 * outlives its workers; several clusters may share it. The methods under "foreign hands" are what people and kernels
 * do to containers; `faults` is what networks and engines do to callers.
 */
export class SimulatedEngine {
  readonly faults = new SimulatedFaults();
  readonly containers = new Map<string, SimulatedContainer>();
  readonly images: Set<string>;
  /** Made for emptyDirs, by name. */
  readonly volumes = new Map<string, SimulatedVolume>();
  readonly capacity: Amounts;
  readonly clock: Clock;
  bootId: string;
  readonly #random: Random;
  readonly #changeListeners = new Set<ChangeListener>();
  readonly #ports = new PublishedPorts();

  constructor({ clock, random, capacity, images = ['busybox:latest'] }: SimulatedEngineOptions) {
    this.clock = clock;
    this.#random = random;
    this.images = new Set(images);
    this.capacity = capacity ?? { cpuMillicores: 4000, memoryBytes: 8 * 1024 ** 3, diskBytes: 100 * 1024 ** 3 };
    this.bootId = random.uuid();
  }

  /** Calls back after every change of a container, until the returned function is called. */
  onChange(listener: ChangeListener): () => void {
    this.#changeListeners.add(listener);
    return () => this.#changeListeners.delete(listener);
  }

  create(clusterUid: string, spec: ContainerSpec): SimulatedContainer {
    const holder = this.findByName(spec.name);
    if (holder) {
      throw new RuntimeError('NameConflict', `the name ${spec.name} is in use by container ${holder.id}`, {
        holderId: holder.id,
        holderIsOurs: holder.clusterUid === clusterUid,
      });
    }
    if (!this.images.has(withTag(spec.image))) {
      throw new RuntimeError('ImageNotFound', `image ${spec.image} is not on this machine`);
    }
    const container: SimulatedContainer = {
      id: Buffer.from(this.#random.bytes(32)).toString('hex'),
      name: spec.name,
      clusterUid,
      spec: structuredClone(spec),
      log: new OutputLog(this.clock),
      createdAt: this.clock.now(),
      phase: 'created',
      oomKilled: false,
      terminationMessage: '',
      ports: [],
      listening: new Set(),
      attached: new Set(),
    };
    this.containers.set(container.id, container);
    const { taskUid, taskKey } = spec.identity;
    for (const mount of spec.mounts ?? []) {
      if (mount.type !== 'emptyDir') continue;
      const { name, volume, isUsed } = mount;
      const mode = isUsed ? this.volumes.get(name)?.mode : undefined;
      this.volumes.set(name, { name, volume, taskUid, taskKey, clusterUid, mode: mode ?? 0o777 });
    }
    this.#changed(container);
    return container;
  }

  start(container: SimulatedContainer): void {
    if (container.phase === 'paused') return this.unpauseContainer(container.id);
    if (container.phase === 'running') return;
    const { spec } = container;
    const command = [...(spec.command ?? []), ...(spec.args ?? [])];
    const program = programOf(command, environmentOf(spec), filesOf(spec), (path) => mayWrite(spec, path));
    if (program.missing !== undefined) throw this.#startFailed(container, 127, 'StartError', program.missing);
    const ports = spec.hostNetwork ? [] : this.#ports.take(container.id, spec.ports);
    if ('busy' in ports) {
      const message = `Bind for 0.0.0.0:${ports.busy} failed: port is already allocated`;
      throw this.#startFailed(container, 128, 'PortConflict', message);
    }
    Object.assign(container, { phase: 'running', startedAt: this.clock.now(), ports, oomKilled: false });
    container.finishedAt = container.exitCode = container.error = undefined;
    if (!spec.hostNetwork) container.ipAddress = this.#ports.takeAddress(container.id);
    container.log.open();
    const listeners = {
      onOutput: (written: 'stdout' | 'stderr', data: Uint8Array): void => {
        const channel = spec.tty ? 'stdout' : written;
        container.log.append(channel, data);
        for (const attachment of container.attached) attachment.onOutput(channel, data);
      },
      onExit: (exitCode: number): void => this.#exited(container, exitCode),
      onWrite: (path: string, text: string): void => {
        if (path === spec.terminationMessagePath) container.terminationMessage = text;
      },
      onListen: (port: number): void => void container.listening.add(port),
    };
    container.process = new SimulatedProcess(program, this.clock, listeners, { stdin: spec.stdin ?? false });
    this.#changed(container);
    container.process.start();
  }

  /** Sends the stop signal; true when the process heeded it. */
  sendStopSignal(container: SimulatedContainer): boolean {
    if (container.phase === 'paused') this.unpauseContainer(container.id);
    container.process?.stopSignal(container.spec.stopSignal ?? 'SIGTERM');
    return !isRunning(container);
  }

  remove(container: SimulatedContainer): void {
    container.process?.kill(137);
    this.containers.delete(container.id);
    this.#changed(container);
  }

  findByName(name: string): SimulatedContainer | undefined {
    for (const container of this.containers.values()) if (container.name === name) return container;
    return undefined;
  }

  // Foreign hands

  /** As `docker kill` does, or the kernel when memory is short. */
  killContainer(id: string, options: { exitCode?: number; oomKilled?: boolean } = {}): void {
    const container = this.#get(id);
    container.oomKilled = options.oomKilled ?? false;
    container.process?.kill(options.exitCode ?? 137);
  }

  /** As `docker rm -f` does. */
  removeContainer(id: string): void {
    this.remove(this.#get(id));
  }

  pauseContainer(id: string): void {
    const container = this.#get(id);
    if (container.phase !== 'running') return;
    container.phase = 'paused';
    container.process?.pause();
    this.#changed(container);
  }

  unpauseContainer(id: string): void {
    const container = this.#get(id);
    if (container.phase !== 'paused') return;
    container.phase = 'running';
    this.#changed(container);
    container.process?.resume();
  }

  renameContainer(id: string, name: string): void {
    this.#get(id).name = name;
    this.#changed(this.#get(id));
  }

  /** The machine goes down and comes up: nothing runs, and the boot id is another. */
  reboot(): void {
    this.bootId = this.#random.uuid();
    for (const container of this.containers.values()) container.process?.kill(255);
  }

  #get(id: string): SimulatedContainer {
    const container = this.containers.get(id);
    if (!container) throw new RuntimeError('NotFound', `there is no container ${id}`);
    return container;
  }

  #startFailed(
    container: SimulatedContainer,
    exitCode: number,
    code: 'StartError' | 'PortConflict',
    message: string,
  ): RuntimeError {
    container.exitCode = exitCode;
    container.error = message;
    return new RuntimeError(code, message);
  }

  #exited(container: SimulatedContainer, exitCode: number): void {
    Object.assign(container, { phase: 'exited', exitCode, finishedAt: this.clock.now(), ports: [] });
    container.process = container.ipAddress = undefined;
    this.#ports.release(container.id);
    container.log.end();
    container.listening.clear();
    for (const attachment of [...container.attached]) attachment.onExit();
    this.#changed(container);
  }

  #changed(container: SimulatedContainer): void {
    for (const listener of [...this.#changeListeners]) listener(container);
  }
}

export function isRunning(container: SimulatedContainer): boolean {
  return container.phase === 'running' || container.phase === 'paused';
}

/** What the programs of a container are given, HOSTNAME as by every engine. */
export function environmentOf({ env, hostname }: ContainerSpec): Record<string, string> {
  const own = Object.fromEntries(env.map(({ name, value }) => [name, value]));
  return hostname === undefined ? own : { HOSTNAME: hostname, ...own };
}

/** What the programs of a container can read, by absolute path. */
export function filesOf({ files = [] }: ContainerSpec): Record<string, string> {
  const all = files.flatMap(({ target, files: inside }) =>
    inside.map(({ path, content }): [string, string] => [
      `${target.replace(/\/$/, '')}/${path}`,
      Buffer.from(content).toString(),
    ]),
  );
  return Object.fromEntries(all);
}

/** Whether its programs can write at this absolute path: the innermost mount around it decides. */
export function mayWrite({ files = [], mounts = [] }: ContainerSpec, path: string): boolean {
  const around = [...files.map(({ target }) => ({ target, readOnly: true })), ...mounts]
    .map(({ target, readOnly }) => ({ place: `${target.replace(/\/$/, '')}/`, readOnly }))
    .filter(({ place }) => path.startsWith(place));
  return around.sort((one, other) => other.place.length - one.place.length)[0]?.readOnly !== true;
}

/** An image reference without a tag means `latest`. */
export function withTag(image: string): string {
  return image.includes('@') || /:[^/]+$/.test(image) ? image : `${image}:latest`;
}
