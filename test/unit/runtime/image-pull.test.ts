import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { EngineConnection } from '../../../src/runtime/docker/engine-connection.js';
import { ImageStore, isImageReference, splitReference } from '../../../src/runtime/docker/image-store.js';
import { ManualClock } from '../../support/manual-clock.js';
import { waitFor } from '../../support/wait-for.js';
import { FakeEngine, json, refuse } from './fake-engine.js';

let engine: FakeEngine;
let clock: ManualClock;
let connection: EngineConnection;
let images: ImageStore;
let present: boolean;

beforeEach(async () => {
  engine = await FakeEngine.start();
  clock = new ManualClock();
  connection = new EngineConnection(engine.socketPath, clock);
  images = new ImageStore(connection, clock);
  present = false;
  engine.route('GET /images/*/json', (request, response) =>
    present ? json(response, 200, { Id: 'sha256:1' }) : refuse(404, 'No such image: x')(request, response),
  );
});
afterEach(async () => {
  connection.close();
  await engine.close();
});

/** Answers pulls with these lines, and makes the image present unless there is an error among them. */
function pullAnswers(...lines: object[]): void {
  engine.route('POST /images/create', (_request, response) => {
    present = !lines.some((line) => 'error' in line);
    response.end(lines.map((line) => `${JSON.stringify(line)}\r\n`).join(''));
  });
}

const pulls = (): number => engine.seen('POST', '/images/create').length;

it('pulls what is not there, the one tag only', async () => {
  pullAnswers({ status: 'Pulling' }, { status: 'Done' });
  await images.ensure('registry.example:5000/team/app', 'IfNotPresent');
  const { query } = engine.seen('POST', '/images/create')[0] ?? expect.unreachable();
  expect([query.get('fromImage'), query.get('tag')]).toEqual(['registry.example:5000/team/app', 'latest']);
  await images.ensure('registry.example:5000/team/app', 'IfNotPresent');
  expect(pulls()).toBe(1);
  await images.ensure('registry.example:5000/team/app', 'Always');
  expect(pulls()).toBe(2);
});

it.each([
  ['manifest for x:9 not found: manifest unknown', 'ImageNotFound', 'x:9'],
  [
    "pull access denied for x, repository does not exist or may require 'docker login'",
    'ImageNotFound',
    'docker login',
  ],
  [
    'Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host',
    'PullFailed',
    'docker load',
  ],
  ['write /var/lib/docker/tmp/x: no space left on device', 'DiskPressure', 'no space'],
  ['toomanyrequests: You have reached your pull rate limit', 'PullFailed', 'rate limit'],
])('an error within the answer, %s, is %s', async (error, code, said) => {
  pullAnswers({ status: 'Pulling' }, { error, errorDetail: { message: error } });
  await expect(images.ensure('x:9', 'IfNotPresent')).rejects.toMatchObject({
    code,
    message: expect.stringContaining(said),
  });
});

it.each([
  [404, 'pull access denied for x', 'ImageNotFound'],
  [500, 'Get "https://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused', 'PullFailed'],
])('a %i is told with its reason', async (status, text, code) => {
  engine.route('POST /images/create', refuse(status, text));
  await expect(images.ensure('x:9', 'Always')).rejects.toMatchObject({ code, message: expect.stringContaining(text) });
});

it('DK-26: a pull that ends without the image has failed', async () => {
  engine.route('POST /images/create', (_request, response) => response.end('{"status":"Pulling"}\n'));
  await expect(images.ensure('x:9', 'IfNotPresent')).rejects.toMatchObject({ code: 'PullFailed' });
});

it('a pull whose connection breaks has failed', async () => {
  engine.route('POST /images/create', (_request, response) => {
    response.write('{"status":"Pulling"}\n', () => response.socket?.destroy());
  });
  await expect(images.ensure('x:9', 'IfNotPresent')).rejects.toMatchObject({ code: 'PullFailed' });
});

it('DK-26: gives up after 60 s without progress, not before', async () => {
  let answer: ServerResponse | undefined;
  let closed = false;
  const setTimer = vi.spyOn(clock, 'setTimer');
  engine.route('POST /images/create', (_request, response) => {
    answer = response;
    response.on('close', () => (closed = true));
    response.write('{"status":"Pulling"}\n');
  });
  const outcome = images.ensure('x:9', 'IfNotPresent').then(
    () => 'present',
    (error: Error) => error.message,
  );
  await waitFor('the pull to begin', () => answer !== undefined && clock.pendingTimers === 1);
  await clock.advance(59_000);
  const before = setTimer.mock.calls.length;
  answer?.write('{"status":"Downloading"}\n');
  await waitFor('the progress to arrive', () => setTimer.mock.calls.length > before);
  await clock.advance(59_000);
  expect(closed).toBe(false);
  await clock.advance(1000);
  await waitFor('the connection to be closed', () => closed);
  expect(await outcome).toContain('no progress for 60 s');
});

it('DK-26: pulls an image once for all who wait; who gives up does not end it for the others', async () => {
  let answer: ServerResponse | undefined;
  let closed = false;
  engine.route('POST /images/create', (_request, response) => {
    answer = response;
    response.on('close', () => (closed = true));
    response.write('{"status":"Pulling"}\n');
  });
  const impatient = new AbortController();
  const first = images.ensure('x:9', 'Always', impatient.signal);
  const second = images.ensure('x:9', 'Always');
  await waitFor('the pull', () => answer !== undefined);
  impatient.abort();
  await expect(first).rejects.toMatchObject({ code: 'PullFailed', message: expect.stringContaining('cancelled') });
  expect(closed).toBe(false);
  present = true;
  answer?.end('{"status":"Done"}\n');
  await second;
  expect(pulls()).toBe(1);
});

it('ends the pull when nobody waits any more', async () => {
  let closed = false;
  engine.route('POST /images/create', (_request, response) => {
    response.on('close', () => (closed = true));
    response.write('{"status":"Pulling"}\n');
  });
  const abort = new AbortController();
  const only = images.ensure('x:9', 'Always', abort.signal);
  await waitFor('the pull', () => pulls() === 1);
  abort.abort();
  await expect(only).rejects.toMatchObject({ code: 'PullFailed' });
  await waitFor('the engine to see it', () => closed);
});

it.each(['', '../volumes/x', 'a/../b', 'a//b', 'a b', 'x?y', '/x', 'x%2f', 'x/', 'ä'])(
  '"%s" is no image',
  async (image) => {
    expect(isImageReference(image)).toBe(false);
    await expect(images.ensure(image, 'Always')).rejects.toMatchObject({ code: 'InvalidImageName' });
    expect(engine.requests).toEqual([]);
  },
);

it('splits references', () => {
  expect(splitReference('busybox')).toEqual({ name: 'busybox', tag: 'latest' });
  expect(splitReference('host:5000/a/b')).toEqual({ name: 'host:5000/a/b', tag: 'latest' });
  expect(splitReference('host:5000/a/b:1.2')).toEqual({ name: 'host:5000/a/b', tag: '1.2' });
  expect(splitReference('a:1@sha256:beef')).toEqual({ name: 'a', tag: 'sha256:beef' });
});
