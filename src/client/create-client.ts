import type { Duplex } from 'node:stream';
import type { ApiObject, ObjectKey, Stored } from '../model/api-object.js';
import type { JsonObject } from '../model/json.js';
import { isJsonObject } from '../model/json.js';
import type { Kind } from '../model/kind.js';
import { apiVersionOf } from '../model/kind.js';
import { defaultNamespace } from '../model/namespace.js';
import type { Clock } from '../support/clock.js';
import { sleep } from '../support/clock.js';
import { isOrchError, OrchError } from '../support/errors.js';
import type {
  Client,
  ClientEvent,
  ClientListOptions,
  ClientRequest,
  ClientResponse,
  ClientWriteOptions,
  PatchType,
} from './client.js';
import { createHttpsTransport, type ClientCertificate } from './https-transport.js';
import { collectionPath, objectPath } from './resource-path.js';
import { errorFromAnswer, errorFromStatus, parseRetryAfter } from './status-error.js';
import { readLines } from './json-lines.js';

interface ConnectOptions {
  /** The manager's address, https only. */
  server: string;
  /** The authority that signed the manager's certificate. */
  caPem: string;
  /** Who asks: by a bearer token, ... */
  token?: string;
  /** ... or by a client certificate, in PEM: looked up for every request, as it is renewed. */
  identity?: () => ClientCertificate | undefined;
  /** A request was refused for want of a valid token or certificate (401). */
  onUnauthorized?: () => void;
  clock: Clock;
  userAgent?: string;
  /** Until an answer begins; 30 s when absent. */
  timeoutMilliseconds?: number;
  connectTimeoutMilliseconds?: number;
  /** How a connection to the server is opened; over TLS when absent. */
  openConnection?: () => Duplex;
}

const clusterUidHeader = 'x-orch-cluster-uid';
const restoreUidHeader = 'x-orch-restore-uid';

/** Bookmarks come every 60 s at the latest: a watch that is silent for longer is dead. */
const watchIdleMilliseconds = 90_000;
const maxEventBytes = 16 * 2 ** 20;
const patchTypes: Readonly<Record<PatchType, string>> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
};
const maxTries = 4;
const maxRetryAfterSeconds = 10;

