import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ContainerRuntime, ContainerSpec } from '../../../src/runtime/container-runtime.js';
import { noAmounts } from '../../../src/model/resources.js';
import { openDockerRuntime } from '../../../src/runtime/docker/docker-runtime.js';
import { silentLogger } from '../../../src/support/logger.js';
import { createSystemRandom } from '../../../src/support/random.js';
import { ManualClock } from '../../support/manual-clock.js';
import { waitFor } from '../../support/wait-for.js';
import { FakeEngine, type FakeHandler, json, refuse } from './fake-engine.js';

const id = '1'.repeat(64);
const execId = 'e'.repeat(64);
const spec: ContainerSpec = {
  name: 'orch-web-1',
  identity: { taskUid: 'task', attempt: 1, specHash: 'hash', taskKey: 'default/web' },
  image: 'busybox:latest',
  env: [{ name: 'TOKEN', value: 'canary-value' }],
  ports: [],
  hostNetwork: false,
  limits: noAmounts,
};
const ours = {
  Id: id,
  Name: '/orch-web-1',
  State: { Status: 'running' },
  Config: {
    Labels: { 'orch.dev/cluster-uid': 'cluster', 'orch.dev/task-uid': 'task', 'orch.dev/attempt': '1' },
  },
};

let engine: FakeEngine;
let clock: ManualClock;
let runtime: ContainerRuntime;

beforeEach(async () => {
  engine = await FakeEngine.start();
  clock = new ManualClock();
  engine.route('GET /_ping', (_request, response) => response.end('OK'));
  engine.route(`GET /containers/${id}/json`, (_request, response) => json(response, 200, ours));
  runtime = await open();
});
afterEach(async () => {
  await runtime.close();
  await engine.close();
});

function open(): Promise<ContainerRuntime> {
  const { socketPath } = engine;
  return openDockerRuntime({
    socketPath,
    clusterUid: 'cluster',
    clock,
    random: createSystemRandom(),
    logger: silentLogger,
  });
}

describe('an engine that accepts and never answers', () => {
  it.each<[string, number, string, (runtime: ContainerRuntime) => Promise<unknown>]>([
    ['list', 30, 'GET /containers/json', (it) => it.listContainers()],
    ['create', 60, 'POST /containers/create', (it) => it.createContainer(spec)],
    ['start', 60, `POST /containers/${id}/start`, (it) => it.startContainer(id)],
    ['stop', 35, `POST /containers/${id}/stop`, (it) => it.stopContainer(id, 5)],
    ['remove', 60, `DELETE /containers/${id}`, (it) => it.removeContainer(id)],
    [
      'exec',
      60,
      `POST /containers/${id}/exec`,
      (it) => it.openExec(id, { command: ['true'], stdin: false, tty: false }),
    ],
    ['logs', 30, `GET /containers/${id}/logs`, (it) => it.openLogs(id, { follow: true, timestamps: false })],
  ])('DK-03, DK-04: %s gives up after %i s', async (_call, seconds, route, call) => {
    const outcome = call(runtime).then(
      () => 'answered',
      (error: { code?: string }) => error.code,
    );
    const [method = '', path = ''] = route.split(' ');
    await waitFor(`the engine to get ${route}`, () => engine.seen(method, path).length === 1);
    let settled: unknown;
    void outcome.then((value) => (settled = value));
    await clock.advance(seconds * 1000 - 1);
    expect(settled).toBeUndefined();
    await clock.advance(1);
    expect(await outcome).toBe('Timeout');
    expect(clock.pendingTimers).toBe(0);
  });

  it('inspect gives up after 10 s, and so does the version question', async () => {
    engine.route(`GET /containers/${id}/json`, () => undefined);
    const inspected = expect(runtime.inspectContainer(id)).rejects.toMatchObject({ code: 'Timeout' });
    await waitFor('the question', () => engine.seen('GET', `/containers/${id}/json`).length === 1);
    await clock.advance(10_000);
    await inspected;
    engine.route('GET /version', () => undefined);
    const listed = expect(runtime.listContainers()).rejects.toMatchObject({ code: 'Timeout' });
    await waitFor('the version question', () => engine.seen('GET', '/version').length === 2);
    await clock.advance(10_000);
    await listed;
  });
});

