import { createServer, isIP, type Server, type Socket } from 'node:net';
import type { Command } from 'commander';
import type { ClientSocket } from '../client/client.js';
import { objectPath } from '../client/resource-path.js';
import { taskKind, type StoredTask } from '../model/task.js';
import { errorMessage, OrchError } from '../support/errors.js';
import { guarded } from '../support/guarded.js';
import type { Cli } from './cli.js';
import type { Connection } from './connection.js';
import { withConnection } from './connection.js';
import { parsePortPair, remotePortOf, type PortPair } from './port-pair.js';
import { findTask } from './task-target.js';

const protocol = 'v4.channel.k8s.io';
/** Of one forwarded port: its bytes, its errors, and what says that a channel has ended. */
const channels = { data: 0, error: 1, close: 255 } as const;
/** On both channels the manager first names the port. */
const portNameBytes = 2;

interface PortForwardOptions {
  address: string;
}

export function definePortForward(command: Command, cli: Cli): void {
  command
    .argument('<task>', 'NAME, task/NAME or deployment/NAME')
    .argument(
      '<ports...>',
      '[LOCAL:]REMOTE; REMOTE may be the name of a port, no LOCAL before the colon takes a free port',
    )
    .option('--address <ip>', 'where to listen; any but 127.0.0.1 lets others in', '127.0.0.1')
    .addHelpText(
      'after',
      `
Goes on until Ctrl-C. Each connection to the local port becomes one to the container's.

Examples:
  orch port-forward web 8080
  orch port-forward deployment/shop 8080:80 9090:metrics
  orch port-forward web :80                   # any free local port`,
    );
  cli.run<PortForwardOptions>(command, async ([word = '', ...ports], { address, ...options }) => {
    if (isIP(address) === 0)
      throw new OrchError('BadRequest', `--address ${address}: give an IP address, like 127.0.0.1`);
    const pairs = ports.map(parsePortPair);
    return withConnection(cli.environment, options, async (connection) => {
      const name = await findTask(cli, connection, word, 'orch port-forward');
      const { client, namespace } = connection;
      const task = await client.get<StoredTask>(taskKind, { namespace, name });
      await forwardAll(
        cli,
        connection,
        name,
        pairs.map((pair) => ({ ...pair, remote: remotePortOf(task, pair) })),
        address,
      );
    });
  });
}

async function forwardAll(
  cli: Cli,
  connection: Connection,
  name: string,
  pairs: readonly (PortPair & { remote: number })[],
  address: string,
): Promise<void> {
  const servers: Server[] = [];
  const open = new Set<Socket>();
  try {
    for (const { local, remote } of pairs) {
      const onConnection = (socket: Socket): void => {
        open.add(socket);
        socket.once('close', () => open.delete(socket));
        const fail = (error: unknown): void => {
          cli.note(`${cli.colors.red('error:')} port ${remote}: ${errorMessage(error)}`);
          socket.destroy();
        };
        // An error of the local connection closes it, which is all that there is to know.
        socket.on('error', () => socket.destroy());
        forwardOne(connection, name, remote, socket).catch(fail);
      };
      const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, onConnection);
      servers.push(server);
      const port = await listen(server, local, address);
      const shown = isIP(address) === 6 ? `[${address}]` : address;
      cli.print(`Forwarding from ${shown}:${port} -> ${remote}`);
    }
    await new Promise<void>((resolve) => {
      if (cli.signal.aborted) resolve();
      else cli.signal.addEventListener('abort', () => resolve(), { once: true });
    });
  } finally {
    for (const server of servers) server.close();
    for (const socket of open) socket.destroy();
  }
}

function listen(server: Server, port: number, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE' ? 'something else listens there already' : error.message;
      reject(new OrchError('BadRequest', `cannot listen on ${address}, port ${port}: ${taken}`));
    });
    server.listen(port, address, () => {
      const bound = server.address();
      resolve(typeof bound === 'object' && bound ? bound.port : port);
    });
  });
}

/** Joins a local connection with the container's port. Rejects with what the worker says when there is nobody to connect to. */
async function forwardOne({ client, namespace }: Connection, name: string, port: number, local: Socket): Promise<void> {
  const path = objectPath(taskKind, { namespace, name }, 'portforward');
  const remote = await client.openSocket(path, { ports: String(port) }, protocol);
  if (local.destroyed) return remote.close();
  let failure = '';
  const toSkip: [number, number] = [portNameBytes, portNameBytes];
  remote.onMessage(
    guarded(
      () => remote.close(),
      (frame: Uint8Array) => {
        const channel = frame[0];
        if (channel !== channels.data && channel !== channels.error) return;
        const skipped = Math.min(toSkip[channel], frame.length - 1);
        toSkip[channel] -= skipped;
        const payload = frame.subarray(1 + skipped);
        if (channel === channels.error) failure += Buffer.from(payload).toString('utf8').slice(0, 1000);
        else if (payload.length > 0) writeLocal(remote, local, payload);
      },
    ),
  );
  local.on('data', (chunk: Buffer) => {
    remote.send(Buffer.concat([Buffer.of(channels.data), chunk]));
    if (!remote.flushed) return;
    local.pause();
    void remote.flushed().then(() => local.resume());
  });
  local.on('end', () => remote.send(Buffer.of(channels.close, channels.data)));
  local.on('close', () => remote.close());
  local.resume();
  await remote.closed;
  local.end();
  if (failure !== '') throw new OrchError('ServiceUnavailable', failure);
}

function writeLocal(remote: ClientSocket, local: Socket, payload: Uint8Array): void {
  if (local.destroyed || local.write(payload)) return;
  remote.pause?.();
  local.once('drain', () => remote.resume?.());
}
