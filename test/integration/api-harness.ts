import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpsRequest, type Agent } from 'node:https';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { ensureCertificates, type Certificates } from '../../src/api/certificates.js';
import { openCredentials, type Credentials } from '../../src/api/credentials.js';
import type { HandshakeLimits } from '../../src/api/connections/handshake-budget.js';
import { certificateRequest, makeKey } from '../../src/app/worker-identity.js';
import { formatJoinToken, joinTokenKind } from '../../src/model/join-token.js';
import { formatKubeconfig } from '../../src/api/kubeconfig.js';
import { startApiServer, type ApiServer } from '../../src/api/server.js';
import { openRegistry } from '../../src/registry/open-registry.js';
import type { Registry } from '../../src/registry/registry.js';
import { openLevelStore } from '../../src/store/level/open-level-store.js';
import { openMemoryStore } from '../../src/store/memory/open-memory-store.js';
import type { Store } from '../../src/store/store.js';
import { createSystemClock, toTimestamp, type Clock } from '../../src/support/clock.js';
import { silentLogger } from '../../src/support/logger.js';
import { createSystemRandom } from '../../src/support/random.js';

/**
 * A real API server on a free port, over a store in memory or (with `dataFolder`, which outlives it) on disk, and a bare
 * HTTPS client that shows what is on the wire.
 */
export interface TestApi {
  server: ApiServer;
  store: Store;
  registry: Registry;
  credentials: Credentials;
  caPem: string;
  kubeconfig: string;
  beats: string[];
  request(method: string, path: string, options?: RequestOptions): Promise<TestResponse>;
  openWatch(path: string, options?: RequestOptions): Promise<TestWatch>;
  /** The answer as it comes, for bodies that are not lines of JSON. */
  openBody(path: string, headers?: Record<string, string>): Promise<IncomingMessage>;
  socket(path: string, protocol: string, token?: string | NodeIdentity): WebSocket;
  /** Makes a worker a member: its Node, and what it is known by. */
  admit(nodeName: string): Promise<NodeIdentity>;
  /** A join token, as `orch token create` makes it. */
  joinToken(spec?: object): Promise<string>;
  close(): Promise<void>;
}

/** A worker's key and certificate. */
export interface NodeIdentity {
  key: string;
  cert: string;
}

export interface RequestOptions {
  token?: string | NodeIdentity | null;
  body?: unknown;
  type?: string | null;
  headers?: Record<string, string>;
  /** Default: a connection for each request. */
  agent?: Agent;
}

export interface TestResponse {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  // The tests read many shapes out of it.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  json: any;
}

export interface TestWatch {
  response: IncomingMessage;
  /** The next event; rejects when the stream ends first. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  next(): Promise<any>;
  /** Resolves to true for a clean end. */
  ended: Promise<boolean>;
  destroy(): void;
}

