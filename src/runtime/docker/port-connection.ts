import { connect, type Socket } from 'node:net';
import type { Clock } from '../../support/clock.js';
import type { PortConnection } from '../container-runtime.js';
import { RuntimeError } from '../container-runtime.js';
import { deadlines } from '../deadlines.js';
import { OutputQueue } from '../output-queue.js';
import { drained } from './docker-session.js';
import { pumpOutput } from './output-stream.js';

/**
 * A TCP connection to a port inside a container, by the address that the worker's machine reaches it under. A program that
 * listens on the container's loopback only cannot be reached so.
 */
export async function openPortConnection(clock: Clock, host: string, port: number): Promise<PortConnection> {
  const socket = await connected(clock, host, port);
  const queue = new OutputQueue();
  pumpOutput(socket, queue, (data) => [{ channel: 'stdout', data }]).then(
    () => queue.end(),
    (error: Error) => queue.end(error),
  );
  return {
    write: (data) => {
      if (socket.writable && !socket.write(data)) return drained(socket);
    },
    end: () => void (socket.writable && socket.end()),
    onOutput: (listener) => queue.onOutput(listener),
    finished: queue.finished.finally(() => socket.destroy()),
    close: () => queue.close(),
  };
}

function connected(clock: Clock, host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, allowHalfOpen: true });
    const fail = (why: string): void => {
      timer.cancel();
      socket.destroy();
      reject(new RuntimeError('Unavailable', `port ${port} of the container cannot be reached: ${why}`));
    };
    const timer = clock.setTimer(() => fail('nothing answers'), deadlines.connectPort);
    // Stays attached: whoever pumps the output sees the end by 'close'.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      fail(error.code === 'ECONNREFUSED' ? 'nothing listens there (or on 127.0.0.1 only)' : error.message);
    });
    socket.once('connect', () => {
      timer.cancel();
      resolve(socket);
    });
  });
}
