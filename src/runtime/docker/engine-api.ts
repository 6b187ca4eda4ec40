import type { IncomingHttpHeaders } from 'node:http';
import type { Duplex, Readable } from 'node:stream';

/**
 * The part of dockerode that orch uses, and the members of its answers that orch reads: the published types lag behind
 * dockerode 5, and answers come from engines of many ages, so every member may be absent.
 */
export interface EngineApi {
  ping(options: Abortable): Promise<unknown>;
  version(options: Abortable): Promise<EngineVersion>;
  info(options: Abortable): Promise<EngineInfo>;
  listContainers(options: Abortable & { all: true; filters: EngineFilters }): Promise<ListedContainer[]>;
  /** `_query` and `_body` keep them apart: given any other way, everything would travel in the URL too, env included. */
  createContainer(options: Abortable & { _query: { name: string }; _body: CreateBody }): Promise<{ id: string }>;
  getContainer(id: string): EngineContainer;
  getExec(id: string): EngineExec;
  listVolumes(options: Abortable & { filters: EngineFilters }): Promise<{ Volumes?: ListedVolume[] | null }>;
  getVolume(name: string): {
    inspect(options: Abortable): Promise<InspectedVolume>;
    remove(options: Abortable): Promise<unknown>;
  };
  createVolume(
    options: Abortable & { _query: object; _body: { Name: string; Labels: Record<string, string> } },
  ): Promise<unknown>;
  /** Its answer is lines of JSON; an error may be among them. */
  loadImage(archive: Buffer, options: Abortable): Promise<Readable>;
  getImage(name: string): { inspect(options: Abortable): Promise<unknown> };
  createImage(options: Abortable & { _query: { fromImage: string; tag: string }; _body: object }): Promise<Readable>;
  getEvents(options: Abortable & { filters: EngineFilters }): Promise<Readable>;
}

export interface EngineContainer {
  inspect(options: Abortable): Promise<InspectedContainer>;
  start(options: Abortable): Promise<unknown>;
  unpause(options: Abortable): Promise<unknown>;
  stop(options: Abortable & { _query: { t: number }; _body: object }): Promise<unknown>;
  /** Answers when it does not run any more. */
  wait(options: Abortable): Promise<{ StatusCode?: number }>;
  remove(options: Abortable & { force: boolean; v: true }): Promise<unknown>;
  update(options: Abortable & { RestartPolicy: { Name: 'no' } }): Promise<unknown>;
  exec(options: Abortable & ExecBody): Promise<{ id: string }>;
  attach(options: Abortable & { hijack: true; stdin: boolean; _query: object }): Promise<Duplex>;
  resize(options: Abortable & { h: number; w: number }): Promise<unknown>;
  /** `follow` makes dockerode give a stream instead of collecting everything; what the engine is asked is in `_query`. */
  logs(options: Abortable & { follow: true; _query: object }): Promise<Readable>;
  /** HEAD: what is at the path, in a header. The answer has no body; it must be read all the same. */
  infoArchive(options: Abortable & { _query: { path: string } }): Promise<Readable & { headers?: IncomingHttpHeaders }>;
  /** The path and, of a folder, all that is in it, as a tar archive. */
  getArchive(options: Abortable & { _query: { path: string } }): Promise<Readable>;
  putArchive(archive: Buffer, options: Abortable & { _query: { path: string } }): Promise<unknown>;
  stats(options: Abortable & { stream: false; 'one-shot'?: boolean }): Promise<EngineStats>;
}

export interface EngineExec {
  start(options: Abortable & { hijack: true; stdin: boolean; _body: { Detach: false; Tty: boolean } }): Promise<Duplex>;
  resize(options: Abortable & { h: number; w: number }): Promise<unknown>;
  inspect(options: Abortable): Promise<ExecState>;
}

export interface ExecState {
  Running?: boolean;
  ExitCode?: number | null;
  /** On the engine's machine. */
  Pid?: number;
}

export interface Abortable {
  abortSignal: AbortSignal;
}

export type EngineFilters = Record<string, string[]>;

export interface EngineVersion {
  Version?: string;
  ApiVersion?: string;
  MinAPIVersion?: string;
}

export interface EngineInfo {
  ID?: string;
  NCPU?: number;
  MemTotal?: number;
  OSType?: string;
  OperatingSystem?: string;
  Architecture?: string;
  KernelVersion?: string;
  ServerVersion?: string;
  DockerRootDir?: string;
}

export interface ListedContainer {
  Id: string;
  Names?: string[];
  Labels?: Record<string, string>;
  State?: string;
}

export interface ListedVolume {
  Name: string;
  Labels?: Record<string, string> | null;
}

export interface InspectedContainer {
  Id: string;
  Name?: string;
  Created?: string;
  State?: {
    Status?: string;
    StartedAt?: string;
    FinishedAt?: string;
    ExitCode?: number;
    OOMKilled?: boolean;
    Error?: string;
  };
  Config?: { Labels?: Record<string, string>; Tty?: boolean };
  HostConfig?: { RestartPolicy?: { Name?: string } };
  /** `Source`: where it lies on the engine's machine. */
  Mounts?: { Type?: string; Name?: string; Source?: string; Destination?: string }[] | null;
  NetworkSettings?: {
    Ports?: Record<string, { HostIp?: string; HostPort?: string }[] | null>;
    Networks?: Record<string, { IPAddress?: string } | null>;
  };
}

export interface InspectedVolume {
  Name: string;
  Driver?: string;
  Labels?: Record<string, string> | null;
  Options?: Record<string, string> | null;
}

export interface EngineStats {
  read?: string;
  cpu_stats?: { cpu_usage?: { total_usage?: number } };
  precpu_stats?: { cpu_usage?: { total_usage?: number } };
  preread?: string;
  memory_stats?: { usage?: number; stats?: Record<string, number> };
}

interface ExecBody {
  AttachStdin: boolean;
  AttachStdout: true;
  AttachStderr: true;
  Tty: boolean;
  Cmd: string[];
}

export interface CreateBody {
  Image: string;
  User?: string;
  Hostname?: string;
  Entrypoint?: string[];
  Cmd?: string[];
  WorkingDir?: string;
  Env: string[];
  StopSignal?: string;
  OpenStdin?: true;
  StdinOnce?: true;
  Tty?: true;
  Labels: Record<string, string>;
  ExposedPorts: Record<string, object>;
  HostConfig: {
    RestartPolicy: { Name: 'no' };
    LogConfig: { Type: 'json-file' | 'none'; Config: Record<string, string> };
    SecurityOpt: string[];
    CapDrop: string[];
    CapAdd?: string[];
    PidsLimit?: number;
    NetworkMode: 'host' | 'bridge' | 'none';
    PortBindings: Record<string, { HostIp: string; HostPort: string }[]>;
    NanoCpus?: number;
    Memory?: number;
    MemorySwap?: number;
    Mounts?: EngineMount[];
  };
}

export interface EngineMount {
  Type: 'volume' | 'bind' | 'tmpfs';
  Source?: string;
  Target: string;
  ReadOnly: boolean;
  TmpfsOptions?: { SizeBytes?: number; Mode: number };
  VolumeOptions?: { NoCopy: true; Labels?: Record<string, string> };
}
