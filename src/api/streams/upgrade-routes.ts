import { parse } from 'node:querystring';
import type { WebSocket } from 'ws';
import type { ObjectKey } from '../../model/api-object.js';
import { podKind } from '../../model/pod.js';
import { taskKind } from '../../model/task.js';
import { tunnelProtocol } from '../../model/worker-tunnel.js';
import { OrchError } from '../../support/errors.js';
import type { ApiContext } from '../api-context.js';
import { podResource } from '../pods/pod-resource.js';
import { queryValue, type Query } from '../query.js';
import { translated } from '../view-write-handlers.js';
import { listPathOfWatch } from '../watch-path.js';
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
import { findWatchRoute, logRoute } from './reading-routes.js';
import { commandOf, commandOptions, relayCommand } from './remote-command.js';
import { streamTarget, type StreamTarget } from './stream-target.js';
import { decodePart, type UpgradedClient, type UpgradeRoute } from './upgrade-route.js';

/** What an upgrade of this URL is for. Throws NotFound. */
export function findUpgradeRoute(asked: string): UpgradeRoute {
  const url = listPathOfWatch(asked) ?? asked;
  const wholePath = pathOf(url);
  const query = parse(url.slice(wholePath.length + 1));
  const path = wholePath.endsWith('/') ? wholePath.slice(0, -1) : wholePath; // as express reads paths
  const tunnel = /^\/apis\/orch\.dev\/v1\/workers\/([^/]+)\/tunnel$/.exec(path);
  if (tunnel) return tunnelRoute(decodePart(tunnel[1]));
  const stream =
    /^(?:\/apis\/orch\.dev\/v1|\/api\/v1)\/namespaces\/([^/]+)\/(tasks|pods)\/([^/]+)\/(exec|attach|portforward|log)$/.exec(
      path,
    );
  const [, namespace, plural, name, subresource] = stream ?? [];
  if (!stream || (plural === 'pods') !== path.startsWith('/api/v1/')) {
    const watch = findWatchRoute(path, query);
    if (watch) return watch;
    throw new OrchError('NotFound', 'the server could not find the requested resource');
  }
  const key = { namespace: decodePart(namespace), name: decodePart(name) };
  const isPod = plural === 'pods';
  if (subresource === 'log') return logRoute(key, isPod, query);
  if (subresource === 'portforward') return portForwardRoute(key, isPod, query);
  return commandRoute(key, isPod, subresource === 'exec' ? 'exec' : 'attach', query);
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
    needsProtocol: false, // as channel.k8s.io then
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
          relayCommand(
            context,
            commandOverWebSocket(client.socket, client.protocol, context),
            target,
            request,
            options,
          );
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
