import { Writable } from 'node:stream';
import type { WebSocket } from 'ws';
import type { OrchError } from '../../support/errors.js';

/** A close code for a fault of the server; its reason may have 123 bytes. */
const failedCode = 1011;
const maxReasonBytes = 120;

/**
 * A WebSocket to write to: `messagesOf` says which messages a piece of output becomes, `rest` which come at its end. Always holds: no more is taken than
 * the connection takes; the end of the output is a clean close; what the client sends is not looked at.
 */
export function webSocketOutput(
  socket: WebSocket,
  messagesOf: (chunk: Buffer) => (string | Buffer)[],
  rest: () => (string | Buffer)[] = () => [],
): Writable {
  const output = new Writable({
    // The client answers the close first: the stream is over when the socket is.
    autoDestroy: false,
    write(chunk: Buffer, _encoding, done) {
      const messages = socket.readyState === socket.OPEN ? messagesOf(chunk) : [];
      if (messages.length === 0) return done();
      // An error of the socket closes it, which is all that there is to know.
      messages.forEach((message, index) =>
        socket.send(message, index === messages.length - 1 ? () => done() : undefined),
      );
    },
    final(done) {
      if (socket.readyState === socket.OPEN) for (const message of rest()) socket.send(message);
      socket.close(1000);
      done();
    },
    destroy(_error, done) {
      socket.terminate();
      done(null);
    },
  });
  socket.once('close', () => output.destroy());
  return output;
}

/** Ends a connection with what went wrong after its upgrade. */
export function failWebSocket(socket: WebSocket, error: OrchError): void {
  const reason = Buffer.from(error.message).subarray(0, maxReasonBytes).toString('utf8').replace(/�+$/, '');
  socket.close(failedCode, reason);
}
