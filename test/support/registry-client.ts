import type {
  Client,
  ClientEvent,
  ClientListOptions,
  ClientRequest,
  ClientResponse,
  ClientSocket,
} from '../../src/client/client.js';
import { nodeIdentity } from '../../src/api/identity.js';
import { checkReadFor, checkReport } from '../../src/api/node-scope.js';
import type { ApiObject, ObjectKey, Stored } from '../../src/model/api-object.js';
import { configMapKind } from '../../src/model/config-map.js';
import type { JsonObject } from '../../src/model/json.js';
import type { Kind } from '../../src/model/kind.js';
import { nodeKind } from '../../src/model/node.js';
import { secretKind } from '../../src/model/secret.js';
import type { TaskReport } from '../../src/model/task-event.js';
import { taskEventKind } from '../../src/model/task-event.js';
import type { StoredTask, Task } from '../../src/model/task.js';
import { taskKind } from '../../src/model/task.js';
import { applyMergePatch } from '../../src/registry/merge-patch.js';
import type { ObjectEvent, Registry } from '../../src/registry/registry.js';
import { isOrchError, OrchError } from '../../src/support/errors.js';

/** The manager as one worker sees it, without HTTP: a registry, with the worker's rights and a line that can be cut. */
export interface RegistryClient extends Client {
  /** Who answers from now on. */
  use(registry: Registry): void;
  /** While away, calls reject and watches break. */
  setAway(isAway: boolean): void;
  /** The session that heartbeats are accepted from; any when undefined. */
  liveSession: string | undefined;
  /** Lists answer nothing at all, with a good status: a manager that is wrong. */
  listsNothing: boolean;
  heartbeats: number;
  /** It answers heartbeats as a manager that is about to end. */
  isStopping: boolean;
  /** Every status that was written, in order. */
  readonly statusWrites: { name: string; status: Record<string, unknown> }[];
  /** The manager's ends of the sockets that were opened. */
  readonly sockets: ManagerSocket[];
}

export interface ManagerSocket {
  path: string;
  send(data: Uint8Array): void;
  onMessage(listener: (data: Uint8Array) => void): void;
  close(): void;
}

