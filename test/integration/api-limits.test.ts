import { connect as connectTcp, type Socket } from 'node:net';
import { connect } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { certificateRequest, makeKey } from '../../src/app/worker-identity.js';
import { nodeKind } from '../../src/model/node.js';
import type { Registry } from '../../src/registry/registry.js';
import { ManualClock } from '../support/manual-clock.js';
import { waitFor } from '../support/wait-for.js';
import { startTestApi, tasksPath, type NodeIdentity, type TestApi } from './api-harness.js';

describe('limits', () => {
  it('AP-11: answers a flood with 429 and keeps room for heartbeats and for others', async () => {
    let letGo: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    let waiting = 0;
    const api = await startTestApi({
      wrap: (registry): Registry =>
        new Proxy(registry, {
          get(target, property) {
            const value: unknown = Reflect.get(target, property);
            if (property !== 'get') return typeof value === 'function' ? (value.bind(target) as unknown) : value;
            return async (...parameters: Parameters<Registry['get']>) => {
              if (parameters[0] === nodeKind) return target.get(...parameters);
              waiting++;
              await held;
              return target.get(...parameters);
            };
          },
        }),
    });
    try {
      const flood = Array.from({ length: 450 }, () => api.request('GET', `${tasksPath}/x`));
      const refused = await Promise.race(flood);
      expect(refused.status).toBe(429);
      expect(refused.headers['retry-after']).toBe('1');
      expect(refused.json).toMatchObject({ reason: 'TooManyRequests', details: { retryAfterSeconds: 1 } });
      const token = await api.admit('a');
      const beat = await api.request('POST', '/apis/orch.dev/v1/workers/a/heartbeat', {
        token,
        body: { sessionId: 's' },
      });
      expect(beat.status).toBe(200);
      expect((await api.request('GET', '/api/v1/nodes/a', { token })).status).toBe(200);
      letGo();
      const statuses = (await Promise.all(flood)).map(({ status }) => status);
      expect(statuses.filter((status) => status === 404)).toHaveLength(waiting);
      expect(statuses.filter((status) => status === 429)).toHaveLength(450 - waiting);
      expect((await api.request('GET', `${tasksPath}/x`)).status).toBe(404);
    } finally {
      letGo();
      await api.close();
    }
  });

  it('keeps places for the admin, other workers, joins and heartbeats from bodies that do not come, and waits for none for ever', async () => {
    const clock = new ManualClock();
    const api = await startTestApi({ clock });
    const answers: string[] = [];
    const held: Socket[] = [];
    const begin = (as: string | NodeIdentity, method: string, path: string): void => {
      const { socket } = openLine(api, as, (line) => {
        const authorization = typeof as === 'string' ? `Authorization: Bearer ${as}\r\n` : '';
        line.write(`${method} ${path} HTTP/1.1\r\nHost: x\r\n${authorization}Content-Length: 100000\r\n\r\nx`);
      });
      socket.once('data', (data: Buffer) => void answers.push(data.toString().slice(9, 12)));
      held.push(socket);
    };
    const count = (status: string): number => answers.filter((one) => one === status).length;
    const join = async (token: string, name: string): Promise<number> => {
      const body = { csr: await certificateRequest(await makeKey(), name), labels: {} };
      return (await api.request('POST', `/apis/orch.dev/v1/workers/${name}/join`, { token, body })).status;
    };
    try {
      const greedy = await Promise.all(['g0', 'g1', 'g2', 'g3'].map((name) => api.admit(name)));
      const first = greedy[0] as NodeIdentity;
      for (let index = 0; index < 70; index++) begin(first, 'PUT', '/api/v1/nodes/g0');
      await waitFor('one worker to have a quarter of the places of workers', () => count('429') === 6);
      // Nothing is counted that is not there or not allowed.
      for (let index = 0; index < 70; index++) begin(greedy[1] as NodeIdentity, 'POST', '/apis/x');
      for (let index = 0; index < 70; index++) begin(greedy[1] as NodeIdentity, 'PUT', '/api/v1/nodes/other');
      await waitFor('them to be refused', () => count('404') === 70 && count('403') === 70);
      const other = await api.admit('other');
      expect((await api.request('GET', '/api/v1/nodes/other', { token: other })).status).toBe(200);

      for (const [index, identity] of greedy.slice(1).entries()) {
        for (let each = 0; each < 64; each++) begin(identity, 'PUT', `/api/v1/nodes/g${index + 1}`);
      }
      await waitFor('workers to have no place left', async () => {
        return (await api.request('GET', '/api/v1/nodes/other', { token: other })).status === 429;
      });
      const leaked = await api.joinToken();
      for (let index = 0; index < 50; index++) begin(leaked, 'POST', '/apis/orch.dev/v1/workers/y/join');
      await waitFor('the token to have its places', () => count('429') === 8);
      expect((await api.request('GET', tasksPath)).status).toBe(200);
      expect(await join(await api.joinToken(), 'new')).toBe(200);
      const beat = { token: first, body: { sessionId: 's' } };
      expect((await api.request('POST', '/apis/orch.dev/v1/workers/g0/heartbeat', beat)).status).toBe(200);

      await clock.advance(15_000);
      await waitFor('the unfinished ones to be given up', () => count('504') === 4 * 64 + 48);
      expect((await api.request('GET', '/api/v1/nodes/other', { token: other })).status).toBe(200);
      expect(await join(leaked, 'y')).toBe(200);
    } finally {
      for (const socket of held) socket.destroy();
      await api.close();
    }
  });

  it('gives places back that were taken over a connection which was cut before its answers could go out', async () => {
    const api = await startTestApi();
    const held: Socket[] = [];
    try {
      const authorization = `Host: x\r\nAuthorization: Bearer ${api.credentials.adminToken}\r\n\r\n`;
      const watch = `GET ${tasksPath}?watch=true HTTP/1.1\r\n${authorization}`;
      const behind = `GET ${tasksPath}/x HTTP/1.1\r\n${authorization}`;
      let watching = 0;
      for (let index = 0; index < 20; index++) {
        const { socket } = openLine(api, '', (line) => line.write(watch + behind.repeat(50)));
        socket.once('data', () => watching++);
        held.push(socket);
      }
      await waitFor('the watches to stand before all others', () => watching === held.length);
      await waitFor('no place to be left', async () => (await api.request('GET', tasksPath)).status === 429);
      for (const socket of held) socket.destroy();
      await waitFor('places to be free', async () => (await api.request('GET', tasksPath)).status === 200);
    } finally {
      for (const socket of held) socket.destroy();
      await api.close();
    }
  });

  it.each([
    ['/livez', undefined],
    ['/version', 'wrong'],
    [tasksPath, undefined],
    [tasksPath, undefined, 'Expect: wonders\r\n'],
  ])('answers somebody unknown once and closes: %s', async (path, token, headers = '') => {
    const api = await startTestApi();
    try {
      const { answer } = openLine(api, '', (line) => line.write(ask(path, token, headers).repeat(2)));
      const text = await answer;
      expect(text.match(/HTTP\/1.1 /g)).toHaveLength(1);
      expect(text).toMatch(/^Connection: close/im);
    } finally {
      await api.close();
    }
  });

  it('keeps the connection of who is known, also over what everybody may ask', async () => {
    const api = await startTestApi();
    try {
      const paths = ['/version', '/readyz', '/apis', tasksPath, '/apis/x'];
      const worker = await api.admit('a');
      for (const as of ['', worker]) {
        const token = as === '' ? api.credentials.adminToken : undefined;
        const { socket, answer } = openLine(api, as, (line) => {
          line.write(paths.map((path) => ask(path, token)).join(''));
        });
        let seen = '';
        socket.on('data', (chunk: Buffer) => (seen += chunk.toString()));
        await waitFor('all to be answered', () => seen.match(/HTTP\/1.1 /g)?.length === paths.length);
        expect(seen).not.toMatch(/^Connection: close/im);
        socket.destroy();
        await answer;
      }
    } finally {
      await api.close();
    }
  });

  it('HT-01: cuts a client that never finishes its headers', async () => {
    const api = await startTestApi();
    try {
      const { port } = api.server;
      const answer = await new Promise<string>((resolve, reject) => {
        let text = '';
        const socket = connect({ port, host: '127.0.0.1', ca: api.caPem, servername: 'localhost' }, () => {
          socket.write('GET /livez HTTP/1.1\r\nHost: x\r\n');
        });
        socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
        socket.on('close', () => resolve(text));
        socket.on('error', reject);
      });
      expect(answer).toMatch(/^HTTP\/1.1 408 /);
    } finally {
      await api.close();
    }
  });

  it('HT-01: lets one address open only so many connections, and serves the others meanwhile', async () => {
    const api = await startTestApi({ connectionLimits: { total: 100, perAddress: 5 } });
    const open = (localAddress: string): Promise<Socket | 'refused'> =>
      new Promise((resolve) => {
        const line = connectTcp({ port: api.server.port, host: '127.0.0.1', localAddress });
        const socket = connect({ socket: line, servername: 'localhost', ca: api.caPem });
        line.once('error', () => resolve('refused'));
        socket.once('secureConnect', () => resolve(socket));
        socket.once('error', () => resolve('refused'));
        socket.once('close', () => resolve('refused'));
      });
    const held: Socket[] = [];
    try {
      for (let index = 0; index < 5; index++) held.push((await open('127.0.0.2')) as Socket);
      expect(held).not.toContain('refused');
      expect(await open('127.0.0.2')).toBe('refused');
      expect((await api.request('GET', tasksPath)).status).toBe(200);
      held.pop()?.destroy();
      const next = await waitFor('its place to be free again', async () => {
        const socket = await open('127.0.0.2');
        return socket !== 'refused' && socket;
      });
      held.push(next);
      expect(await open('127.0.0.2')).toBe('refused');
    } finally {
      for (const socket of held) socket.destroy();
      await api.close();
    }
  });

  it('says which port is taken', async () => {
    const api = await startTestApi();
    try {
      await expect(startTestApi({ port: api.server.port })).rejects.toThrow(
        /cannot listen on 127.0.0.1:\d+: the port is taken/,
      );
    } finally {
      await api.close();
    }
  });
});

function ask(path: string, token: string | undefined, headers = ''): string {
  const authorization = token === undefined ? '' : `Authorization: Bearer ${token}\r\n`;
  return `GET ${path} HTTP/1.1\r\nHost: x\r\n${authorization}${headers}\r\n`;
}

/** A bare connection, with a worker's certificate if `as` is one. `answer` is all that came until it was closed. */
function openLine(
  api: TestApi,
  as: string | NodeIdentity,
  begin: (socket: Socket) => void,
): { socket: Socket; answer: Promise<string> } {
  const certificate = typeof as === 'string' ? {} : as;
  const { port } = api.server;
  const socket = connect({ port, host: '127.0.0.1', ca: api.caPem, servername: 'localhost', ...certificate });
  socket.once('secureConnect', () => begin(socket));
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  socket.on('error', () => undefined);
  return { socket, answer: new Promise((resolve) => socket.once('close', () => resolve(text))) };
}
