import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { isIPv6, type AddressInfo, type Socket } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import type { Duplex } from 'node:stream';
import { nodeKind } from '../model/node.js';
import type { Registry } from '../registry/registry.js';
import type { Clock, Timer } from '../support/clock.js';
import { OrchError } from '../support/errors.js';
import { guarded } from '../support/guarded.js';
import type { Logger } from '../support/logger.js';
import type { Random } from '../support/random.js';
import type { ApiContext } from './api-context.js';
import type { ReadManagerFiles } from './backup-handler.js';
import { NodeConnections } from './access/node-connections.js';
import { ClusterAuthenticator } from './access/cluster-authenticator.js';
import { NodeAdmissions } from './access/node-admissions.js';
import type { Certificates } from './certificates.js';
import type { Credentials } from './credentials.js';
import { limitConnections, type ConnectionLimits } from './connections/connection-limit.js';
import { defaultHandshakeLimits, type HandshakeLimits } from './connections/handshake-budget.js';
import { HandshakeGate } from './connections/handshake-gate.js';
import { createApp } from './create-app.js';
import type { HeartbeatSink } from './heartbeat-sink.js';
import type { Authenticator } from './identity.js';
import { sendJson } from './object-response.js';
import { failureStatus } from './status.js';
import { TunnelHub } from './streams/tunnel-hub.js';
import { createUpgrades, type Upgrades } from './streams/upgrades.js';
import { WatchFrames } from './watch-frames.js';

/**
 * The manager's one door: HTTPS requests and WebSockets come in, the registry and the workers' tunnels are behind it.
 * Always holds: TLS only; nothing is read from or written to the registry for a caller who is not known and allowed.
 */
export interface ApiServerOptions {
  registry: Registry;
  clock: Clock;
  random: Random;
  logger: Logger;
  host: string;
  /** 0 chooses a free one. */
  port: number;
  tls: Certificates;
  /** What is known beside what is stored: the admin's token. */
  credentials: Credentials;
  heartbeats: HeartbeatSink;
  version: string;
  readManagerFiles: ReadManagerFiles;
  connectionLimits?: ConnectionLimits;
  handshakeLimits?: HandshakeLimits;
}

export interface ApiServer {
  /** Where clients on this machine reach it: https://HOST:PORT. */
  url: string;
  port: number;
  /** For connections that come from now on; those that are open go on. */
  useCertificate(tls: Certificates): void;
  /** Makes a worker of this process a member. */
  admissions: NodeAdmissions;
  /** Accepts nothing more, ends watches and logs cleanly, lets requests finish, and cuts what is left after 8 seconds. */
  close(): Promise<void>;
}

const headersTimeoutMilliseconds = 10_000;
/** For a request to arrive in full; answers (watches, logs) may last. */
const requestTimeoutMilliseconds = 30_000;
const keepAliveTimeoutMilliseconds = 75_000;
const defaultConnectionLimits: ConnectionLimits = { total: 20_000, perAddress: 10_000 };
/** Less than the process gives itself, so that the store is closed too. */
const closeDeadlineMilliseconds = 8_000;
const closePollMilliseconds = 50;

