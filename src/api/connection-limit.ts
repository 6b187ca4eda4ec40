import type { Server } from 'node:net';

export interface ConnectionLimits {
  total: number;
  /** So that whoever opens all that one address may have leaves room for others. */
  perAddress: number;
}

/** Bounds the open connections of a server: what comes beyond is closed at once, before it costs a handshake. */
export function limitConnections(server: Server, { total, perAddress }: ConnectionLimits): void {
  const open = new Map<string, number>();
  server.maxConnections = total;
  server.on('connection', (socket) => {
    const address = socket.remoteAddress ?? '';
    const count = open.get(address) ?? 0;
    if (count >= perAddress) return void socket.destroy();
    open.set(address, count + 1);
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left === 0) open.delete(address);
      else open.set(address, left);
    });
  });
}
