import type { Client } from '../../src/client/client.js';
import type { ApiObject, Stored } from '../../src/model/api-object.js';
import { taskKind } from '../../src/model/task.js';
import type { Lifeline } from './lifeline.js';
import type { LinkObserver } from './network.js';

export interface ObservedClientOptions {
  lifeline: Lifeline;
  observer: LinkObserver;
  /** Asks the manager; within this time where the call has its own. */
  call: <T>(serve: (api: Client) => Promise<T>, timeoutMilliseconds?: number) => Promise<T>;
  watch: Client['watch'];
  /** Where nobody looks at patches as they are done. */
  onPatched?: LinkObserver['patched'];
}

/** A worker's client, each call of it an effect of its process at which that may die, and what it is told looked at. */
export function observedClient({ lifeline, observer, watch, ...options }: ObservedClientOptions): Client {
  const call = <T>(serve: (api: Client) => Promise<T>, timeout?: number): Promise<T> =>
    lifeline.effect(() => options.call(serve, timeout));
  return {
    get: (kind, key) => call((api) => api.get(kind, key)),
    list: async <T extends ApiObject>(...[kind, list]: Parameters<Client['list']>) => {
      const result = await call((api) => api.list<T>(kind, list));
      if (lifeline.isAlive) observer.listed(kind, result.items);
      return result;
    },
    create: (kind, object, write) => call((api) => api.create(kind, object, write)),
    replace: (kind, key, object, write) => call((api) => api.replace(kind, key, object, write)),
    patch: <T extends ApiObject>(...[kind, key, patch, write]: Parameters<Client['patch']>) =>
      call(async (api) => {
        const result = await api.patch<T>(kind, key, patch, write);
        options.onPatched?.(kind, key, patch, result, write?.subresource === 'status');
        return result;
      }),
    apply: (kind, key, object, write) => call((api) => api.apply(kind, key, object, write)),
    delete: (kind, key, deletion) => call((api) => api.delete(kind, key, deletion)),
    watch,
    request: async (request) => {
      const { status, headers, text } = await call(async (api) => {
        const response = await api.request(request);
        return { status: response.status, headers: response.headers, text: await response.text() };
      }, request.timeoutMilliseconds);
      if (/\/tasks\/[^/]+$/.test(request.path) && status === 200) {
        observer.listed(taskKind, [JSON.parse(text) as Stored]);
      }
      return { status, headers, text: () => Promise.resolve(text), body: noBody() };
    },
    // Logs and exec are not simulated: the tunnel stays open and silent.
    openSocket: async () => ({
      send: () => undefined,
      onMessage: () => undefined,
      closed: new Promise(() => undefined),
      close: () => undefined,
    }),
    close: () => Promise.resolve(),
  };
}

async function* noBody(): AsyncIterable<Uint8Array> {}
