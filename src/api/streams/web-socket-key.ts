import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { WebSocketServer } from 'ws';

const wellFormed = /^[+/0-9A-Za-z]{22}==$/;
const anyKey = Buffer.alloc(16).toString('base64');
/** RFC 6455, 1.3: what a server appends to the key. */
const suffix = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/**
 * Lets clients in whose key is not 16 bytes in base64, as Kubernetes does (Kubebox sends 20 bytes); `ws` refuses them. What
 * it returns is called with each request before its upgrade: the answer then is to the key that the client sent.
 */
export function takeAnyKey(server: WebSocketServer): (request: IncomingMessage) => void {
  const sent = new WeakMap<IncomingMessage, string>();
  server.on('headers', (lines, request) => {
    const key = sent.get(request);
    const at = lines.findIndex((line) => line.startsWith('Sec-WebSocket-Accept:'));
    if (key === undefined || at < 0) return;
    lines[at] = `Sec-WebSocket-Accept: ${createHash('sha1').update(`${key}${suffix}`).digest('base64')}`;
  });
  return (request) => {
    const key = request.headers['sec-websocket-key'];
    if (!key || wellFormed.test(key)) return;
    sent.set(request, key);
    request.headers['sec-websocket-key'] = anyKey;
  };
}
