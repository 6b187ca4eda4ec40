import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, get } from 'node:https';
import { text } from 'node:stream/consumers';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { taskKind } from '../../src/model/task.js';
import type { ObjectEvent, Registry } from '../../src/registry/registry.js';
import { createSystemClock, type Clock } from '../../src/support/clock.js';
import { startTestApi, taskObject, tasksPath, type TestApi, type TestWatch } from './api-harness.js';

const table = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

/** A real clock whose timers, those of at least ten seconds when not said otherwise, wait until the test says so. */
function clockWithHeldTimers(
  isHeld = (delay: number): boolean => delay >= 10_000,
): Clock & { fire(delay: number): void } {
  const real = createSystemClock();
  const held = new Map<() => void, number>();
  return {
    now: () => real.now(),
    monotonic: () => real.monotonic(),
    setTimer(callback, delay) {
      if (!isHeld(delay)) return real.setTimer(callback, delay);
      held.set(callback, delay);
      return { cancel: () => void held.delete(callback) };
    },
    fire(delay) {
      for (const [callback, heldFor] of [...held]) if (heldFor === delay && held.delete(callback)) callback();
    },
  };
}

let api: TestApi;
beforeAll(async () => void (api = await startTestApi()));
afterAll(() => api.close());

async function setPriority(name: string, priority: number): Promise<string> {
  const { json } = await api.request('PATCH', `${tasksPath}/${name}`, {
    type: 'application/merge-patch+json',
    body: { spec: { priority } },
  });
  return json.metadata.resourceVersion;
}

