import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { guarded } from '../support/guarded.js';
import type { ClientSocket } from './client.js';
import { connectionError } from './connection-error.js';
import { parseServer } from './https-transport.js';
import { queryString } from './resource-path.js';
import { errorFromAnswer } from './status-error.js';

const handshakeTimeoutMilliseconds = 15_000;
const maxMessageBytes = 16 * 2 ** 20;
const maxRefusalBytes = 64 * 1024;

/** Opens a WebSocket. Rejects as requests do: a refusal with its Status, a failed connection with what to do. */
export async function openSocket(options: {
  server: string;
  caPem: string;
  headers: Readonly<Record<string, string>>;
  path: string;
  query: Readonly<Record<string, string | readonly string[]>>;
  protocol: string;
  /** Of the client, in PEM. */
  key?: string;
  cert?: string;
}): Promise<ClientSocket> {
  const url = parseServer(options.server);
  const base = `wss://${url.host}${url.pathname.replace(/\/$/, '')}`;
  const socket = new WebSocket(`${base}${options.path}${queryString(options.query)}`, options.protocol, {
    ca: options.caPem,
    ...(options.key === undefined || options.cert === undefined ? {} : { key: options.key, cert: options.cert }),
    headers: { ...options.headers },
    handshakeTimeout: handshakeTimeoutMilliseconds,
    maxPayload: maxMessageBytes,
    perMessageDeflate: false,
    followRedirects: false,
  });
  const early: Uint8Array[] = [];
  let listener: ((data: Uint8Array) => void) | undefined;
  const take = (data: Buffer): void => {
    if (listener) listener(data);
    else early.push(data);
  };
  socket.on(
    'message',
    guarded(() => socket.terminate(), take),
  );
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.once('close', (code, reason) => resolve({ code, reason: reason.toString('utf8') }));
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    const refused = (_request: unknown, response: IncomingMessage): Promise<void> =>
      readRefusal(response).then(reject, reject);
    socket.once('unexpected-response', guarded(reject, refused));
    // Stays attached: an error after the opening is followed by 'close', which tells.
    socket.on('error', (error) => reject(connectionError(options.server, error)));
  });
  return {
    send(data) {
      if (socket.readyState === WebSocket.OPEN) socket.send(data);
    },
    onMessage(next) {
      listener = next;
      for (const data of early.splice(0)) next(data);
    },
    async flushed() {
      if (socket.readyState === WebSocket.OPEN) await Promise.race([sendEmptyPing(socket), closed]);
    },
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    closed,
    close: () => socket.close(1000),
  };
}

/** Frames leave in order: when a ping has been written, all that was sent before has been too. */
function sendEmptyPing(socket: WebSocket): Promise<void> {
  return new Promise((resolve) => socket.ping(undefined, undefined, () => resolve()));
}

async function readRefusal(response: IncomingMessage): Promise<Error> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > maxRefusalBytes) break;
    chunks.push(chunk);
  }
  return errorFromAnswer(response.statusCode ?? 500, Buffer.concat(chunks).toString('utf8'));
}