/** Rejects with OrchError when the address cannot be listened on. */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { registry, clock, random, logger, host, tls, credentials } = options;
  const context: ApiContext = {
    registry,
    clock,
    random,
    logger,
    frames: new WatchFrames(clock),
    tunnels: new TunnelHub(clock, logger),
    openStreams: new Set(),
  };
  const { heartbeats, version, readManagerFiles } = options;
  const connections = new NodeConnections(tls.caPem, clock);
  const cluster = new ClusterAuthenticator({ registry, credentials, connections, clock });
  const authenticator: Authenticator = {
    async authenticate(token, caller) {
      const identity = await cluster.authenticate(token, caller);
      if (identity) gate.know(caller.socket, identity);
      return identity;
    },
  };
  const { authority } = tls;
  const onCertified = (nodeUid: string): Promise<void> => credentials.forgetEarlierNode(nodeUid);
  const admissions = new NodeAdmissions({ registry, authority, clock, logger, onCertified });
  const app = createApp({ context, authenticator, admissions, heartbeats, version, readManagerFiles });
  let isClosing = false;
  /** Over which nothing was asked yet: Node does not count them among the idle ones. */
  const silent = new Set<Socket>();
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    silent.delete(request.socket);
    if (isClosing) refuse(response, registry.clusterUid);
    else app(request, response);
  };
  const server = createServer(
    {
      ...secureContext(tls),
      // Who brings none is known by a token; whether it counts is decided for every request.
      requestCert: true,
      rejectUnauthorized: false,
      handshakeTimeout: headersTimeoutMilliseconds,
      headersTimeout: headersTimeoutMilliseconds,
      requestTimeout: requestTimeoutMilliseconds,
      keepAliveTimeout: keepAliveTimeoutMilliseconds,
      connectionsCheckingInterval: 2_000,
    },
    answer,
  );
  // An expectation may be passed over. Node itself would answer 417 and keep the connection, past every check.
  const failed = (error: unknown): void => logger.error('connection failed', { error });
  server.on('checkExpectation', guarded(failed, answer));
  const begin = (socket: Socket): void => {
    detachParser(socket);
    silent.add(socket);
    socket.once('close', () => silent.delete(socket));
  };
  server.on('secureConnection', guarded(failed, begin));
  const { handshakeLimits: limits = defaultHandshakeLimits } = options;
  const gate = new HandshakeGate(server, { clock, random, logger, limits });
  limitConnections(server, options.connectionLimits ?? defaultConnectionLimits, failed);
  const upgrades = createUpgrades(context, authenticator);
  const upgradeFailed = (error: unknown): void => logger.error('upgrade failed', { error });
  server.on(
    'upgrade',
    guarded(upgradeFailed, (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      silent.delete(request.socket);
      if (isClosing) upgrades.refuse(socket, isStopping());
      else upgrades.handle(request, socket, head);
    }),
  );
  const members = registry.watch(nodeKind, { afterRevision: registry.currentRevision() }, (events) => {
    for (const { type, object } of events) {
      if (type === 'DELETED' || object.metadata.deletionTimestamp !== undefined) connections.cut(object.metadata.uid);
    }
  });
  await listen(server, host, options.port).catch((error: unknown) => {
    members.close();
    throw error;
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: urlOf(host, port),
    port,
    admissions,
    useCertificate: (renewed) => server.setSecureContext(secureContext(renewed)),
    close: () => {
      isClosing = true;
      members.close();
      gate.close();
      for (const socket of silent) socket.destroy();
      return close(server, context, upgrades);
    },
  };
}

/**
 * Takes Node's HTTP parser off the TLS connection's own stream, as any listener of its data does. Fed directly, the parser is given
 * records while it is paused (it is until a large answer on the same connection is reported as written): they are lost, the
 * parser fails with HPE_PAUSED, and the client sees its connection end. Through the socket they wait.
 */
function detachParser(socket: Duplex): void {
  const ignore = (): void => undefined;
  // It takes no message, and is gone at once.
  // eslint-disable-next-line orch/guarded-entry
  socket.on('data', ignore).off('data', ignore);
}

function secureContext({ key, cert, caPem }: Certificates): SecureContextOptions {
  return { key, cert, ca: caPem, minVersion: 'TLSv1.2' };
}

/**
 * A client whose watch has ended asks again at once, over the same connection: without an end to that, stopping takes until the
 * deadline. Nothing was done, and client-go tries again by itself.
 */
function refuse(response: ServerResponse, clusterUid: string): void {
  const error = isStopping();
  response.setHeader('Connection', 'close');
  response.setHeader('Retry-After', String(error.details.retryAfterSeconds));
  response.setHeader('X-Orch-Cluster-Uid', clusterUid);
  sendJson(response, error.httpStatus, failureStatus(error));
}

function isStopping(): OrchError {
  return new OrchError('ServiceUnavailable', 'the manager is stopping: try again when it is back', {
    retryAfterSeconds: 1,
  });
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const what =
        error.code === 'EADDRINUSE'
          ? 'the port is taken: stop what uses it, or choose another with --port'
          : error.code === 'EACCES'
            ? 'ports below 1024 need more rights: choose another with --port'
            : error.message;
      reject(new OrchError('ServiceUnavailable', `cannot listen on ${host}:${port}: ${what}`));
    });
    server.listen(port, host, resolve);
  });
}

function close(server: Server, context: ApiContext, upgrades: Upgrades): Promise<void> {
  const { clock, openStreams, tunnels } = context;
  return new Promise((resolve) => {
    let poll: Timer | undefined;
    const deadline = clock.setTimer(() => {
      upgrades.terminate();
      server.closeAllConnections();
    }, closeDeadlineMilliseconds);
    server.close(() => {
      poll?.cancel();
      deadline.cancel();
      resolve();
    });
    const stopped = new WeakSet<() => void>();
    const stopStreams = (): void => {
      for (const stop of [...openStreams].filter((one) => !stopped.has(one))) {
        stopped.add(stop);
        stop();
      }
    };
    stopStreams();
    tunnels.close();
    // Connections become idle one by one, as their last answer ends; and what was accepted just before may only open now.
    const closeIdle = (): void => {
      stopStreams();
      server.closeIdleConnections();
      poll = clock.setTimer(closeIdle, closePollMilliseconds);
    };
    closeIdle();
  });
}

/** A wildcard address is reached through loopback. */
function urlOf(host: string, port: number): string {
  if (host === '0.0.0.0' || host === '::') return `https://127.0.0.1:${port}`;
  return `https://${isIPv6(host) ? `[${host}]` : host}:${port}`;
}
