import type { WebSocket } from 'ws';
import type { ObjectKey } from '../../model/api-object.js';
import { compileSelectors } from '../../model/selectors.js';
import { podKind } from '../../model/pod.js';
import { taskKind } from '../../model/task.js';
import { OrchError } from '../../support/errors.js';
import { podResource } from '../pods/pod-resource.js';
import { queryFlag, queryInteger, queryValue, type Query } from '../query.js';
import { requestedList } from '../read-handlers.js';
import type { ServedResource } from '../served-resource.js';
import { findServedResource } from '../served-resources.js';
import { failureStatus, toOrchError } from '../status.js';
import { translated } from '../view-write-handlers.js';
import { handleWatch, readWatchRequest } from '../watch-handler.js';
import { LogLines } from './log-lines.js';
import { logOptions, relayLog } from './log-relay.js';
import { streamTarget } from './stream-target.js';
import { decodePart, type UpgradeRoute } from './upgrade-route.js';
import { failWebSocket, webSocketOutput } from './web-socket-output.js';

/**
 * Watches and logs over a WebSocket, as browsers and some client libraries ask for them: the same paths, queries and
 * answers as over HTTP, each event or piece of output in a message. Headlamp reads logs in base64.
 */
const base64Protocol = 'base64.binary.k8s.io';
const protocols = {
  webSocketProtocols: [base64Protocol, 'binary.k8s.io'],
  spdyProtocols: [],
  needsProtocol: false,
} as const;

/** The watch of a collection that this path and query ask for; undefined for anything else. */
export function findWatchRoute(path: string, query: Query): UpgradeRoute | undefined {
  const parts = /^\/(?:api|apis\/([^/]+))\/([^/]+)\/(?:namespaces\/([^/]+)\/)?([^/]+)$/.exec(path);
  if (!parts || !queryFlag(query, 'watch')) return undefined;
  const [, group = '', version = '', namespace, plural = ''] = parts;
  const resource = findServedResource(group, version, plural);
  if (!resource || (namespace !== undefined && !resource.kind.namespaced)) return undefined;
  return watchRoute(resource, namespace === undefined ? undefined : decodePart(namespace), query);
}

function watchRoute(resource: ServedResource, namespace: string | undefined, query: Query): UpgradeRoute {
  return {
    access: { type: 'resource', kind: resource.kind, verb: 'list' },
    name: undefined,
    ...protocols,
    async prepare(context, identity, accept) {
      const options = requestedList(query, namespace, resource, identity);
      const shown = (await resource.forSelection?.(options, context.registry)) ?? resource;
      // What cannot be meant is refused while there is still an ordinary answer to give.
      readWatchRequest({ query, accept });
      compileSelectors(shown.kind, options);
      return (client) => {
        if (client.type !== 'webSocket') return;
        const stream = webSocketOutput(client.socket, linesOf);
        handleWatch(context, { query, accept }, { stream, begin: () => undefined }, shown, options).catch(
          (thrown: unknown) => {
            const { error, unexpected } = toOrchError(thrown);
            if (unexpected) context.logger.error('watch failed', { kind: resource.kind.plural, error: thrown });
            stream.end(`${JSON.stringify({ type: 'ERROR', object: failureStatus(error) })}\n`);
          },
        );
      };
    },
  };
}

/** One event is one message. What is written at once are whole lines. */
function linesOf(chunk: Buffer): string[] {
  return chunk
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '');
}

/** The log of a task or pod. */
export function logRoute(key: ObjectKey, isPod: boolean, query: Query): UpgradeRoute {
  return {
    access: { type: 'resource', kind: isPod ? podKind : taskKind, verb: 'get', subresource: 'log' },
    name: key.name,
    ...protocols,
    async prepare(context) {
      const options = logOptions(query, context.clock.now());
      const limitBytes = queryInteger(query, 'limitBytes') ?? Infinity;
      const found = streamTarget(context, key, queryValue(query, 'container'));
      const { nodeName, taskUid } = await (isPod ? translated(podResource, found) : found);
      return (client) => {
        if (client.type !== 'webSocket') return;
        const { socket, protocol } = client;
        const lines = new LogLines();
        const messages = (cut: Buffer[]): (string | Buffer)[] =>
          protocol === base64Protocol ? cut.map((line) => line.toString('base64')) : cut;
        const output = {
          stream: webSocketOutput(
            socket,
            (chunk) => messages(lines.take(chunk)),
            () => messages(lines.rest()),
          ),
          begin: () => undefined,
          fail: (error: OrchError) => failWebSocket(socket, error),
        };
        beginOrFail(socket, () =>
          relayLog(context, output, nodeName, { type: 'logs', taskUid, ...options }, limitBytes),
        );
      };
    },
  };
}

/** The worker may have gone, or be too busy, by now. */
function beginOrFail(socket: WebSocket, begin: () => void): void {
  try {
    begin();
  } catch (error) {
    if (!(error instanceof OrchError)) throw error;
    failWebSocket(socket, error);
  }
}
