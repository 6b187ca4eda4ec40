import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { failWebSocket, webSocketOutput } from '../../../../src/api/streams/web-socket-output.js';
import { OrchError } from '../../../../src/support/errors.js';

/** A connection that takes nothing until it is told to. */
class HeldSocket extends EventEmitter {
  readonly OPEN = 1;
  readyState = 1;
  readonly sent: string[] = [];
  readonly closes: [number, string | undefined][] = [];
  private waiting: (() => void)[] = [];

  send(message: string | Buffer, onSent?: () => void): void {
    this.sent.push(message.toString());
    if (onSent) this.waiting.push(onSent);
  }

  take(): void {
    for (const onSent of this.waiting.splice(0)) onSent();
  }

  close(code: number, reason?: string): void {
    this.closes.push([code, reason]);
  }

  terminate(): void {
    this.readyState = 3;
    this.emit('close');
  }
}

const lines = (chunk: Buffer): string[] => chunk.toString().split('\n').slice(0, -1);

it('sends each message, and takes no more than the connection does', () => {
  const socket = new HeldSocket();
  const output = webSocketOutput(socket as unknown as WebSocket, lines);
  output.write('a\nb\n');
  output.write('c\n');
  expect(socket.sent).toEqual(['a', 'b']);
  expect(output.write('x'.repeat(100_000) + '\n')).toBe(false);
  socket.take();
  expect(socket.sent).toEqual(['a', 'b', 'c']);
});

it('closes cleanly after the last message, and is over when the connection is', () => {
  const socket = new HeldSocket();
  const output = webSocketOutput(socket as unknown as WebSocket, lines);
  output.write('a\n');
  output.end();
  expect(socket.closes).toEqual([]);
  socket.take();
  expect(socket.closes).toEqual([[1000, undefined]]);
  expect(output.destroyed).toBe(false);
  socket.emit('close');
  expect(output.destroyed).toBe(true);
});

it('tells the reason of a failure within what a close may carry', () => {
  const socket = new HeldSocket();
  failWebSocket(socket as unknown as WebSocket, new OrchError('NotFound', 'ü'.repeat(100)));
  expect(socket.closes).toEqual([[1011, 'ü'.repeat(60)]]);
});