export async function startTestApi(
  options: {
    clock?: Clock;
    historyLimit?: number;
    port?: number;
    dataFolder?: string;
    wrap?: (registry: Registry) => Registry;
    connectionLimits?: { total: number; perAddress: number };
    handshakeLimits?: HandshakeLimits;
    certificates?: Certificates;
  } = {},
): Promise<TestApi> {
  const clock = options.clock ?? createSystemClock();
  const random = createSystemRandom();
  const directory = options.dataFolder ?? (await mkdtemp(join(tmpdir(), 'orch-api-')));
  const history = options.historyLimit === undefined ? {} : { historyLimit: options.historyLimit };
  const store = await (options.dataFolder === undefined
    ? openMemoryStore({ random, ...history })
    : openLevelStore({ directory: join(directory, 'store'), random, clock, logger: silentLogger, ...history }));
  const opened = await openRegistry({ store, clock, random, logger: silentLogger });
  const registry = options.wrap?.(opened) ?? opened;
  const tls = options.certificates ?? (await ensureCertificates({ directory, hosts: [], clock: createSystemClock() }));
  const credentials = await openCredentials({ directory, random, clock, nodeUids: async () => [] });
  const beats: string[] = [];
  const end = async (): Promise<void> => {
    await opened.close();
    await store.close();
    if (options.dataFolder === undefined) await rm(directory, { recursive: true, force: true });
  };
  const server = await startApiServer({
    registry,
    clock,
    random,
    logger: silentLogger,
    host: '127.0.0.1',
    port: options.port ?? 0,
    tls,
    credentials,
    heartbeats: {
      heartbeatPeriodSeconds: 10,
      beat(nodeName, sessionId) {
        beats.push(`${nodeName}/${sessionId}`);
        return sessionId === 'other' ? 'conflict' : 'ok';
      },
    },
    version: '0.1.0',
    ...(options.connectionLimits ? { connectionLimits: options.connectionLimits } : {}),
    ...(options.handshakeLimits ? { handshakeLimits: options.handshakeLimits } : {}),
    readManagerFiles: async () => [{ type: 'file', name: 'credentials.json', text: '{}' }],
  }).catch(async (error: unknown) => {
    await end();
    throw error;
  });
  const send = (method: string, path: string, given: RequestOptions = {}): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const body = given.body === undefined ? undefined : asBytes(given.body);
      const type = given.type === null ? {} : { 'content-type': given.type ?? 'application/json' };
      const token = given.token === undefined ? credentials.adminToken : given.token;
      const request = httpsRequest(
        `${server.url}${path}`,
        {
          method,
          ca: tls.caPem,
          agent: given.agent ?? false,
          ...(typeof token === 'string' ? {} : token),
          headers: {
            ...(typeof token !== 'string' ? {} : { authorization: `Bearer ${token}` }),
            ...(body === undefined ? {} : { ...type, 'content-length': body.length }),
            ...given.headers,
          },
        },
        resolve,
      );
      request.on('error', reject);
      request.end(body);
    });
  const kubeconfig = formatKubeconfig({ server: server.url, caPem: tls.caPem, token: credentials.adminToken });
  // The admin's token stands nowhere else: without the file the next server on this folder would make a new one.
  await writeFile(join(directory, 'kubeconfig'), kubeconfig, { mode: 0o600 });
  return {
    server,
    store,
    registry,
    credentials,
    caPem: tls.caPem,
    kubeconfig,
    beats,
    async request(method, path, given) {
      const response = await send(method, path, given);
      const text = await readAll(response);
      return { status: response.statusCode ?? 0, headers: response.headers, text, json: parseIfJson(text) };
    },
    async openWatch(path, given) {
      const response = await send('GET', path, given);
      if (response.statusCode !== 200) {
        throw new Error(`watch answered ${response.statusCode}: ${await readAll(response)}`);
      }
      return readWatch(response);
    },
    openBody: (path, headers = {}) => send('GET', path, { headers }),
    socket: (path, protocol, token = credentials.adminToken) =>
      new WebSocket(`${server.url.replace('https', 'wss')}${path}`, protocol === '' ? [] : [protocol], {
        ca: tls.caPem,
        ...(typeof token === 'string' ? { headers: { authorization: `Bearer ${token}` } } : token),
      }),
    async admit(nodeName) {
      const key = await makeKey();
      const csr = await certificateRequest(key, nodeName);
      const proof = { type: 'process' } as const;
      return { key, cert: await server.admissions.join({ nodeName, csr, labels: {}, proof, address: 'the test' }) };
    },
    async joinToken(spec = {}) {
      const name = random.uuid();
      const token = formatJoinToken(name, Buffer.from(random.bytes(32)).toString('base64url'));
      const tokenSha256 = createHash('sha256').update(token).digest('hex');
      const expirationTimestamp = toTimestamp(clock.now() + 3_600_000);
      const object = { metadata: { name }, spec: { tokenSha256, expirationTimestamp, ...spec } };
      await registry.create(joinTokenKind, { apiVersion: 'orch.dev/v1', kind: 'JoinToken', ...object });
      return token;
    },
    async close() {
      await server.close();
      await end();
    },
  };
}

export function taskObject(name: string, spec: object = {}, metadata: object = {}): object {
  return {
    apiVersion: 'orch.dev/v1',
    kind: 'Task',
    metadata: { name, ...metadata },
    spec: { image: 'busybox:latest', ...spec },
  };
}

export const tasksPath = '/apis/orch.dev/v1/namespaces/default/tasks';

function asBytes(body: unknown): Buffer {
  if (Buffer.isBuffer(body)) return body;
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function parseIfJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readWatch(response: IncomingMessage): TestWatch {
  const lines: string[] = [];
  const waiting: { resolve(line: string): void; reject(error: Error): void }[] = [];
  let rest = '';
  let over = false;
  response.setEncoding('utf8');
  response.on('data', (chunk: string) => {
    const pieces = (rest + chunk).split('\n');
    rest = pieces.pop() ?? '';
    for (const line of pieces) {
      const waiter = waiting.shift();
      if (waiter) waiter.resolve(line);
      else lines.push(line);
    }
  });
  const ended = new Promise<boolean>((resolve) => {
    const finish = (): void => {
      over = true;
      for (const waiter of waiting.splice(0)) waiter.reject(new Error('the watch ended'));
      resolve(response.complete);
    };
    response.on('close', finish);
    response.on('error', finish);
  });
  return {
    response,
    async next() {
      const line =
        lines.shift() ??
        (await new Promise<string>((resolve, reject) => {
          if (over) reject(new Error('the watch ended'));
          else waiting.push({ resolve, reject });
        }));
      return JSON.parse(line) as unknown;
    },
    ended,
    destroy: () => response.destroy(),
  };
}
