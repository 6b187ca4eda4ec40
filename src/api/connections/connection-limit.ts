import type { Server, Socket } from 'node:net';
import { guarded } from '../../support/guarded.js';
import { addressKey } from './address-key.js';

export interface ConnectionLimits {
  total: number;
  /** So that whoever opens all that one address may have leaves room for others. */
  perAddress: number;
}

/**
 * Bounds the open connections of a server: what comes beyond is closed at once, before anybody else sees it. `onError` gets what
 * cannot be counted.
 */
export function limitConnections(
  server: Server,
  { total, perAddress }: ConnectionLimits,
  onError: (error: unknown) => void,
): void {
  const open = new Map<string, number>();
  server.maxConnections = total;
  const enter = (socket: Socket): void => {
    const key = addressKey(socket.remoteAddress ?? '');
    const count = open.get(key) ?? 0;
    if (count >= perAddress) return void socket.destroy();
    open.set(key, count + 1);
    socket.once('close', () => {
      const left = (open.get(key) ?? 1) - 1;
      if (left === 0) open.delete(key);
      else open.set(key, left);
    });
  };
  server.prependListener('connection', guarded(onError, enter));
}
