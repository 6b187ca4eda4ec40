import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { Duplex } from 'node:stream';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface FakeRequest {
  method: string;
  /** Without the version of the API. */
  path: string;
  apiVersion: string | undefined;
  query: URLSearchParams;
  body: string;
}

export type FakeHandler = (request: FakeRequest, response: ServerResponse) => void;

/**
 * An HTTP server on a Unix socket that answers as the test says: for what a healthy engine never does. Routes are
 * `METHOD /path`, a `*` in the path stands for anything. What has no route is never answered, as by a frozen engine.
 */
export class FakeEngine {
  readonly requests: FakeRequest[] = [];
  version: object = { Version: '20.10.24', ApiVersion: '1.41', MinAPIVersion: '1.12' };
  readonly #routes = new Map<string, FakeHandler>();
  readonly #server = createServer((request, response) => void this.#serve(request, response));
  readonly #sockets = new Set<Duplex>();

  private constructor(
    readonly directory: string,
    readonly socketPath: string,
  ) {
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    this.#server.on('upgrade', (_request, socket) => {
      socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
      this.upgraded(socket);
    });
    this.route('GET /version', (_request, response) => json(response, 200, this.version));
    this.route('GET /info', (_request, response) => json(response, 200, { NCPU: 2, MemTotal: 2 ** 30 }));
  }

  /** What happens on an upgraded connection (exec). */
  upgraded: (socket: Duplex) => void = (socket) => socket.end();

  static async start(): Promise<FakeEngine> {
    const directory = await mkdtemp(join(tmpdir(), 'orch-fake-engine-'));
    const engine = new FakeEngine(directory, join(directory, 'docker.sock'));
    await engine.listen();
    return engine;
  }

  async listen(): Promise<void> {
    this.#server.listen(this.socketPath);
    await once(this.#server, 'listening');
  }

  /** As a crash: connections break off, and the socket is gone. */
  async crash(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.breakConnections();
    await closed;
  }

  breakConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    if (this.#server.listening) await this.crash();
    await rm(this.directory, { recursive: true, force: true });
  }

  route(route: string, handler: FakeHandler): void {
    this.#routes.set(route, handler);
  }

  seen(method: string, path: string): FakeRequest[] {
    return this.requests.filter((request) => request.method === method && matches(path, request.path));
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const url = new URL(incoming.url ?? '/', 'http://engine');
    const [, apiVersion, path = url.pathname] = /^\/v(\d+\.\d+)(\/.*)$/.exec(url.pathname) ?? [];
    const method = incoming.method ?? 'GET';
    const request = { method, path, apiVersion, query: url.searchParams, body: Buffer.concat(chunks).toString() };
    this.requests.push(request);
    for (const [route, handler] of this.#routes) {
      const [wantedMethod, wantedPath = ''] = route.split(' ');
      if (wantedMethod === method && matches(wantedPath, path)) return handler(request, response);
    }
  }
}

export function json(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) });
  response.end(text);
}

export function refuse(status: number, message: string): FakeHandler {
  return (_request, response) => json(response, status, { message });
}

function matches(pattern: string, path: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(path);
}
