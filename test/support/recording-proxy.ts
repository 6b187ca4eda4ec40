import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface RecordingProxy {
  socketPath: string;
  /** What clients sent so far. */
  sent(): Buffer;
  close(): Promise<void>;
}

/** A Unix socket that passes everything on to another one, and keeps what clients say. */
export async function openRecordingProxy(targetPath: string): Promise<RecordingProxy> {
  const directory = await mkdtemp(join(tmpdir(), 'orch-proxy-'));
  const socketPath = join(directory, 'docker.sock');
  const chunks: Buffer[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const target = connect(targetPath);
    for (const socket of [client, target]) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    }
    client.on('data', (chunk) => chunks.push(Buffer.from(chunk)));
    client.pipe(target);
    target.pipe(client);
  });
  server.listen(socketPath);
  await once(server, 'listening');
  return {
    socketPath,
    sent: () => Buffer.concat(chunks),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
      await rm(directory, { recursive: true, force: true });
    },
  };
}