/** A client of the manager at `server`. Connects with the first call; rejects at once only for an address that is none. */
export function createClient(options: ConnectOptions): Client {
  const { clock } = options;
  const headers = {
    ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
    'user-agent': options.userAgent ?? 'orch',
    accept: 'application/json',
  };
  const transport = createHttpsTransport({
    server: options.server,
    caPem: options.caPem,
    headers,
    clock,
    connectTimeoutMilliseconds: options.connectTimeoutMilliseconds ?? 5_000,
    answerTimeoutMilliseconds: options.timeoutMilliseconds ?? 30_000,
    idleTimeoutMilliseconds: 30_000,
    openConnection: options.openConnection,
    identity: options.identity,
  });

  /** Asks again, a bounded number of times, while the manager says that it is busy and nothing was done. */
  async function send(request: ClientRequest): Promise<ClientResponse> {
    for (let tries = 1; ; tries++) {
      const response = await transport.send(request);
      if (response.status === 401) options.onUnauthorized?.();
      const repeatable = response.status === 429 || (response.status === 503 && request.method !== 'POST');
      const retryAfterSeconds = parseRetryAfter(response.headers['retry-after']);
      if (!repeatable || retryAfterSeconds === undefined || tries >= maxTries) return response;
      await response.text();
      await sleep(clock, Math.min(retryAfterSeconds, maxRetryAfterSeconds) * 1000, request.signal);
    }
  }

  /** Sends; a refusal rejects. */
  async function call(request: ClientRequest): Promise<ClientResponse> {
    const response = await send(request);
    if (response.status < 400) return response;
    throw errorFromAnswer(response.status, await response.text(), response.headers['retry-after']);
  }

  async function callForObject(request: ClientRequest): Promise<{ response: ClientResponse; body: JsonObject }> {
    const response = await call(request);
    return { response, body: parseBody(await response.text(), options.server) };
  }

  async function write<T extends ApiObject>(
    method: 'POST' | 'PUT' | 'PATCH',
    path: string,
    contentType: string,
    body: unknown,
    query: Record<string, string>,
  ): Promise<{ object: Stored<T>; warnings: string[]; created: boolean }> {
    const answer = await callForObject({
      method,
      path,
      query: { fieldValidation: 'Strict', ...query },
      headers: { 'content-type': contentType },
      body: JSON.stringify(body),
    });
    return {
      object: answer.body as unknown as Stored<T>,
      warnings: parseWarnings(answer.response.headers['warning']),
      created: answer.response.status === 201,
    };
  }

  return {
    async get<T extends ApiObject>(kind: Kind, key: ObjectKey) {
      const { body } = await callForObject({ method: 'GET', path: objectPath(kind, key) });
      return body as unknown as Stored<T>;
    },

    async list<T extends ApiObject>(kind: Kind, listOptions: ClientListOptions = {}) {
      const { response, body } = await callForObject({
        method: 'GET',
        path: collectionPath(kind, listOptions.namespace),
        query: listQuery(listOptions),
      });
      const metadata = isJsonObject(body['metadata']) ? body['metadata'] : {};
      const restoreUid = response.headers[restoreUidHeader];
      const items = Array.isArray(body['items']) ? (body['items'] as unknown as Stored<T>[]) : [];
      return {
        // Lists may leave these two out of their items.
        items: items.map((item) => ({ ...item, apiVersion: apiVersionOf(kind), kind: kind.kind })),
        resourceVersion: typeof metadata['resourceVersion'] === 'string' ? metadata['resourceVersion'] : '',
        ...(typeof metadata['continue'] === 'string' && metadata['continue'] !== ''
          ? { continueToken: metadata['continue'] }
          : {}),
        clusterUid: response.headers[clusterUidHeader] ?? '',
        ...(restoreUid === undefined ? {} : { restoreUid }),
      };
    },

    async create<T extends ApiObject>(kind: Kind, object: T, writeOptions: ClientWriteOptions = {}) {
      const path = collectionPath(kind, object.metadata.namespace ?? defaultNamespace);
      return write<T>('POST', path, 'application/json', object, writeQuery(writeOptions));
    },

    async replace<T extends ApiObject>(kind: Kind, key: ObjectKey, object: T, writeOptions: ClientWriteOptions = {}) {
      const path = objectPath(kind, key, writeOptions.subresource);
      return write<T>('PUT', path, 'application/json', object, writeQuery(writeOptions));
    },

    async patch<T extends ApiObject>(
      kind: Kind,
      key: ObjectKey,
      patch: unknown,
      { patchType = 'merge', ...writeOptions }: ClientWriteOptions & { patchType?: PatchType } = {},
    ) {
      const path = objectPath(kind, key, writeOptions.subresource);
      return write<T>('PATCH', path, patchTypes[patchType], patch, writeQuery(writeOptions));
    },

    async apply<T extends ApiObject>(
      kind: Kind,
      key: ObjectKey,
      object: T,
      applyOptions: ClientWriteOptions & { fieldManager: string; force?: boolean },
    ) {
      const path = objectPath(kind, key, applyOptions.subresource);
      const query = { ...writeQuery(applyOptions), ...(applyOptions.force ? { force: 'true' } : {}) };
      return write<T>('PATCH', path, 'application/apply-patch+yaml', object, query);
    },

    async delete(kind, key, deleteOptions = {}) {
      await callForObject({
        method: 'DELETE',
        path: objectPath(kind, key),
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          propagationPolicy: 'Background',
          gracePeriodSeconds: deleteOptions.gracePeriodSeconds,
          ...(deleteOptions.uid === undefined ? {} : { preconditions: { uid: deleteOptions.uid } }),
          ...(deleteOptions.dryRun ? { dryRun: ['All'] } : {}),
        }),
      });
    },

    async *watch<T extends ApiObject>(
      kind: Kind,
      watchOptions: ClientListOptions & { resourceVersion?: string; signal: AbortSignal; clusterUid?: string },
    ): AsyncGenerator<ClientEvent<T>> {
      const { signal, resourceVersion, clusterUid, ...listOptions } = watchOptions;
      try {
        const response = await call({
          method: 'GET',
          path: collectionPath(kind, listOptions.namespace),
          query: {
            ...listQuery(listOptions),
            watch: 'true',
            allowWatchBookmarks: 'true',
            ...(resourceVersion === undefined ? {} : { resourceVersion }),
          },
          idleTimeoutMilliseconds: watchIdleMilliseconds,
          signal,
        });
        const answeredBy = response.headers[clusterUidHeader];
        if (clusterUid !== undefined && answeredBy !== undefined && answeredBy !== clusterUid) {
          throw new OrchError('Expired', 'another store answers now: list again');
        }
        for await (const line of readLines(response.body, maxEventBytes)) {
          const event = parseBody(line, options.server);
          if (event['type'] === 'ERROR') throw errorFromStatus(isJsonObject(event['object']) ? event['object'] : {});
          yield event as unknown as ClientEvent<T>;
        }
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    },

    request: send,

    async openSocket(path, query, protocol) {
      const { openSocket } = await import('./web-socket.js');
      const { server, caPem, identity, onUnauthorized } = options;
      try {
        return await openSocket({ server, caPem, headers, path, query, protocol, ...identity?.() });
      } catch (error) {
        if (isOrchError(error, 'Unauthorized')) onUnauthorized?.();
        throw error;
      }
    },

    async close() {
      transport.close();
    },
  };
}

function listQuery(options: ClientListOptions): Record<string, string> {
  return {
    ...(options.labelSelector ? { labelSelector: options.labelSelector } : {}),
    ...(options.fieldSelector ? { fieldSelector: options.fieldSelector } : {}),
    ...(options.limit === undefined ? {} : { limit: String(options.limit) }),
    ...(options.continueToken === undefined ? {} : { continue: options.continueToken }),
  };
}

function writeQuery(options: ClientWriteOptions): Record<string, string> {
  return {
    ...(options.fieldManager === undefined ? {} : { fieldManager: options.fieldManager }),
    ...(options.dryRun ? { dryRun: 'All' } : {}),
  };
}

function parseBody(text: string, server: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (isJsonObject(value)) return value;
  throw new OrchError('InternalError', `${server} answered with something that is not a JSON object: is it a manager?`);
}

/** The texts of a Warning header: `299 - "text"`, several of them joined with commas. */
export function parseWarnings(header: string | undefined): string[] {
  return [...(header ?? '').matchAll(/\d{3} \S+ "((?:[^"\\]|\\.)*)"/g)].map((match) =>
    (match[1] ?? '').replaceAll(/\\(.)/g, '$1'),
  );
}
