import { createServer, type RequestListener } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ApiContext } from '../../../src/api/api-context.js';
import { createApp } from '../../../src/api/create-app.js';
import type { HeartbeatSink } from '../../../src/api/heartbeat-sink.js';
import type { Authenticator } from '../../../src/api/identity.js';
import { adminIdentity, nodeIdentity } from '../../../src/api/identity.js';
import { TunnelHub } from '../../../src/api/streams/tunnel-hub.js';
import { WatchFrames } from '../../../src/api/watch-frames.js';
import type { Registry } from '../../../src/registry/registry.js';
import { isOrchError, OrchError } from '../../../src/support/errors.js';
import { nodeKind } from '../../../src/model/node.js';
import type { ApiObject } from '../../../src/model/api-object.js';
import type { Clock } from '../../../src/support/clock.js';
import type { Logger } from '../../../src/support/logger.js';
import type { Random } from '../../../src/support/random.js';

/** Tokens that say who it is: credentials are not what is simulated. */
export const adminToken = 'admin';
export const nodeTokenOf = (nodeName: string): string => `node-${nodeName}`;

export interface ManagerDoorOptions {
  registry: Registry;
  clock: Clock;
  random: Random;
  logger: Logger;
  heartbeats: HeartbeatSink;
  /** Whether lists that this worker asks for are empty. */
  listsNothing: (nodeName: string) => boolean;
  onRequest: () => void;
  /** Who may come in; by default whoever has a token of the form. */
  authenticator?: Authenticator;
}

/** The manager's real express application behind node's HTTP server, over connections in memory. */
export class ManagerDoor {
  private readonly connections = new Set<Duplex>();
  private readonly openStreams = new Set<() => void>();
  private readonly server;
  /** For who asks without a connection. */
  readonly app: RequestListener;

  constructor(options: ManagerDoorOptions) {
    const { registry, clock, random, logger, heartbeats, listsNothing, onRequest, authenticator = byToken } = options;
    const context: ApiContext = {
      registry: wrongFor(registry, listsNothing),
      clock,
      random,
      logger,
      frames: new WatchFrames(clock),
      tunnels: new TunnelHub(clock, logger),
      openStreams: this.openStreams,
    };
    const readManagerFiles = (): never => {
      throw new OrchError('MethodNotAllowed', 'nobody takes a backup here');
    };
    // Keys and certificates are not what is simulated: whoever asks is a member.
    const admissions = {
      join: async ({ nodeName }: { nodeName: string }) => {
        const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: nodeName } };
        await registry.create(nodeKind, node).catch((error: unknown) => {
          if (!isOrchError(error, 'AlreadyExists')) throw error;
        });
        return 'certificate';
      },
    };
    const app = createApp({ context, authenticator, admissions, heartbeats, version: '0.0.0', readManagerFiles });
    this.app = app;
    this.server = createServer({ keepAliveTimeout: 75_000 }, (request, response) => {
      onRequest();
      app(request, response);
    });
  }

  /** A client's connection is there. */
  accept(connection: Duplex): void {
    this.connections.add(connection);
    connection.once('close', () => this.connections.delete(connection));
    this.server.emit('connection', connection);
  }

  /** Ends watches cleanly, as a manager does that is stopped. */
  endStreams(): void {
    for (const end of [...this.openStreams]) end();
  }

  /** As the kernel does when the process is gone. */
  cut(): void {
    for (const connection of [...this.connections]) connection.destroy();
  }
}

const byToken: Authenticator = {
  authenticate: async (token = '') =>
    token === adminToken ? adminIdentity : nodeIdentity(token.slice(nodeTokenOf('').length), 'any'),
};

/** The same registry, with empty lists for some workers: theirs name the worker in a selector. */
function wrongFor(registry: Registry, listsNothing: (nodeName: string) => boolean): Registry {
  const watched: Pick<Registry, 'list'> = {
    async list<T extends ApiObject>(...[kind, options]: Parameters<Registry['list']>) {
      const result = await registry.list<T>(kind, options);
      const nodeName = /(?:spec\.nodeName|metadata\.name)=([^,]+)$/.exec(options?.fieldSelector ?? '')?.[1];
      return nodeName !== undefined && listsNothing(nodeName) ? { ...result, items: [] } : result;
    },
  };
  return Object.assign(Object.create(registry) as Registry, watched);
}