describe('an engine that is not there', () => {
  it('opens all the same, tells where it looked, and works once the engine is there', async () => {
    await engine.crash();
    const early = await open();
    await expect(early.listContainers()).rejects.toMatchObject({
      code: 'Unavailable',
      message: expect.stringMatching(/no Docker Engine answers at .*docker\.sock \((ENOENT|ECONNREFUSED)\): start it/),
    });
    await engine.listen();
    engine.route('GET /containers/json', (_request, response) => json(response, 200, []));
    expect(await early.listContainers()).toEqual([]);
    await early.close();
  });

  it.each(['before', 'within'])('a connection that breaks %s the answer tells nothing', async (when) => {
    engine.route('GET /containers/json', (_request, response) => {
      if (when === 'within') response.writeHead(200, { 'Content-Length': 100 }).write('[{');
      setImmediate(() => response.socket?.destroy());
    });
    const outcome = runtime.listContainers().then(
      () => 'answered',
      (error: { code?: string }) => error.code,
    );
    await waitFor('the question', () => engine.seen('GET', '/containers/json').length === 1);
    // dockerode never tells that an answer broke off within: the deadline does.
    await clock.advance(30_000);
    expect(await outcome).toMatch(when === 'before' ? /^Unavailable$/ : /^(Unavailable|Timeout)$/);
  });

  it.each([500, 502, 503])('DK-15: a %i is never "there is no such container"', async (status) => {
    engine.route(`GET /containers/${id}/json`, refuse(status, 'libnetwork.endpoint: open : no such file'));
    await expect(runtime.inspectContainer(id)).rejects.toMatchObject({ code: 'Unavailable' });
    engine.route('GET /containers/json', refuse(status, 'shutting down'));
    await expect(runtime.listContainers()).rejects.toMatchObject({ code: 'Unavailable' });
  });
});

describe('versions of the API', () => {
  it.each([
    ['1.41', '1.12', '1.41'],
    ['1.60', '1.44', '1.51'],
  ])('speaks the lower one: engine %s (from %s) -> %s', async (ApiVersion, MinAPIVersion, spoken) => {
    engine.version = { Version: 'x', ApiVersion, MinAPIVersion };
    const other = await open();
    engine.route('GET /containers/json', (_request, response) => json(response, 200, []));
    await other.listContainers();
    expect(engine.seen('GET', '/containers/json').map(({ apiVersion }) => apiVersion)).toEqual([spoken]);
    await other.close();
  });

  it('DK-27: says who has to be updated when there is none in common', async () => {
    engine.version = { Version: '18.09.1', ApiVersion: '1.39', MinAPIVersion: '1.12' };
    await expect(open()).rejects.toMatchObject({
      code: 'EngineTooOld',
      message: expect.stringContaining('update the engine'),
    });
    engine.version = { Version: '99.0', ApiVersion: '1.99', MinAPIVersion: '1.80' };
    await expect(open()).rejects.toMatchObject({
      code: 'EngineTooNew',
      message: expect.stringContaining('update orch'),
    });
  });

  it('DK-27: asks again when the engine came back as another version', async () => {
    engine.route('GET /containers/json', ({ apiVersion }, response) =>
      apiVersion === '1.41'
        ? json(response, 400, { message: 'client version 1.41 is too new. Maximum supported API version is 1.40' })
        : json(response, 200, []),
    );
    engine.version = { Version: '19.03', ApiVersion: '1.40', MinAPIVersion: '1.12' };
    await expect(runtime.listContainers()).rejects.toMatchObject({ code: 'Unavailable' });
    expect(await runtime.listContainers()).toEqual([]);
  });
});

