import { IncomingMessage, ServerResponse, type RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

export interface InjectedRequest {
  method: string;
  path: string;
  token: string;
  contentType?: string;
  body?: string;
}

export interface InjectedAnswer {
  status: number;
  text: string;
}

/** One end of a line that nobody speaks at: what is written is kept, or never taken. */
class Sink extends Duplex {
  readonly pieces: Uint8Array[] = [];

  constructor(private readonly takes: boolean) {
    super();
  }

  setTimeout(): this {
    return this;
  }

  override _read(): void {
    // What the request carries is in its own stream.
  }

  override _write(bytes: Uint8Array, _encoding: string, done: () => void): void {
    if (!this.takes) return;
    this.pieces.push(bytes);
    done();
  }
}

/**
 * Asks an application without a connection, and so without turns of the event loop: promises alone carry it. Resolves when the answer
 * is whole, or with undefined when the application ends the connection instead.
 */
export function inject(app: RequestListener, sent: InjectedRequest): Promise<InjectedAnswer | undefined> {
  const socket = new Sink(true);
  const { response } = begin(app, sent, socket);
  return new Promise((resolve) => {
    response.once('finish', () => {
      const text = Buffer.concat(socket.pieces).toString();
      resolve({ status: response.statusCode, text: text.slice(text.indexOf('\r\n\r\n') + 4) });
      socket.destroy();
    });
    socket.once('close', () => resolve(undefined));
  });
}

/** Asks for a stream, of which nobody ever takes a byte. Returns what hangs up. */
export function injectUnread(app: RequestListener, sent: InjectedRequest): () => void {
  const socket = new Sink(false);
  begin(app, sent, socket);
  return () => void socket.destroy();
}

function begin(app: RequestListener, sent: InjectedRequest, socket: Sink): { response: ServerResponse } {
  const body = Buffer.from(sent.body ?? '');
  const request = new IncomingMessage(socket as unknown as Socket);
  Object.assign(request, { method: sent.method, url: sent.path, httpVersion: '1.1', complete: true });
  request.headers = {
    host: 'manager',
    authorization: `Bearer ${sent.token}`,
    'content-length': String(body.length),
    ...(sent.contentType === undefined ? {} : { 'content-type': sent.contentType }),
  };
  request.push(body);
  request.push(null);
  const response = new ServerResponse(request);
  response.useChunkedEncodingByDefault = false;
  response.assignSocket(socket as unknown as Socket);
  app(request, response);
  return { response };
}