export function createRegistryClient(options: { registry: Registry; nodeName: string }): RegistryClient {
  const { nodeName } = options;
  let { registry } = options;
  let away = false;
  const broken = new Set<() => void>();
  const check = async (): Promise<void> => {
    await Promise.resolve();
    if (away) throw new OrchError('ServiceUnavailable', 'the manager does not answer');
  };
  const own = (kind: Kind, object: ApiObject): boolean =>
    kind === taskKind
      ? (object as Task).spec.nodeName === nodeName
      : kind === nodeKind
        ? object.metadata.name === nodeName
        : true;
  const selectorOf = (kind: Kind, list: ClientListOptions | undefined): string | undefined =>
    kind === taskKind
      ? `spec.nodeName=${nodeName}`
      : kind === nodeKind
        ? `metadata.name=${nodeName}`
        : list?.fieldSelector;
  const getOwn = async <T extends ApiObject>(
    kind: Kind,
    key: { namespace?: string; name: string },
  ): Promise<Stored<T>> => {
    const object = await registry.get<T>(kind, key);
    if (!own(kind, object)) throw new OrchError('NotFound', `${key.name} not found`);
    return object;
  };

  async function* watch<T extends ApiObject>(
    kind: Kind,
    watchOptions: ClientListOptions & { resourceVersion?: string; signal: AbortSignal },
  ): AsyncIterable<ClientEvent<T>> {
    await check();
    const events: ClientEvent<T>[] = [];
    let wake = (): void => undefined;
    let isCut = false;
    const take = (batch: ObjectEvent<T>[]): void => {
      for (const { type, object, previous } of batch) {
        const [now, before] = [type !== 'DELETED' && own(kind, object), previous !== undefined && own(kind, previous)];
        if (type === 'DELETED' ? own(kind, object) : !now && before) events.push({ type: 'DELETED', object });
        else if (now) events.push({ type: before ? 'MODIFIED' : 'ADDED', object });
      }
      wake();
    };
    const cut = (): void => {
      isCut = true;
      wake();
    };
    // It may have been ended before it was opened: no event tells of that any more.
    if (watchOptions.signal.aborted) return;
    broken.add(cut);
    watchOptions.signal.addEventListener('abort', cut, { once: true });
    const subscription = registry.watch<T>(kind, { afterRevision: Number(watchOptions.resourceVersion) }, take);
    try {
      while (!isCut) {
        while (events.length > 0 && !isCut) yield events.shift() as ClientEvent<T>;
        if (isCut) break;
        await new Promise<void>((resolve) => (wake = resolve));
      }
      if (!watchOptions.signal.aborted) throw new OrchError('ServiceUnavailable', 'the line was cut');
    } finally {
      broken.delete(cut);
      subscription.close();
    }
  }

  const client: RegistryClient = {
    liveSession: undefined,
    listsNothing: false,
    heartbeats: 0,
    isStopping: false,
    statusWrites: [],
    sockets: [],
    use: (next) => (registry = next),
    setAway(isAway) {
      away = isAway;
      if (isAway) for (const cut of [...broken]) cut();
    },
    async get(kind, key) {
      await check();
      return getOwn(kind, key);
    },
    async list<T extends ApiObject>(kind: Kind, list?: ClientListOptions) {
      await check();
      const selector = selectorOf(kind, list);
      const result = await registry.list<T>(kind, { ...(selector === undefined ? {} : { fieldSelector: selector }) });
      return {
        items: client.listsNothing ? [] : result.items,
        resourceVersion: String(result.revision),
        clusterUid: registry.clusterUid,
        ...(registry.restoreUid === undefined ? {} : { restoreUid: registry.restoreUid }),
      };
    },
    async create<T extends ApiObject>(kind: Kind, object: T) {
      await check();
      if (kind === taskEventKind) {
        const event = object as unknown as TaskReport;
        await registry.recordTaskEvent({
          task: event.task,
          state: event.state,
          type: event.type ?? 'Normal',
          reason: event.reason,
          message: event.message ?? '',
          source: nodeName,
          nodeName,
          ...(event.attempt === undefined ? {} : { attempt: event.attempt }),
        });
        return { object: object as Stored<T>, warnings: [] };
      }
      return registry.create<T>(kind, object);
    },
    async replace(kind, key, object, write) {
      await check();
      await getOwn(kind, key);
      return registry.replace(kind, key, object, write);
    },
    async patch(kind, key, body, write) {
      await check();
      const current = await getOwn(kind, key);
      const next = applyMergePatch(current as unknown as JsonObject, body);
      if (write?.subresource === 'status') checkReport(nodeIdentity(nodeName, 'any'), kind, current, next);
      const result = await registry.patch<ApiObject>(kind, key, { type: 'merge', body }, write);
      const status = (result.object as unknown as { status?: Record<string, unknown> }).status ?? {};
      if (kind === taskKind) client.statusWrites.push({ name: key.name, status });
      return result as never;
    },
    async apply() {
      throw new OrchError('MethodNotAllowed', 'workers do not apply');
    },
    async delete(kind, key, deletion) {
      await check();
      await getOwn(kind, key);
      await registry.delete(kind, key, {
        ...(deletion?.uid === undefined ? {} : { preconditions: { uid: deletion.uid } }),
        ...(deletion?.gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds: deletion.gracePeriodSeconds }),
      });
    },
    watch,
    async request(request: ClientRequest): Promise<ClientResponse> {
      await check();
      if (request.path.endsWith('/heartbeat')) {
        client.heartbeats += 1;
        const { sessionId } = JSON.parse(request.body ?? '{}') as { sessionId: string };
        const isOther = client.liveSession !== undefined && client.liveSession !== sessionId;
        return answer(registry, client.isStopping ? 503 : isOther ? 409 : 200, {});
      }
      if (request.path.endsWith('/join')) {
        const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: nodeName } };
        await registry.create(nodeKind, node).catch((error: unknown) => {
          if (!isOrchError(error, 'AlreadyExists')) throw error;
        });
        return answer(registry, 200, {});
      }
      const config = /^\/api\/v1\/namespaces\/([^/]+)\/(configmaps|secrets)\/([^/]+)$/.exec(request.path);
      if (request.method === 'GET' && config) {
        const [, namespace = '', plural, name = ''] = config;
        const kind = plural === 'secrets' ? secretKind : configMapKind;
        const forTask = request.query?.['forTask'];
        try {
          const task = typeof forTask === 'string' ? await findTask(registry, { namespace, name: forTask }) : undefined;
          checkReadFor(nodeIdentity(nodeName, 'any'), kind, name, task);
          return answer(registry, 200, await registry.get(kind, { namespace, name }));
        } catch (error) {
          if (isOrchError(error)) return answer(registry, error.httpStatus, {});
          throw error;
        }
      }
      const match = /^\/apis\/orch\.dev\/v1\/namespaces\/([^/]+)\/tasks\/([^/]+)$/.exec(request.path);
      if (request.method !== 'GET' || !match) return answer(registry, 404, {});
      try {
        return answer(registry, 200, await getOwn(taskKind, { namespace: match[1] ?? '', name: match[2] ?? '' }));
      } catch (error) {
        if (isOrchError(error, 'NotFound')) return answer(registry, 404, {});
        throw error;
      }
    },
    async openSocket(path): Promise<ClientSocket> {
      await check();
      const toWorker: ((data: Uint8Array) => void)[] = [];
      const toManager: ((data: Uint8Array) => void)[] = [];
      let close = (): void => undefined;
      const closed = new Promise<{ code: number; reason: string }>((resolve) => {
        close = () => resolve({ code: 1000, reason: '' });
      });
      const later = (listeners: ((data: Uint8Array) => void)[], data: Uint8Array): void =>
        queueMicrotask(() => listeners.forEach((listener) => listener(data)));
      client.sockets.push({
        path,
        send: (data) => later(toWorker, data),
        onMessage: (listener) => toManager.push(listener),
        close,
      });
      return {
        send: (data) => later(toManager, data),
        onMessage: (listener) => toWorker.push(listener),
        closed,
        close,
      };
    },
    close: () => Promise.resolve(),
  };
  return client;
}

async function findTask(registry: Registry, key: ObjectKey): Promise<StoredTask | undefined> {
  const { items } = await registry.list<Task>(taskKind, { namespace: key.namespace ?? '' });
  return items.find(({ metadata }) => metadata.name === key.name);
}

function answer(registry: Registry, status: number, body: unknown): ClientResponse {
  const text = JSON.stringify(body);
  return {
    status,
    headers: { 'x-orch-cluster-uid': registry.clusterUid },
    text: () => Promise.resolve(text),
    body: (async function* () {
      yield new TextEncoder().encode(text);
    })(),
  };
}