describe('odd answers', () => {
  it('DK-10: waits for a removal that somebody else began', async () => {
    let inspections = 0;
    await runtime.inspectContainer(id);
    engine.route(`DELETE /containers/${id}`, refuse(409, `removal of container ${id} is already in progress`));
    engine.route(`GET /containers/${id}/json`, (request, response) =>
      ++inspections < 3 ? json(response, 200, ours) : refuse(404, `No such container: ${id}`)(request, response),
    );
    const removed = runtime.removeContainer(id);
    await waitFor('it to be gone', async () => {
      await clock.advance(200);
      return inspections === 3;
    });
    await removed;
  });

  it('creates again when the holder of the name has just gone', async () => {
    let tries = 0;
    engine.route('POST /containers/create', (request, response) =>
      ++tries === 1
        ? refuse(409, `Conflict. The container name "/orch-web-1" is already in use by container "${'2'.repeat(64)}".`)(
            request,
            response,
          )
        : json(response, 201, { Id: id }),
    );
    engine.route(`GET /containers/${'2'.repeat(64)}/json`, refuse(404, 'No such container: 2'));
    expect(await runtime.createContainer(spec)).toEqual({ id });
  });

  it('keeps values of the environment out of its messages', async () => {
    engine.route('POST /containers/create', refuse(400, 'invalid environment variable: canary-value'));
    const error: Error = await runtime.createContainer(spec).then(
      () => expect.unreachable(),
      (reason: Error) => reason,
    );
    expect(error).toMatchObject({ code: 'InvalidSpec' });
    expect(error.message).toContain('***');
    expect(error.message).not.toContain('canary');
  });

  it('does not take an answer that is not a list for an empty list', async () => {
    engine.route('GET /containers/json', (_request, response) => json(response, 200, { message: 'hello' }));
    await expect(runtime.listContainers()).rejects.toMatchObject({ code: 'Unavailable' });
  });

  it("DK-06: the end of a command's output is no exit code", async () => {
    engine.route(`POST /containers/${id}/exec`, (_request, response) => json(response, 201, { Id: execId }));
    engine.route(`GET /exec/${execId}/json`, refuse(404, `No such exec instance: ${execId}`));
    engine.upgraded = (socket) => socket.end();
    await expect(runtime.exec(id, ['true'], 5000)).rejects.toMatchObject({ code: 'Unavailable' });
  });

  it('waits for the exit code when the engine is a moment late with it', async () => {
    let asked = 0;
    engine.route(`POST /containers/${id}/exec`, (_request, response) => json(response, 201, { Id: execId }));
    engine.route(`GET /exec/${execId}/json`, (_request, response) =>
      json(response, 200, ++asked < 3 ? { Running: true, ExitCode: null } : { Running: false, ExitCode: 4 }),
    );
    const result = runtime.exec(id, ['true'], 60_000);
    await waitFor('the third question', async () => {
      await clock.advance(50);
      return asked === 3;
    });
    expect(await result).toEqual({ exitCode: 4, output: '' });
  });

  it('tells output that broke off from output that ended', async () => {
    const frame = logFrame('stderr', '2026-01-01T00:00:00.000000001Z hi');
    engine.route(`GET /containers/${id}/logs`, (_request, response) => response.write(frame));
    const stream = await runtime.openLogs(id, { follow: true, timestamps: false });
    const got = new Promise((resolve) =>
      stream.onOutput((channel, data) => resolve([channel, Buffer.from(data).toString()])),
    );
    expect(await got).toEqual(['stderr', 'hi']);
    engine.breakConnections();
    await expect(stream.finished).rejects.toMatchObject({ code: 'Unavailable' });

    engine.route(`GET /containers/${id}/logs`, (_request, response) => response.end(frame));
    const whole = await runtime.openLogs(id, { follow: true, timestamps: false });
    whole.onOutput(() => undefined);
    await whole.finished;
  });
});

describe('output whose end the engine left out', () => {
  const times = ['2026-01-01T00:00:00.000000001Z', '2026-01-01T00:00:00.000000002Z', '2026-01-01T00:00:01.000000000Z'];
  const messages: ['stdout' | 'stderr', string][] = [
    ['stdout', `${times[0]} one\n`],
    ['stdout', `${times[1]} two\n`],
    ['stdout', `${times[1]} two again\n`],
    ['stderr', `${times[1]} oh\n`],
    ['stdout', `${times[2]} three\n`],
  ];
  const frames = (count = messages.length): Buffer =>
    Buffer.concat(messages.slice(0, count).map(([channel, text]) => logFrame(channel, text)));

  it.each([0, 1, 2, 3, 4, 5])('is asked for again: after %i messages, nothing is missing or double', async (count) => {
    engine.route(`GET /containers/${id}/logs`, ({ query }, response) =>
      response.end(query.get('follow') === '1' ? frames(count) : frames()),
    );
    for (const timestamps of [true, false]) {
      const stream = await runtime.openLogs(id, { follow: true, timestamps });
      const text = { stdout: '', stderr: '' };
      stream.onOutput((channel, data) => void (text[channel] += Buffer.from(data).toString()));
      await stream.finished;
      const wanted = { stdout: '', stderr: '' };
      for (const [channel, line] of messages) wanted[channel] += timestamps ? line : line.replace(/^\S+ /, '');
      expect(text).toEqual(wanted);
    }
    const again = engine.seen('GET', `/containers/${id}/logs`)[1]?.query;
    expect([again?.get('follow'), again?.get('tail')]).toEqual(['0', 'all']);
    expect(again?.get('since')).toBe(count === 0 ? null : count < 5 ? '1767225598.000000000' : '1767225599.000000000');
  });

  it('is all there is when the container was removed in between', async () => {
    engine.route(`GET /containers/${id}/logs`, (request, response) =>
      request.query.get('follow') === '1'
        ? response.end(frames(1))
        : refuse(404, 'No such container: x')(request, response),
    );
    const stream = await runtime.openLogs(id, { follow: true, timestamps: false });
    let text = '';
    stream.onOutput((_channel, data) => void (text += Buffer.from(data).toString()));
    await stream.finished;
    expect(text).toBe('one\n');
  });
});