describe('watch', () => {
  it('starts with the current objects when no version is given, then goes on live', async () => {
    await api.request('POST', tasksPath, { body: taskObject('w1') });
    const watch = await api.openWatch(`${tasksPath}?watch=true&fieldSelector=metadata.name%3Dw1`);
    expect(await watch.next()).toMatchObject({ type: 'ADDED', object: { kind: 'Task', metadata: { name: 'w1' } } });
    const version = await setPriority('w1', 1);
    expect(await watch.next()).toMatchObject({ type: 'MODIFIED', object: { metadata: { resourceVersion: version } } });
    await api.request('DELETE', `${tasksPath}/w1`);
    const deleted = await watch.next();
    expect(deleted.type).toBe('DELETED');
    expect(Number(deleted.object.metadata.resourceVersion)).toBeGreaterThan(Number(version));
    watch.destroy();
  });

  it('resumes after a version without gap or repetition', async () => {
    const { json: created } = await api.request('POST', tasksPath, { body: taskObject('w2') });
    const versions = [await setPriority('w2', 1), await setPriority('w2', 2)];
    const path = `${tasksPath}?watch=true&fieldSelector=metadata.name%3Dw2`;
    const watch = await api.openWatch(`${path}&resourceVersion=${created.metadata.resourceVersion}`);
    const events = [await watch.next(), await watch.next()];
    expect(events.map((event) => event.object.metadata.resourceVersion)).toEqual(versions);
    const live = await setPriority('w2', 3);
    expect((await watch.next()).object.metadata.resourceVersion).toBe(live);
    watch.destroy();
  });

  it('shows objects that start and stop matching as ADDED and DELETED', async () => {
    const watch = await api.openWatch(`${tasksPath}?watch=true&labelSelector=team%3Dred`);
    await api.request('POST', tasksPath, { body: taskObject('w3') });
    const label = (team: string | null): Promise<unknown> =>
      api.request('PATCH', `${tasksPath}/w3`, {
        type: 'application/merge-patch+json',
        body: { metadata: { labels: { team } } },
      });
    await label('red');
    expect(await watch.next()).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'w3' } } });
    await label('blue');
    const gone = await watch.next();
    const { json: now } = await api.request('GET', `${tasksPath}/w3`);
    expect(gone).toMatchObject({ type: 'DELETED', object: { metadata: { labels: { team: 'red' } } } });
    expect(gone.object.metadata.resourceVersion).toBe(now.metadata.resourceVersion);
    watch.destroy();
  });

  it('sends tables whose first event alone has the columns', async () => {
    await api.request('POST', tasksPath, { body: taskObject('w4') });
    const path = `${tasksPath}?watch=true&fieldSelector=metadata.name%3Dw4`;
    const watch = await api.openWatch(path, { headers: { accept: table } });
    const first = await watch.next();
    expect(first.object.columnDefinitions[0].name).toBe('Name');
    expect(first.object.rows[0].cells[0]).toBe('w4');
    await setPriority('w4', 1);
    const second = await watch.next();
    expect(second.object).not.toHaveProperty('columnDefinitions');
    expect(second.object.rows).toHaveLength(1);
    watch.destroy();
  });

  it('is found under the old paths too, of a collection and of one object', async () => {
    await api.request('POST', tasksPath, { body: taskObject('old-1', {}, { labels: { old: 'yes' } }) });
    await api.request('POST', tasksPath, { body: taskObject('old-2', {}, { labels: { old: 'yes' } }) });
    const root = '/apis/orch.dev/v1/watch';
    for (const [path, names] of [
      [`${root}/namespaces/default/tasks?labelSelector=old%3Dyes`, ['old-1', 'old-2']],
      [`${root}/tasks?labelSelector=old`, ['old-1', 'old-2']],
      [`${root}/namespaces/default/tasks/old-2`, ['old-2']],
      [`${root}/namespaces/default/tasks/old-2/`, ['old-2']],
      [`${root}/namespaces/default/tasks/old-1?fieldSelector=metadata.namespace%3Ddefault`, ['old-1']],
      ['/api/v1/watch/namespaces/default', ['default']],
    ] as const) {
      const watch = await api.openWatch(path);
      const seen = [];
      for (const _name of names) seen.push((await watch.next()).object.metadata.name);
      expect([path, seen]).toEqual([path, names]);
      watch.destroy();
    }
    expect((await api.request('GET', `${root}/nothing`)).status).toBe(404);
    expect((await api.request('GET', `${root}/backup`)).status).toBe(404);
    expect((await api.request('GET', `${root}/namespaces/default/tasks/%ZZ`)).status).toBe(404);
    expect((await api.request('DELETE', `${root}/namespaces/default/tasks/old-1`)).status).toBe(404);
    expect((await api.request('GET', `${root}/tasks`, { token: null })).status).toBe(401);
  });

  it('ends after timeoutSeconds', async () => {
    const watch = await api.openWatch(`${tasksPath}?watch=true&timeoutSeconds=1&labelSelector=none`);
    expect(await watch.ended).toBe(true);
  });

  it('marks the end of sendInitialEvents, and refuses it where it cannot be honoured', async () => {
    const path = `${tasksPath}?watch=true&sendInitialEvents=true&labelSelector=none`;
    const watch = await api.openWatch(`${path}&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`);
    expect(await watch.next()).toMatchObject({
      type: 'BOOKMARK',
      object: { kind: 'Task', metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } },
    });
    watch.destroy();
    expect((await api.request('GET', path)).status).toBe(422);
  });

  it('AP-02: answers 410 Expired for versions that are forgotten or not yet there', async () => {
    await api.store.compact(api.store.currentRevision());
    for (const version of ['1', '99999999']) {
      const answer = await api.request('GET', `${tasksPath}?watch=true&resourceVersion=${version}`);
      expect(answer.status).toBe(410);
      expect(answer.json.reason).toBe('Expired');
    }
  });

  it('watches events of tasks without a version', async () => {
    await api.request('POST', '/api/v1/namespaces', { body: { metadata: { name: 'seen' } } });
    const watch = await api.openWatch('/api/v1/namespaces/seen/events?watch=true&limit=500');
    await api.request('POST', '/apis/orch.dev/v1/namespaces/seen/tasks', { body: taskObject('w5') });
    expect(await watch.next()).toMatchObject({
      type: 'ADDED',
      object: { kind: 'Event', involvedObject: { name: 'w5', namespace: 'seen' } },
    });
    watch.destroy();
  });

  it('AP-01: sees every change exactly once, in order, over many resumptions', async () => {
    const { json: list } = await api.request('GET', tasksPath);
    let version: string = list.metadata.resourceVersion;
    const writes = (async () => {
      await api.request('POST', tasksPath, { body: taskObject('w6') });
      for (let priority = 1; priority <= 60; priority++) await setPriority('w6', priority);
    })();
    const seen: number[] = [];
    while (seen.length < 61) {
      const path = `${tasksPath}?watch=true&fieldSelector=metadata.name%3Dw6&resourceVersion=${version}`;
      const watch = await api.openWatch(path);
      for (let count = 0; count < 7 && seen.length < 61; count++) {
        const event = await watch.next();
        version = event.object.metadata.resourceVersion;
        seen.push(event.object.spec.priority ?? 0);
      }
      watch.destroy();
    }
    await writes;
    expect(seen).toEqual(Array.from({ length: 61 }, (_, priority) => priority));
  });
});

