import { STATUS_CODES, type IncomingMessage } from 'node:http';
import { parse } from 'node:querystring';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { taskKind } from '../model/task.js';
import { tunnelProtocol } from '../model/worker-tunnel.js';
import { OrchError } from '../support/errors.js';
import type { ApiContext } from './api-context.js';
import { authenticateRequest } from './authentication.js';
import { authorize } from './authorization.js';
import { execOptions, execProtocol, relayExec } from './exec-relay.js';
import type { Authenticator, Identity } from './identity.js';
import { InFlightLimit } from './in-flight-limit.js';
import { failureStatus, toOrchError } from './status.js';
import { streamTarget } from './stream-target.js';

const maxMessageBytes = 4 * 2 ** 20;
const limits = { total: 20_000, perIdentity: 2_000 };

export interface Upgrades {
  handle(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Cuts what is still open. */
  terminate(): void;
}

/**
 * WebSockets: a worker's tunnel, and exec. Who asks, whether they may, and whether it can work is settled before the
 * upgrade; every refusal is an ordinary HTTP answer with a Status, and the connection is not used again.
 */
export function createUpgrades(context: ApiContext, authenticator: Authenticator): Upgrades {
  const { registry, logger } = context;
  const server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: maxMessageBytes,
    // Both protocols are checked before this is asked.
    handleProtocols: (offered) => [execProtocol, tunnelProtocol].find((protocol) => offered.has(protocol)) ?? false,
  });
  server.on('headers', (headers) => headers.push(`X-Orch-Cluster-Uid: ${registry.clusterUid}`));
  const inFlight = new InFlightLimit(limits);

  const accept = async (request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> => {
    const identity = authenticateRequest(request, authenticator);
    const route = findRoute(request.url ?? '');
    authorize(identity, route.access, route.name);
    checkProtocol(request, route.protocol);
    const leave = inFlight.enter(identity.name);
    socket.once('close', leave);
    const start = await route.prepare(context, identity);
    if (socket.destroyed) return;
    server.handleUpgrade(request, socket, head, (webSocket) => start(webSocket));
  };

  return {
    handle(request, socket, head) {
      socket.on('error', () => socket.destroy());
      accept(request, socket, head).catch((thrown: unknown) => {
        const { error, unexpected } = toOrchError(thrown);
        if (unexpected) logger.error('upgrade failed', { path: pathOf(request), error: thrown });
        refuse(socket, error, registry.clusterUid);
      });
    },
    terminate() {
      for (const client of server.clients) client.terminate();
    },
  };
}

interface UpgradeRoute {
  access: Parameters<typeof authorize>[1];
  name: string;
  protocol: string;
  /** Last checks; resolves to what happens with the upgraded socket. */
  prepare(context: ApiContext, identity: Identity): Promise<(socket: WebSocket) => void>;
}

function findRoute(url: string): UpgradeRoute {
  const [path = '', queryText = ''] = splitOnce(url, '?');
  const tunnel = /^\/apis\/orch\.dev\/v1\/workers\/([^/]+)\/tunnel$/.exec(path);
  if (tunnel) {
    const name = decode(tunnel[1]);
    return {
      access: { type: 'worker', action: 'tunnel' },
      name,
      protocol: tunnelProtocol,
      prepare: async (context) => (socket) => context.tunnels.attach(name, socket),
    };
  }
  const exec = /^\/apis\/orch\.dev\/v1\/namespaces\/([^/]+)\/tasks\/([^/]+)\/exec$/.exec(path);
  if (!exec) throw new OrchError('NotFound', 'the server could not find the requested resource');
  const [namespace, name] = [decode(exec[1]), decode(exec[2])];
  return {
    access: { type: 'resource', kind: taskKind, verb: 'create', subresource: 'exec' },
    name,
    protocol: execProtocol,
    async prepare(context, identity) {
      const options = execOptions(parse(queryText));
      const target = await streamTarget(context, { namespace, name });
      return (socket) => {
        // Arguments may be secret, so the record names the program only.
        context.logger.info('exec', { user: identity.name, namespace, task: name, program: options.command[0] });
        relayExec(context, socket, target, options);
      };
    },
  };
}

function checkProtocol(request: IncomingMessage, wanted: string): void {
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((protocol) => protocol.trim());
  if (request.headers.upgrade?.toLowerCase() !== 'websocket' || request.method !== 'GET' || !offered.includes(wanted)) {
    throw new OrchError('BadRequest', `this path is served over a WebSocket with the subprotocol ${wanted}`);
  }
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

function pathOf(request: IncomingMessage): string {
  return splitOnce(request.url ?? '', '?')[0] ?? '';
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function decode(part: string | undefined): string {
  try {
    return decodeURIComponent(part ?? '');
  } catch {
    throw new OrchError('BadRequest', 'the path has a bad escape');
  }
}