describe('the last lines of a container that goes on writing', () => {
  const line = (number: number): Buffer =>
    logFrame('stdout', `2026-01-01T00:00:00.00000000${number % 10}Z line ${number}\n`);
  // It writes two lines more each time that it is asked.
  const answer: FakeHandler = ({ query }, response) => {
    const written = 4 + 2 * engine.seen('GET', `/containers/${id}/logs`).length;
    const tail = query.get('tail');
    const since = Number(query.get('since')?.at(-1) ?? 0);
    const from = Math.max(since, tail === 'all' || tail === null ? 0 : written - Number(tail));
    response.end(Buffer.concat(Array.from({ length: Math.min(written, 10) - from }, (_, index) => line(from + index))));
  };

  it.each([1, 2, 3])('are as many as were asked for (%i)', async (tailLines) => {
    engine.route(`GET /containers/${id}/logs`, answer);
    const stream = await runtime.openLogs(id, { follow: false, timestamps: false, tailLines });
    let text = '';
    stream.onOutput(
      (_channel, data) =>
        void (text += Buffer.from(data)
          .toString()
          .replaceAll(/^\S+Z /gm, '')),
    );
    await stream.finished;
    expect(text.split('\n').filter(Boolean)).toHaveLength(tailLines);
  });
});

describe('hints', () => {
  const event = (name: string): string => `${JSON.stringify({ Type: 'container', Action: name, Actor: { ID: id } })}\n`;

  it('DK-07: come again after the events broke off, in whichever way, with a hint for what was missed', async () => {
    const breakings = ['end', 'destroy', 'refuse', 'stay'];
    engine.route('GET /events', (request, response) => {
      const how = breakings[engine.seen('GET', '/events').length - 1];
      if (how === 'refuse') return refuse(500, 'shutting down')(request, response);
      response.write(event('start'));
      if (how === 'end') response.end();
      if (how === 'destroy') setImmediate(() => response.socket?.destroy());
    });
    const hints: { containerId?: string }[] = [];
    const watch = runtime.watchHints((hint) => hints.push(hint));
    await waitFor('the fourth connection', async () => {
      await clock.advance(1000);
      return hints.length === 6;
    });
    expect(hints).toEqual([{}, { containerId: id }, {}, { containerId: id }, {}, { containerId: id }]);
    expect(engine.seen('GET', '/events')).toHaveLength(4);
    const filters: unknown = JSON.parse(engine.seen('GET', '/events')[0]?.query.get('filters') ?? '');
    expect(filters).toMatchObject({ label: ['orch.dev/cluster-uid=cluster'], type: ['container'] });
    watch.close();
    await clock.advance(60_000);
    expect(engine.seen('GET', '/events')).toHaveLength(4);
  });

  it('DK-05: stay on one connection that says nothing for hours: the deadlines of calls are not for it', async () => {
    let response: ServerResponse | undefined;
    engine.route('GET /events', (_request, events) => {
      response = events;
      response.flushHeaders();
    });
    const hints: { containerId?: string }[] = [];
    const watch = runtime.watchHints((hint) => hints.push(hint));
    await waitFor('the connection', () => hints.length === 1);
    await clock.advance(6 * 3_600_000);
    response?.write(event('die'));
    await waitFor('the hint', () => hints.length === 2);
    expect(hints[1]).toEqual({ containerId: id });
    expect(engine.seen('GET', '/events')).toHaveLength(1);
    watch.close();
  });

  it('DK-21: keep the word that memory ran out, which an engine may give after the end and then not repeat', async () => {
    let events: ServerResponse | undefined;
    engine.route('GET /events', (_request, response) => {
      events = response;
      response.flushHeaders();
    });
    const exited = { ...ours, State: { Status: 'exited', ExitCode: 137, OOMKilled: false } };
    engine.route(`GET /containers/${id}/json`, (_request, response) => json(response, 200, exited));
    const hints: { containerId?: string }[] = [];
    const watch = runtime.watchHints((hint) => hints.push(hint));
    const hear = async (name: string): Promise<boolean> => {
      const heard = hints.length;
      events?.write(event(name));
      await waitFor(`the hint of ${name}`, () => hints.length > heard);
      return (await runtime.inspectContainer(id)).oomKilled;
    };
    await waitFor('the connection', () => hints.length === 1);
    expect(await hear('die')).toBe(false);
    expect(await hear('oom')).toBe(true);
    // Another run of the same container is another story.
    expect(await hear('start')).toBe(false);
    watch.close();
  });

  it('do not hammer an engine that ends every connection at once', async () => {
    engine.route('GET /events', (_request, response) => response.end());
    const watch = runtime.watchHints(() => undefined);
    for (let second = 0; second < 60; second++) {
      await clock.advance(1000);
      await waitFor('the answer to be taken in', () => clock.pendingTimers === 1);
    }
    expect(engine.seen('GET', '/events').length).toBeLessThan(20);
    watch.close();
  });
});

function logFrame(channel: 'stdout' | 'stderr', text: string): Buffer {
  const header = Buffer.from([channel === 'stdout' ? 1 : 2, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([header, Buffer.from(text)]);
}
