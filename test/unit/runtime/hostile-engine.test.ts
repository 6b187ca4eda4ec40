import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { noAmounts } from '../../../src/model/resources.js';
import { RuntimeError, type ContainerRuntime } from '../../../src/runtime/container-runtime.js';
import { openDockerRuntime } from '../../../src/runtime/docker/docker-runtime.js';
import { createSystemClock } from '../../../src/support/clock.js';
import { silentLogger } from '../../../src/support/logger.js';
import { createSystemRandom } from '../../../src/support/random.js';
import { hostileJson, hostileWord } from '../../support/hostile.js';
import '../../support/property-seed.js';
import { waitFor } from '../../support/wait-for.js';
import { FakeEngine, type FakeHandler } from './fake-engine.js';

const id = 'c'.repeat(64);
const names = [
  ...[
    'Id',
    'Names',
    'Name',
    'Labels',
    'State',
    'Config',
    'Status',
    'NetworkSettings',
    'Networks',
    'Ports',
    'HostConfig',
  ],
  ...[
    '80/tcp',
    'HostIp',
    'HostPort',
    'RestartPolicy',
    'ExitCode',
    'Created',
    'StartedAt',
    'Tty',
    'Running',
    'Actor',
    'ID',
  ],
  ...['cpu_stats', 'cpu_usage', 'total_usage', 'memory_stats', 'read', 'NCPU', 'MemTotal', 'message', 'Warnings', 'id'],
];
/** As a whole, or with labels of ours so that it is looked at further. */
const ours = hostileJson(names).map((value) => ({
  ...(typeof value === 'object' ? value : {}),
  Id: id,
  Config: { Labels: { 'orch.dev/cluster-uid': 'cluster', 'orch.dev/task-uid': 'task', 'orch.dev/attempt': '1' } },
}));
const any = hostileJson(names);
const body = fc.oneof(any, ours, fc.array(fc.oneof(ours, any), { maxLength: 3 }));
const answer = fc.record({
  status: fc.constantFrom(200, 200, 200, 201, 204, 304, 400, 404, 409, 500),
  text: fc.oneof({ weight: 5, arbitrary: body.map((value) => JSON.stringify(value) ?? '') }, hostileWord),
});

let engine: FakeEngine;
let runtime: ContainerRuntime;
let answerInstead: FakeHandler | undefined;
let answers: { status: number; text: string }[] = [];

beforeAll(async () => {
  engine = await FakeEngine.start();
  for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
    engine.route(`${method} /*`, (request, response) => {
      if (answerInstead) return answerInstead(request, response);
      const { status, text } = answers.shift() ?? { status: 500, text: 'no more' };
      response.writeHead(status, { 'Content-Type': 'application/json' });
      response.end(text);
    });
  }
});
afterAll(() => engine.close());
beforeEach(async () => {
  runtime = await openDockerRuntime({
    socketPath: engine.socketPath,
    clusterUid: 'cluster',
    clock: createSystemClock(),
    random: createSystemRandom(),
    logger: silentLogger,
  });
});
afterEach(async () => {
  answerInstead = undefined;
  await runtime.close();
});

const spec = {
  name: 'orch-web',
  identity: { taskUid: 'task', attempt: 1, specHash: 'hash', taskKey: 'default/web' },
  image: 'busybox:latest',
  env: [],
  ports: [],
  hostNetwork: false,
  limits: noAmounts,
};

const calls: [string, (on: ContainerRuntime) => Promise<unknown>][] = [
  ['info', (on) => on.info()],
  ['list', (on) => on.listContainers()],
  ['inspect', (on) => on.inspectContainer('orch-web')],
  ['create', (on) => on.createContainer(spec)],
  ['start', (on) => on.startContainer('orch-web')],
  ['stop', (on) => on.stopContainer('orch-web', 1)],
  [
    'exec',
    (on) => on.openExec('orch-web', { command: ['true'], stdin: false, tty: false }).then((session) => session.close()),
  ],
  ['logs', (on) => on.openLogs('orch-web', { follow: false, timestamps: false }).then((session) => session.finished)],
  ['stats', (on) => on.readStats('orch-web')],
  ['image', (on) => on.ensureImage('busybox:latest', 'IfNotPresent')],
  ['remove', (on) => on.removeContainer('orch-web')],
];

describe('an engine that answers anything', () => {
  it.each(calls)('%s tells in the words of the contract, or gives what it promises', async (_name, call) => {
    await fc.assert(
      fc.asyncProperty(fc.array(answer, { minLength: 1, maxLength: 5 }), async (given) => {
        answers = structuredClone(given);
        const outcome = await call(runtime).catch((error: unknown) => error);
        if (outcome instanceof Error) expect(outcome).toBeInstanceOf(RuntimeError);
      }),
      { numRuns: 60 },
    );
  });

  it.each([200, 500])('is cut off where its answer does not end (%i)', async (status) => {
    let closed = false;
    answerInstead = (_request, response) => {
      const mebibyte = Buffer.alloc(2 ** 20, ' ');
      response.on('close', () => (closed = true));
      response.writeHead(status, { 'Content-Type': 'application/json' });
      const write = (): void => {
        while (!closed && response.write(mebibyte));
      };
      response.on('drain', write);
      write();
    };
    await expect(runtime.listContainers()).rejects.toMatchObject({
      code: 'Unavailable',
      message: expect.stringContaining('the answer has more than 64 MiB') as unknown,
    });
    await waitFor('the connection is closed', () => closed);
  });

  it('does not end the watch of its events', async () => {
    const lines = fc.array(
      fc.oneof(
        body.map((value) => JSON.stringify(value) ?? ''),
        hostileWord,
      ),
      { maxLength: 20 },
    );
    await fc.assert(
      fc.asyncProperty(lines, async (sent) => {
        answers = [{ status: 200, text: sent.join('\n') }];
        await new Promise<void>((resolve) => {
          const watch = runtime.watchHints(() => {
            watch?.close();
            resolve();
            // Whoever listens may fail as well.
            throw new Error('the listener failed');
          });
        });
      }),
      { numRuns: 30 },
    );
  });
});
