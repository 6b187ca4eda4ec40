import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { createWebSocketStream, WebSocketServer, type WebSocket } from 'ws';
import { OrchError } from '../../support/errors.js';
import type { ApiContext } from '../api-context.js';
import { authenticateRequest } from '../authentication.js';
import { authorize } from '../authorization.js';
import type { Authenticator } from '../identity.js';
import { InFlightLimit } from '../in-flight-limit.js';
import { failureStatus, toOrchError } from '../status.js';
import { guarded } from '../../support/guarded.js';
import type { UpgradedClient, UpgradeRoute } from './upgrade-route.js';
import { findUpgradeRoute, pathOf } from './upgrade-routes.js';
import { takeAnyKey } from './web-socket-key.js';

const maxMessageBytes = 4 * 2 ** 20;
const limits = { total: 20_000, perIdentity: 2_000 };

export interface Upgrades {
  handle(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Answers instead of upgrading. */
  refuse(socket: Duplex, error: OrchError): void;
  /** Cuts what is still open. */
  terminate(): void;
}

/**
 * What goes on over a connection of its own: a worker's tunnel, exec, attach and port-forward, over a WebSocket or SPDY.
 * Who asks, whether they may, and whether it can work is settled before the upgrade; every refusal is an ordinary HTTP
 * answer with a Status, and the connection is not used again.
 */
export function createUpgrades(context: ApiContext, authenticator: Authenticator): Upgrades {
  const { registry, logger } = context;
  const server = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: maxMessageBytes });
  // ws refuses names of protocols with a slash, which kubectl uses: so it is not asked about any.
  const protocols = new WeakMap<IncomingMessage, string>();
  server.on('headers', (headers, request) => {
    headers.push(`X-Orch-Cluster-Uid: ${registry.clusterUid}`);
    const protocol = protocols.get(request);
    if (protocol) headers.push(`Sec-WebSocket-Protocol: ${protocol}`);
  });
  const prepareKey = takeAnyKey(server);
  const inFlight = new InFlightLimit(limits);
  const sockets = new Set<Duplex>();

  const accept = async (request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> => {
    const identity = await authenticateRequest(request, authenticator);
    const route = findUpgradeRoute(request.url ?? '');
    authorize(identity, route.access, route.name);
    const client = chooseProtocol(request, route);
    const leave = inFlight.enter(identity.name);
    socket.once('close', leave);
    const start = await route.prepare(context, identity, request.headers.accept);
    if (socket.destroyed) return;
    if (client.type === 'spdy') {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      socket.write(switchingProtocols(client.protocol, registry.clusterUid));
      if (head.length > 0) socket.unshift(head);
      return start({ type: 'spdy', protocol: client.protocol, transport: socket });
    }
    protocols.set(request, client.protocol);
    delete request.headers['sec-websocket-protocol'];
    prepareKey(request);
    server.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on('error', () => webSocket.terminate());
      const failed = (error: unknown): void => {
        logger.error('upgraded connection failed', { path: pathOf(request.url), error });
        webSocket.terminate();
      };
      guarded(failed, () => start(upgradedClient(client.protocol, webSocket)))();
    });
  };

  return {
    handle(request, socket, head) {
      socket.on('error', () => socket.destroy());
      accept(request, socket, head).catch((thrown: unknown) => {
        const { error, unexpected } = toOrchError(thrown);
        if (unexpected) logger.error('upgrade failed', { path: pathOf(request.url), error: thrown });
        refuse(socket, error, registry.clusterUid);
      });
    },
    refuse(socket, error) {
      socket.on('error', () => socket.destroy());
      refuse(socket, error, registry.clusterUid);
    },
    terminate() {
      for (const client of server.clients) client.terminate();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function upgradedClient(protocol: string, socket: WebSocket): UpgradedClient {
  if (!protocol.startsWith('SPDY/3.1+')) return { type: 'webSocket', protocol, socket };
  return { type: 'spdy', protocol: protocol.slice('SPDY/3.1+'.length), transport: createWebSocketStream(socket) };
}

/** The first protocol of ours that the client offers, over the connection that it asks for. Throws BadRequest for none. */
function chooseProtocol(
  request: IncomingMessage,
  route: UpgradeRoute,
): { type: 'webSocket' | 'spdy'; protocol: string } {
  const upgrade = request.headers.upgrade?.toLowerCase();
  const type = upgrade === 'websocket' && request.method === 'GET' ? 'webSocket' : 'spdy';
  const header = request.headers[type === 'webSocket' ? 'sec-websocket-protocol' : 'x-stream-protocol-version'];
  const offered = [header ?? []].flat().flatMap((value) => value.split(',').map((name) => name.trim()));
  const known = type === 'webSocket' ? route.webSocketProtocols : route.spdyProtocols;
  const protocol = known.find((name) => offered.includes(name));
  if (protocol !== undefined && (type === 'webSocket' || upgrade === 'spdy/3.1')) return { type, protocol };
  if (type === 'webSocket' && route.needsProtocol === false && header === undefined) return { type, protocol: '' };
  const over = route.spdyProtocols.length === 0 ? '' : ` or SPDY/3.1 (${route.spdyProtocols.join(', ')})`;
  throw new OrchError(
    'BadRequest',
    `this path is served over a WebSocket with the subprotocol ${route.webSocketProtocols.join(' or ')}${over}`,
  );
}

function switchingProtocols(protocol: string, clusterUid: string): string {
  return [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: SPDY/3.1',
    'Connection: Upgrade',
    `X-Stream-Protocol-Version: ${protocol}`,
    `X-Orch-Cluster-Uid: ${clusterUid}`,
    '',
    '',
  ].join('\r\n');
}

function refuse(socket: Duplex, error: OrchError, clusterUid: string): void {
  if (socket.destroyed) return;
  const body = JSON.stringify(failureStatus(error));
  socket.end(
    [
      `HTTP/1.1 ${error.httpStatus} ${STATUS_CODES[error.httpStatus] ?? 'Error'}`,
      'Connection: close',
      'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      `X-Orch-Cluster-Uid: ${clusterUid}`,
      '',
      body,
    ].join('\r\n'),
    () => socket.destroy(),
  );
}
