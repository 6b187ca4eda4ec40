import { parse } from 'node:querystring';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { ObjectKey } from '../../model/api-object.js';
import { podKind } from '../../model/pod.js';
import { taskKind } from '../../model/task.js';
import { tunnelProtocol } from '../../model/worker-tunnel.js';
import { OrchError } from '../../support/errors.js';
import type { ApiContext } from '../api-context.js';
import type { RouteAccess } from '../authorization.js';
import type { Identity } from '../identity.js';
import { podResource } from '../pods/pod-resource.js';
import { queryValue, type Query } from '../query.js';
import { translated } from '../view-write-handlers.js';
import { commandOverSpdy, spdyCommandProtocol } from './command-spdy.js';
import { commandOverWebSocket, commandProtocols } from './command-web-socket.js';
import {
  channelPortForwardProtocol,
  forwardedPorts,
  forwardOverChannels,
  forwardOverSpdy,
  spdyPortForwardProtocol,
  tunnelledPortForwardProtocol,
} from './port-forward.js';
import { commandOf, commandOptions, relayCommand } from './remote-command.js';
import { streamTarget, type StreamTarget } from './stream-target.js';

/** A client after its upgrade. */
export type UpgradedClient =
  { type: 'webSocket'; protocol: string; socket: WebSocket } | { type: 'spdy'; protocol: string; transport: Duplex };

type Start = (client: UpgradedClient) => void;

export interface UpgradeRoute {
  access: RouteAccess;
  name: string;
  /** Best first. */
  webSocketProtocols: readonly string[];
  spdyProtocols: readonly string[];
  /** Last checks; resolves to what happens with the upgraded client. */
  prepare(context: ApiContext, identity: Identity): Promise<Start>;
}

/** What an upgrade of this URL is for. Throws NotFound. */
export function findUpgradeRoute(url: string): UpgradeRoute {
  const path = pathOf(url);
  const query = parse(url.slice(path.length + 1));
  const tunnel = /^\/apis\/orch\.dev\/v1\/workers\/([^/]+)\/tunnel$/.exec(path);
  if (tunnel) return tunnelRoute(decode(tunnel[1]));
  const stream =
    /^(?:\/apis\/orch\.dev\/v1|\/api\/v1)\/namespaces\/([^/]+)\/(tasks|pods)\/([^/]+)\/(exec|attach|portforward)$/.exec(
      path,
    );
  const [, namespace, plural, name, subresource] = stream ?? [];
  if (!stream || (plural === 'pods') !== path.startsWith('/api/v1/')) {
    throw new OrchError('NotFound', 'the server could not find the requested resource');
  }
  const key = { namespace: decode(namespace), name: decode(name) };
  return subresource === 'portforward'
    ? portForwardRoute(key, plural === 'pods', query)
    : commandRoute(key, plural === 'pods', subresource === 'exec' ? 'exec' : 'attach', query);
}

export function pathOf(url = ''): string {
  return url.split('?', 1)[0] ?? '';
}

function tunnelRoute(name: string): UpgradeRoute {
  return {
    access: { type: 'worker', action: 'tunnel' },
    name,
    webSocketProtocols: [tunnelProtocol],
    spdyProtocols: [],
    prepare: (context) =>
      Promise.resolve((client: UpgradedClient) => {
        if (client.type === 'webSocket') context.tunnels.attach(name, client.socket);
      }),
  };
}

function commandRoute(key: ObjectKey, isPod: boolean, subresource: 'exec' | 'attach', query: Query): UpgradeRoute {
  return {
    ...streamAccess(key, isPod, subresource),
    webSocketProtocols: commandProtocols,
    spdyProtocols: [spdyCommandProtocol],
    async prepare(context, identity) {
      const options = commandOptions(query);
      const command = subresource === 'exec' ? commandOf(query) : undefined;
      const target = await targetOf(context, key, isPod, query);
      const { taskUid } = target;
      const { stdin, tty } = options;
      return (client) => {
        const { namespace, name: task } = key;
        // Arguments may be secret, so the record names the program only.
        const program = command === undefined ? {} : { program: command[0] };
        context.logger.info(subresource, { user: identity.name, namespace, task, ...program });
        const request = command
          ? ({ type: 'exec', taskUid, command, stdin, tty } as const)
          : ({ type: 'attach', taskUid, stdin } as const);
        if (client.type === 'webSocket') {
          relayCommand(context, commandOverWebSocket(client.socket, context.clock), target, request, options);
        } else {
          commandOverSpdy(client.transport, options, context.clock, (connection) =>
            relayCommand(context, connection, target, request, options),
          );
        }
      };
    },
  };
}

function portForwardRoute(key: ObjectKey, isPod: boolean, query: Query): UpgradeRoute {
  return {
    ...streamAccess(key, isPod, 'portforward'),
    webSocketProtocols: [tunnelledPortForwardProtocol, channelPortForwardProtocol],
    spdyProtocols: [spdyPortForwardProtocol],
    async prepare(context, identity) {
      const target = await targetOf(context, key, isPod, query);
      return (client) => {
        context.logger.info('portforward', { user: identity.name, namespace: key.namespace, task: key.name });
        if (client.type === 'spdy') return forwardOverSpdy(context, client.transport, target);
        forwardOverChannels(context, client.socket, target, portsOf(client.socket, query));
      };
    },
  };
}

/** Only the protocol with channels names its ports beforehand, and which it is shows after the upgrade. */
function portsOf(socket: WebSocket, query: Query): number[] {
  try {
    return forwardedPorts(query);
  } catch (error) {
    socket.close(1008, (error as Error).message.slice(0, 120));
    return [];
  }
}

function streamAccess(
  key: ObjectKey,
  isPod: boolean,
  subresource: 'exec' | 'attach' | 'portforward',
): Pick<UpgradeRoute, 'access' | 'name'> {
  const kind = isPod ? podKind : taskKind;
  return { access: { type: 'resource', kind, verb: 'create', subresource }, name: key.name };
}

async function targetOf(context: ApiContext, key: ObjectKey, isPod: boolean, query: Query): Promise<StreamTarget> {
  const target = streamTarget(context, key, queryValue(query, 'container'));
  return isPod ? translated(podResource, target) : target;
}

function decode(part: string | undefined): string {
  try {
    return decodeURIComponent(part ?? '');
  } catch {
    throw new OrchError('BadRequest', 'the path has a bad escape');
  }
}
