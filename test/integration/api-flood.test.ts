import { connect as connectTcp, type Socket } from 'node:net';
import { connect } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultHandshakeLimits } from '../../src/api/connections/handshake-budget.js';
import { taskKind } from '../../src/model/task.js';
import { ManualClock } from '../support/manual-clock.js';
import { waitFor } from '../support/wait-for.js';
import { startTestApi, taskObject, tasksPath, type TestApi } from './api-harness.js';

/** Connections without credentials, each of which comes again when it is cut: a flood of TLS handshakes. */
class Flood {
  handshakes = 0;
  cut = 0;
  readonly #open = new Set<Socket>();
  #isOver = false;

  constructor(
    private readonly port: number,
    private readonly localAddress: string,
    connections: number,
    private readonly comesAgain = true,
  ) {
    for (let index = 0; index < connections; index++) this.#connect();
  }

  stop(): void {
    this.#isOver = true;
    for (const socket of this.#open) socket.destroy();
  }

  #connect(): void {
    const line = connectTcp({ port: this.port, host: '127.0.0.1', localAddress: this.localAddress });
    const socket = connect({ socket: line, rejectUnauthorized: false });
    this.#open.add(line);
    line.on('error', () => undefined);
    socket.on('error', () => undefined);
    socket.on('secureConnect', () => {
      this.handshakes++;
      socket.write('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n');
    });
    socket.resume();
    line.on('close', () => {
      this.cut++;
      this.#open.delete(line);
      if (this.comesAgain && !this.#isOver) this.#connect();
    });
  }
}

describe('a flood of handshakes', () => {
  const limits = {
    ...defaultHandshakeLimits,
    perStranger: { burst: 5, perSecond: 2 },
    perKnown: { burst: 5, perSecond: 8 },
    perNode: { burst: 50, perSecond: 1 },
  };
  let clock: ManualClock;
  let api: TestApi;
  const floods: Flood[] = [];
  const flood = (...given: [address: string, connections: number, comesAgain?: boolean]): Flood => {
    const made = new Flood(api.server.port, ...given);
    floods.push(made);
    return made;
  };

  beforeEach(async () => {
    clock = new ManualClock();
    api = await startTestApi({ clock, handshakeLimits: limits });
  });
  afterEach(async () => {
    for (const made of floods.splice(0)) made.stop();
    await api.close();
  });
  const adminStatus = async (): Promise<number> => (await api.request('GET', tasksPath)).status;

  it('begins as many as its address may, while everybody else comes in as ever', async () => {
    const worker = await api.admit('a');
    const stranger = flood('127.0.0.2', 60);
    await waitFor('its first handshakes', () => stranger.handshakes === limits.perStranger.burst);
    for (let index = 0; index < 4 * limits.perStranger.burst; index++) {
      expect(await adminStatus()).toBe(200);
      expect((await api.request('GET', '/api/v1/nodes/a', { token: worker })).status).toBe(200);
    }
    expect((await api.request('GET', '/livez', { token: null })).status).toBe(200);
    expect(stranger.handshakes).toBe(limits.perStranger.burst);
    await clock.advance(3_000);
    const more = limits.perStranger.burst + 3 * limits.perStranger.perSecond;
    await waitFor('what time brought', () => stranger.handshakes === more);
  });

  it('lets those in who come from its own address, and does not touch what they have open', async () => {
    const worker = await api.admit('a');
    const watch = await api.openWatch('/apis/orch.dev/v1/tasks?watch=true', { token: worker });
    const stranger = flood('127.0.0.1', 40);
    await waitFor('nothing to be left', () => stranger.handshakes === limits.perKnown.burst);
    for (const token of [api.credentials.adminToken, worker]) {
      let status = 0;
      const ask = async (): Promise<void> => {
        while (status === 0) {
          status = await api.request('GET', '/api/v1/nodes/a', { token }).then(
            (answer) => answer.status,
            () => 0,
          );
        }
      };
      const answered = ask();
      await waitFor('it to be let in', async () => {
        await clock.advance(250);
        return status === 200;
      });
      await answered;
    }
    await api.registry.create(taskKind, taskObject('on-a', { nodeName: 'a' }));
    expect(await watch.next()).toMatchObject({ type: 'ADDED' });
    watch.destroy();
  });

  it('keeps nobody waiting for longer than a client does, nor when it ends', async () => {
    const stranger = flood('127.0.0.2', 30, false);
    await waitFor('its first handshakes', () => stranger.handshakes === limits.perStranger.burst);
    await clock.advance(7_900);
    const another = flood('127.0.0.3', 20, false);
    await waitFor('another one to wait as well', () => another.handshakes === limits.perStranger.burst);
    expect(stranger.cut).toBeLessThan(30);
    await clock.advance(200);
    await waitFor('all to be answered or cut', () => stranger.cut === 30);
    expect(stranger.handshakes).toBeLessThanOrEqual(limits.perStranger.burst + 8 * limits.perStranger.perSecond);
    const closed = api.close();
    await waitFor('those who waited to be cut', () => another.cut === 20);
    await closed;
    api = await startTestApi();
  });
});

it('cuts the oldest handshake that is not finished when there are too many', async () => {
  const api = await startTestApi({ handshakeLimits: { ...defaultHandshakeLimits, unfinished: 3 } });
  const ended: number[] = [];
  const silent: Socket[] = [];
  try {
    for (let index = 0; index < 3; index++) {
      const socket = connectTcp({ port: api.server.port, host: '127.0.0.1' });
      socket.on('error', () => undefined).on('close', () => ended.push(index));
      socket.resume();
      silent.push(socket);
      await new Promise((resolve) => socket.once('connect', resolve));
    }
    expect((await api.request('GET', tasksPath)).status).toBe(200);
    await waitFor('the first to be cut', () => ended.length > 0);
    expect(ended).toEqual([0]);
  } finally {
    for (const socket of silent) socket.destroy();
    await api.close();
  }
});

it('bounds a flood without being told to', async () => {
  const api = await startTestApi({ clock: new ManualClock() });
  const { burst } = defaultHandshakeLimits.perStranger;
  const flood = new Flood(api.server.port, '127.0.0.2', burst + 50, false);
  try {
    await waitFor('it to have had its burst', () => flood.handshakes === burst);
    const worker = await api.admit('a');
    const body = { token: worker, body: { sessionId: 's' } };
    expect((await api.request('POST', '/apis/orch.dev/v1/workers/a/heartbeat', body)).status).toBe(200);
    expect((await api.request('GET', tasksPath)).status).toBe(200);
    expect(flood.handshakes).toBe(burst);
  } finally {
    flood.stop();
    await api.close();
  }
});
