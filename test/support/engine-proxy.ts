import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, request as httpRequest } from 'node:http';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What becomes of one request: `lose` lets it happen and breaks off before the answer, `refuse` answers 500 instead. */
export type EngineFault = 'pass' | 'lose' | 'refuse' | 'hang';

export interface EngineProxy {
  readonly socketPath: string;
  /** Decides from now on; all pass at first. `path` is without the version of the API. */
  setFault(decide: (method: string, path: string) => EngineFault): void;
  /** How often each fault other than `pass` happened: `lose POST /containers/create`, ids left out. */
  readonly happened: Map<string, number>;
  close(): Promise<void>;
}

/** A Unix socket in front of an engine that loses answers, refuses or hangs, as a test says. */
export async function startEngineProxy(targetPath: string): Promise<EngineProxy> {
  const directory = await mkdtemp(join(tmpdir(), 'orch-engine-proxy-'));
  const socketPath = join(directory, 'docker.sock');
  const happened = new Map<string, number>();
  const sockets = new Set<Socket>();
  let decide: (method: string, path: string) => EngineFault = () => 'pass';

  function forward(incoming: IncomingMessage, response: ServerResponse): void {
    const { method = 'GET', url = '/', headers } = incoming;
    const path = url.replace(/^\/v\d+\.\d+/, '').replace(/\?.*/, '');
    const fault = decide(method, path);
    if (fault !== 'pass') {
      const what = `${fault} ${method} ${path.replace(/[0-9a-f]{64}/, '*')}`;
      happened.set(what, (happened.get(what) ?? 0) + 1);
    }
    if (fault === 'hang') return void incoming.resume();
    if (fault === 'refuse') {
      incoming.resume();
      return void response.writeHead(500, { 'content-type': 'application/json' }).end('{"message":"not now"}');
    }
    const outgoing = httpRequest({ socketPath: targetPath, method, path: url, headers });
    outgoing.on('error', () => response.destroy());
    outgoing.on('response', (answer) => {
      if (fault === 'lose') {
        answer.resume();
        return void incoming.socket.destroy();
      }
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      response.flushHeaders();
      answer.on('error', () => response.destroy());
      answer.pipe(response);
    });
    response.on('close', () => outgoing.destroy());
    incoming.pipe(outgoing);
  }

  const server = createServer(forward);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  });
  // exec: the connection itself is handed over.
  server.on('upgrade', (incoming: IncomingMessage, near: Socket, head: Buffer) => {
    const far = connect(targetPath);
    far.on('error', () => near.destroy()).on('close', () => near.destroy());
    near.on('close', () => far.destroy());
    const lines = incoming.rawHeaders.flatMap((name, index, all) => (index % 2 ? [] : [`${name}: ${all[index + 1]}`]));
    far.write(`${incoming.method} ${incoming.url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
    far.write(head);
    near.pipe(far);
    far.pipe(near);
  });
  server.listen(socketPath);
  await once(server, 'listening');
  return {
    socketPath,
    setFault: (next) => (decide = next),
    happened,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
      await rm(directory, { recursive: true, force: true });
    },
  };
}
