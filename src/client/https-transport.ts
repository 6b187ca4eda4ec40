import type { IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '../support/clock.js';
import { OrchError } from '../support/errors.js';
import { guarded } from '../support/guarded.js';
import type { ClientRequest, ClientResponse } from './client.js';
import { connectionError, deadlineError, errorCodeOf } from './connection-error.js';
import { queryString } from './resource-path.js';

/**
 * Requests to one server over kept-alive TLS connections. In: a request; out: the answer's head as soon as it is there
 * and its body as a stream. Always holds: nothing waits without a limit (connection, answer, silence within a body), and
 * whatever fails below HTTP is an OrchError that says what to do.
 *
 * node:https and not undici: importing undici alone costs 90 ms of the 200 that a command may take, node:https 10.
 */
interface Transport {
  send(request: ClientRequest): Promise<ClientResponse>;
  close(): void;
}

/** Proves who a client is. In PEM. */
export interface ClientCertificate {
  key: string;
  cert: string;
}

interface TransportOptions {
  /** https://host:port */
  server: string;
  caPem: string;
  /** Sent with every request. */
  headers: Readonly<Record<string, string>>;
  clock: Clock;
  connectTimeoutMilliseconds: number;
  /** Default of ClientRequest.timeoutMilliseconds. */
  answerTimeoutMilliseconds: number;
  /** Default of ClientRequest.idleTimeoutMilliseconds. */
  idleTimeoutMilliseconds: number;
  /** How a connection to the server is opened, `connecting` until `secureConnect`; over TLS when absent. */
  openConnection?: (() => Duplex) | undefined;
  /** Connections are kept apart by it. */
  identity?: (() => ClientCertificate | undefined) | undefined;
}

const maxTextBytes = 256 * 2 ** 20;

export function createHttpsTransport(options: TransportOptions): Transport {
  const url = parseServer(options.server);
  const agent = new Agent({ keepAlive: true, maxSockets: 256, maxFreeSockets: 16, ca: options.caPem });
  const newConnections = new Agent({ keepAlive: false, maxSockets: 256, ca: options.caPem });
  const { openConnection } = options;
  if (openConnection) agent.createConnection = newConnections.createConnection = openConnection;
  return {
    async send(request) {
      try {
        return await sendOnce(options, url, agent, request);
      } catch (error) {
        if (!(error instanceof StaleConnection)) throw error;
        if (request.method === 'POST') throw connectionError(options.server, error.cause);
        // The server had closed a kept-alive connection just as it was used again: not a failure of the server. If it was
        // killed, the other kept ones are no better.
        return await sendOnce(options, url, newConnections, request);
      }
    },
    close: () => {
      agent.destroy();
      newConnections.destroy();
    },
  };
}

class StaleConnection extends Error {}

/** The parsed address of a manager. Rejects everything that is not https. */
export function parseServer(server: string): URL {
  const url = URL.canParse(server) ? new URL(server) : undefined;
  if (url?.protocol !== 'https:') {
    throw new OrchError('BadRequest', `"${server}" is not the address of a manager: write it like https://host:7443`);
  }
  return url;
}

function sendOnce(options: TransportOptions, url: URL, agent: Agent, input: ClientRequest): Promise<ClientResponse> {
  const { clock, server } = options;
  const answerLimit = input.timeoutMilliseconds ?? options.answerTimeoutMilliseconds;
  return new Promise<ClientResponse>((resolve, reject) => {
    if (input.signal?.aborted) return reject(abortReason(input.signal));
    const timers = new Set<Timer>();
    const stopTimers = (): void => timers.forEach((timer) => timer.cancel());
    const limit = (milliseconds: number, waitedFor: 'connection' | 'answer'): Timer => {
      const timer = clock.setTimer(
        () => request.destroy(deadlineError(server, waitedFor, milliseconds / 1000)),
        milliseconds,
      );
      timers.add(timer);
      return timer;
    };
    const request = httpsRequest({
      agent,
      ...options.identity?.(),
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port === '' ? 443 : url.port,
      method: input.method,
      path: `${url.pathname.replace(/\/$/, '')}${input.path}${queryString(input.query ?? {})}`,
      headers: {
        ...options.headers,
        ...input.headers,
        ...(input.body === undefined ? {} : { 'content-length': String(Buffer.byteLength(input.body)) }),
      },
    });
    const onAbort = (): void => void request.destroy();
    input.signal?.addEventListener('abort', onAbort, { once: true });
    limit(answerLimit, 'answer');
    request.on('socket', (socket) => {
      socket.setKeepAlive(true, 30_000);
      if (!socket.connecting) return;
      const timer = limit(options.connectTimeoutMilliseconds, 'connection');
      socket.once('secureConnect', () => timer.cancel());
    });
    let answered = false;
    request.on('error', (error) => {
      stopTimers();
      if (answered) return; // the body's reader sees it
      input.signal?.removeEventListener('abort', onAbort);
      if (input.signal?.aborted) reject(abortReason(input.signal));
      else if (request.reusedSocket && errorCodeOf(error) === 'ECONNRESET') {
        reject(new StaleConnection('the connection was stale', { cause: error }));
      } else reject(connectionError(server, error));
    });
    const take = (message: IncomingMessage): void => {
      answered = true;
      stopTimers();
      message.once('close', () => input.signal?.removeEventListener('abort', onAbort));
      const idleMilliseconds = input.idleTimeoutMilliseconds ?? options.idleTimeoutMilliseconds;
      resolve(toResponse(message, { server, clock, idleMilliseconds, signal: input.signal }));
    };
    request.on('response', guarded(reject, take));
    request.end(input.body);
  });
}

interface BodyOptions {
  server: string;
  clock: Clock;
  /** 0: no limit. */
  idleMilliseconds: number;
  signal: AbortSignal | undefined;
}

function toResponse(message: IncomingMessage, options: BodyOptions): ClientResponse {
  const { server } = options;
  const body = readBody(message, options);
  return {
    status: message.statusCode ?? 0,
    headers: Object.fromEntries(
      Object.entries(message.headers).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.join(', ') : (value ?? ''),
      ]),
    ),
    body,
    async text() {
      const chunks: Uint8Array[] = [];
      let length = 0;
      for await (const chunk of body) {
        length += chunk.length;
        if (length > maxTextBytes) {
          throw new OrchError('InternalError', `an answer of ${server} is longer than ${maxTextBytes} bytes`);
        }
        chunks.push(chunk);
      }
      return Buffer.concat(chunks).toString('utf8');
    },
  };
}

/** Begins to count the silence at once: a body that nobody reads does not hold its connection for ever. */
function readBody(message: IncomingMessage, options: BodyOptions): AsyncGenerator<Uint8Array> {
  const { server, clock, idleMilliseconds, signal } = options;
  let timer: Timer | undefined;
  const awaitMore = (): void => {
    if (idleMilliseconds === 0 || message.destroyed) return;
    timer = clock.setTimer(
      () => void message.destroy(deadlineError(server, 'more', idleMilliseconds / 1000)),
      idleMilliseconds,
    );
  };
  const stopAwaiting = (): void => timer?.cancel();
  message.once('close', stopAwaiting);
  awaitMore();
  return (async function* chunks() {
    try {
      for await (const chunk of message) {
        // How long the reader takes for it is not the server's silence.
        stopAwaiting();
        yield chunk as Uint8Array;
        awaitMore();
      }
    } catch (error) {
      if (signal?.aborted) throw abortReason(signal);
      throw connectionError(server, error);
    }
  })();
}

function abortReason(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('aborted');
}