describe('watch bounds', () => {
  it('AP-04: sends honest bookmarks that a client can resume from', async () => {
    const clock = clockWithHeldTimers();
    const own = await startTestApi({ clock });
    try {
      const start = own.registry.currentRevision();
      const path = `${tasksPath}?watch=true&allowWatchBookmarks=true&labelSelector=none&resourceVersion=${start}`;
      const watch = await own.openWatch(`${path}`);
      const { json: unseen } = await own.request('POST', tasksPath, { body: taskObject('b1') });
      clock.fire(25_000);
      expect(await watch.next()).toEqual({
        type: 'BOOKMARK',
        object: { kind: 'Task', apiVersion: 'orch.dev/v1', metadata: { resourceVersion: expect.any(String) } },
      });
      clock.fire(25_000);
      const second = await watch.next();
      expect(Number(second.object.metadata.resourceVersion)).toBeGreaterThanOrEqual(
        Number(unseen.metadata.resourceVersion),
      );
      expect(Number(second.object.metadata.resourceVersion)).toBeLessThanOrEqual(own.registry.currentRevision());
      watch.destroy();
    } finally {
      await own.close();
    }
  });

  it('AP-03: closes a watcher that stops reading, keeps memory bounded, and serves the others', async () => {
    let emit: ((events: ObjectEvent[]) => void) | undefined;
    let closed = 0;
    const own = await startTestApi({
      wrap: (registry): Registry =>
        new Proxy(registry, {
          get(target, property) {
            if (property !== 'watch') {
              const value: unknown = Reflect.get(target, property);
              return typeof value === 'function' ? (value.bind(target) as unknown) : value;
            }
            return (_kind: unknown, _options: unknown, onEvents: (events: ObjectEvent[]) => void) => {
              emit = onEvents;
              return { close: () => void closed++ };
            };
          },
        }),
    });
    try {
      const watch = await own.openWatch(`${tasksPath}?watch=true&resourceVersion=1`);
      watch.response.pause();
      const base = own.registry.currentRevision();
      const object = {
        apiVersion: 'orch.dev/v1',
        kind: 'Task',
        metadata: { name: 'big', namespace: 'default', annotations: { text: 'x'.repeat(20_000) } },
      };
      let pushed = 0;
      while (closed === 0 && pushed < 20_000) {
        const revision = base + ++pushed;
        const metadata = { ...object.metadata, resourceVersion: String(revision) };
        emit?.([{ type: 'MODIFIED', revision, object: { ...object, metadata } as unknown as ObjectEvent['object'] }]);
        // Let the socket take what it can.
        if (pushed % 10 === 0) await own.request('GET', '/livez');
      }
      expect(closed).toBe(1);
      expect(pushed).toBeLessThan(2_000);
      watch.destroy();
    } finally {
      await own.close();
    }
  });

  it('keeps a bounded amount for clients that never read, and ends their watches', async () => {
    const own = await startTestApi();
    try {
      const base = own.registry.currentRevision();
      const open = (): Promise<TestWatch> => own.openWatch(`${tasksPath}?watch=true&resourceVersion=${base}`);
      const watches = await Promise.all(Array.from({ length: 3 }, open));
      for (const { response } of watches) response.pause();
      await own.request('POST', tasksPath, { body: taskObject('large') });
      const characters = 250_000;
      const writes = 120;
      for (let write = 0; write < writes; write++) {
        const annotations = { text: `${write}${'x'.repeat(characters)}` };
        await own.request('PATCH', `${tasksPath}/large`, {
          type: 'application/merge-patch+json',
          body: { metadata: { annotations } },
        });
      }
      // What they read now is what was kept for them: the queue, and what lay in the sockets.
      for (const { response, ended } of watches) {
        let bytes = 0;
        response.on('data', (chunk: Buffer | string) => (bytes += chunk.length));
        response.resume();
        // Cleanly, or cut when they did not read for long after that.
        await ended;
        expect(bytes).toBeGreaterThan(characters);
        expect(bytes).toBeLessThan((characters * writes) / 2);
      }
    } finally {
      await own.close();
    }
  });

  it('OP-04: ends watches cleanly when the server closes', async () => {
    const own = await startTestApi();
    const watch = await own.openWatch(`${tasksPath}?watch=true`);
    const closing = own.close();
    expect(await watch.ended).toBe(true);
    await closing;
  });

  it('OP-04: is not kept from stopping by clients that ask again at once, over the connection that they have', async () => {
    const clock = clockWithHeldTimers((delay) => delay === 50);
    // Connections that have become idle are closed every 50 ms: not before the client asks again.
    const own = await startTestApi({ clock });
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: own.caPem });
    const headers = { authorization: `Bearer ${own.credentials.adminToken}` };
    const watch = (): Promise<IncomingMessage> =>
      new Promise((resolve, reject) => {
        const url = `${own.server.url}${tasksPath}?watch=true`;
        get(url, { agent, headers }, resolve).on('error', reject);
      });
    const first = await watch();
    const closing = own.close();
    onTestFinished(async () => {
      clock.fire(50);
      agent.destroy();
      await closing;
    });
    first.resume();
    await once(first, 'end');
    const second = await watch();
    expect([second.statusCode, second.headers['retry-after'], second.headers.connection]).toEqual([503, '1', 'close']);
    expect(JSON.parse(await text(second))).toMatchObject({
      kind: 'Status',
      reason: 'ServiceUnavailable',
      message: expect.stringContaining('is stopping'),
    });
    clock.fire(50);
    await closing;
  });

  it('OP-04: is not kept from stopping by a watch that it had accepted and that opens only then', async () => {
    let letGo = (): void => undefined;
    let isAsked = (): void => undefined;
    const asked = new Promise<void>((resolve) => (isAsked = resolve));
    const gate = new Promise<void>((resolve) => (letGo = resolve));
    const own = await startTestApi({
      clock: clockWithHeldTimers((delay) => delay === 8_000),
      wrap: (registry): Registry =>
        new Proxy(registry, {
          get(target, property) {
            const value: unknown = Reflect.get(target, property);
            if (typeof value !== 'function') return value;
            if (property !== 'list') return value.bind(target) as unknown;
            return async (...parameters: Parameters<Registry['list']>) => {
              isAsked();
              await gate;
              return target.list(...parameters);
            };
          },
        }),
    });
    const opening = own.openWatch(`${tasksPath}?watch=true`);
    await asked;
    const closing = own.close();
    letGo();
    expect(await (await opening).ended).toBe(true);
    await closing;
  });

  it('OP-04: is not kept from stopping by a connection over which nothing was asked', async () => {
    // What cuts it in the end, after 8 s, does not come.
    const own = await startTestApi({ clock: clockWithHeldTimers((delay) => delay === 8_000) });
    const socket = connect({ port: own.server.port, host: '127.0.0.1', ca: own.caPem, servername: 'localhost' });
    await once(socket, 'secureConnect');
    // Both ends know of it: the server has answered somebody who came later.
    expect((await own.request('GET', tasksPath)).status).toBe(200);
    socket.on('error', () => undefined);
    const cut = once(socket, 'close');
    await own.close();
    await cut;
  });

  it('HT-10: lets go of the registry when clients vanish', async () => {
    let open = 0;
    let total = 0;
    const own = await startTestApi({
      wrap: (registry): Registry =>
        new Proxy(registry, {
          get(target, property) {
            const value: unknown = Reflect.get(target, property);
            if (typeof value !== 'function') return value;
            if (property !== 'watch') return value.bind(target) as unknown;
            return (...parameters: Parameters<Registry['watch']>) => {
              const watch = target.watch(...parameters);
              // The API's own watch of the nodes stays as long as it does.
              if (parameters[0] !== taskKind) return watch;
              open++;
              total++;
              return {
                close: () => {
                  watch.close();
                  open--;
                },
              };
            };
          },
        }),
    });
    try {
      for (let round = 0; round < 20; round++) (await own.openWatch(`${tasksPath}?watch=true`)).destroy();
      // The server learns of the last one a little later: ask it until it has.
      while (open > 0) await own.request('GET', '/livez');
      expect({ open, total }).toEqual({ open: 0, total: 20 });
      expect(await own.registry.list(taskKind)).toMatchObject({ items: [] });
    } finally {
      await own.close();
    }
  });
});
