import type { ApiObject, ObjectKey, Stored } from '../model/api-object.js';
import type { JsonValue } from '../model/json.js';
import type { Kind } from '../model/kind.js';

/**
 * Talks to a manager over its Kubernetes-shaped API. A Status answer becomes an OrchError with the same code, message
 * and details; no answer becomes ServiceUnavailable or Timeout, whose outcome is unknown: repeat reads freely, and
 * writes too, as every write is conditional or idempotent.
 */
export interface Client {
  get<T extends ApiObject = ApiObject>(kind: Kind, key: ObjectKey): Promise<Stored<T>>;
  list<T extends ApiObject = ApiObject>(kind: Kind, options?: ClientListOptions): Promise<ClientList<T>>;
  create<T extends ApiObject = ApiObject>(
    kind: Kind,
    object: T,
    options?: ClientWriteOptions,
  ): Promise<ClientWriteResult<T>>;
  replace<T extends ApiObject = ApiObject>(
    kind: Kind,
    key: ObjectKey,
    object: T,
    options?: ClientWriteOptions,
  ): Promise<ClientWriteResult<T>>;
  /** A JSON merge patch, unless the options say otherwise. */
  patch<T extends ApiObject = ApiObject>(
    kind: Kind,
    key: ObjectKey,
    patch: JsonValue,
    options?: ClientWriteOptions & { patchType?: PatchType },
  ): Promise<ClientWriteResult<T>>;
  /** Server-side apply. */
  apply<T extends ApiObject = ApiObject>(
    kind: Kind,
    key: ObjectKey,
    object: T,
    options: ClientWriteOptions & { fieldManager: string; force?: boolean },
  ): Promise<ClientWriteResult<T> & { created: boolean }>;
  delete(
    kind: Kind,
    key: ObjectKey,
    options?: { uid?: string; gracePeriodSeconds?: number; dryRun?: boolean },
  ): Promise<void>;
  /**
   * Events after `resourceVersion`; without one, first every current object as ADDED. Ends by throwing (Expired: list
   * again) or returning when the server closes the stream (resume from the last resourceVersion seen).
   */
  watch<T extends ApiObject = ApiObject>(
    kind: Kind,
    options: ClientListOptions & {
      resourceVersion?: string;
      signal: AbortSignal;
      /** When another store answers, the watch ends with Expired: a resourceVersion means nothing to it. */
      clusterUid?: string;
    },
  ): AsyncIterable<ClientEvent<T>>;
  /** Any other request of the manager's API. */
  request(request: ClientRequest): Promise<ClientResponse>;
  /** A WebSocket to a path of the API, with the client's credentials. Binary messages. */
  openSocket(
    path: string,
    query: Readonly<Record<string, string | readonly string[]>>,
    protocol: string,
  ): Promise<ClientSocket>;
  close(): Promise<void>;
}

/** `json`: a list of operations; `strategic`: lists merge by key, for Kubernetes' own kinds. */
export type PatchType = 'json' | 'merge' | 'strategic';

export interface ClientListOptions {
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  limit?: number;
  continueToken?: string;
}

export interface ClientList<T extends ApiObject> {
  items: Stored<T>[];
  resourceVersion: string;
  continueToken?: string;
  /** Of the store that answered, from the X-Orch-Cluster-Uid header. */
  clusterUid: string;
  /** Of the restore that made this store, from the X-Orch-Restore-Uid header. */
  restoreUid?: string;
}

export interface ClientWriteOptions {
  subresource?: 'status';
  fieldManager?: string;
  dryRun?: boolean;
}

export interface ClientWriteResult<T extends ApiObject> {
  object: Stored<T>;
  warnings: string[];
}

export interface ClientEvent<T extends ApiObject> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  object: Stored<T>;
}

export interface ClientRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  query?: Readonly<Record<string, string | readonly string[]>>;
  headers?: Readonly<Record<string, string>>;
  body?: string;
  /** Until the answer begins; 30 s when absent. */
  timeoutMilliseconds?: number;
  /** The longest silence within the body; 30 s when absent, 0 for no limit. */
  idleTimeoutMilliseconds?: number;
  signal?: AbortSignal;
}

export interface ClientResponse {
  status: number;
  headers: Readonly<Record<string, string>>;
  /** The whole body as text. Rejects when it breaks off. */
  text(): Promise<string>;
  /** The body as it comes. */
  body: AsyncIterable<Uint8Array>;
}

export interface ClientSocket {
  send(data: Uint8Array): void;
  /** Messages that came before the listener are handed to it first. One listener. */
  onMessage(listener: (data: Uint8Array) => void): void;
  /** Resolves when what was sent has left this process: for who sends more than a little. */
  flushed?(): Promise<void>;
  /** Stop and go on reading, so that a slow reader slows the sender down. */
  pause?(): void;
  resume?(): void;
  /** Resolves when the socket closed, for whatever reason. */
  closed: Promise<{ code: number; reason: string }>;
  close(): void;
}
