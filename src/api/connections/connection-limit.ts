import type { Server } from 'node:net';
import { addressKey } from './address-key.js';

export interface ConnectionLimits {
  total: number;
  /** So that whoever opens all that one address may have leaves room for others. */
  perAddress: number;
}

/** Bounds the open connections of a server: what comes beyond is closed at once, before anybody else sees it. */
export function limitConnections(server: Server, { total, perAddress }: ConnectionLimits): void {
  const open = new Map<string, number>();
  server.maxConnections = total;
  server.prependListener('connection', (socket) => {
    const key = addressKey(socket.remoteAddress ?? '');
    const count = open.get(key) ?? 0;
    if (count >= perAddress) return void socket.destroy();
    open.set(key, count + 1);
    socket.once('close', () => {
      const left = (open.get(key) ?? 1) - 1;
      if (left === 0) open.delete(key);
      else open.set(key, left);
    });
  });
}
