import { connect as connectTcp, type Socket } from 'node:net';
import { connect } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { nodeKind } from '../../src/model/node.js';
import type { Registry } from '../../src/registry/registry.js';
import { waitFor } from '../support/wait-for.js';
import { startTestApi, tasksPath } from './api-harness.js';

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
