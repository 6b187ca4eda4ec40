import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startManager, type RunningManager } from '../../src/app/manager.js';
import { startWorker } from '../../src/app/worker.js';
import { createClient } from '../../src/client/connect.js';
import { isReady, nodeKind, type Node } from '../../src/model/node.js';
import { taskKind, type StoredTask, type Task } from '../../src/model/task.js';
import { createSystemClock } from '../../src/support/clock.js';
import { silentLogger, type Logger } from '../../src/support/logger.js';
import { createSystemRandom } from '../../src/support/random.js';
import { waitFor } from '../support/wait-for.js';

// A hundred workers lose their manager and come back at once, all over real sockets.
const workerCount = 100;
const clock = createSystemClock();
const random = createSystemRandom();

let folder: string;
const closers: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orch-restart-'));
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  await rm(folder, { recursive: true, force: true });
});

/** What a manager complains of: an answer of 500, a watcher that fell behind. */
function collectComplaints(into: unknown[]): Logger {
  const note = (message: string, fields?: object): void => void into.push({ message, ...fields });
  const logger: Logger = { ...silentLogger, error: note, with: () => logger };
  return logger;
}

const start = (port: number, logger: Logger = silentLogger): Promise<RunningManager> =>
  startManager({ dataDirectory: join(folder, 'manager'), host: '127.0.0.1', port }, { clock, random, logger });

it(
  'ND-10: answers a hundred workers that come back at once, and that did not hammer meanwhile',
  { timeout: 180_000 },
  async () => {
    let manager = await start(0);
    const port = Number(new URL(manager.url).port);
    closers.push(() => manager.close());
    const client = createClient({
      server: manager.url,
      caPem: manager.caPem,
      token: manager.credentials.adminToken,
      clock,
    });
    closers.push(() => client.close());
    const names = Array.from({ length: workerCount }, (_, index) => `w${index}`);
    for (const name of names) {
      const { url: server, caPem, admit } = manager;
      const worker = await startWorker(
        {
          name,
          dataDirectory: join(folder, name),
          server,
          caPem,
          runtime: 'simulated',
          join: ({ csr }) => admit(name, {}, csr),
        },
        { clock, random, logger: silentLogger },
      );
      closers.push(() => worker.close());
    }
    const readyNodes = async (): Promise<boolean> =>
      (await client.list<Node>(nodeKind)).items.filter(isReady).length === workerCount;
    await waitFor('all nodes to be ready', readyNodes, 60);

    await manager.close();
    const tries = await countTries(port, 4_000);
    const complaints: unknown[] = [];
    manager = await start(port, collectComplaints(complaints));

    // Each works again when it runs what it was given after the restart. A bystander is served meanwhile.
    for (const name of names) {
      await client.create<Task>(taskKind, {
        ...{ apiVersion: 'orch.dev/v1', kind: 'Task', metadata: { name: `on-${name}`, namespace: 'default' } },
        spec: { image: 'busybox', nodeName: name },
      });
    }
    await waitFor(
      'a task to run on each',
      async () => {
        const { items } = await client.list<StoredTask>(taskKind);
        return items.filter(({ status }) => status?.state === 'Running').length === workerCount;
      },
      60,
    );
    expect(complaints).toEqual([]);
    expect(await readyNodes()).toBe(true);

    // While nobody answered, nobody hammered. That they do not come in step is shown in virtual time: worker-herd.test.ts.
    expect(tries).toBeGreaterThan(workerCount / 2);
    expect(tries).toBeLessThan(workerCount * 40);
  },
);

/** Stands in for the manager that is away, and hangs up on everybody: how often somebody came. */
async function countTries(port: number, milliseconds: number): Promise<number> {
  let count = 0;
  const server = createServer((socket) => {
    count += 1;
    socket.resetAndDestroy();
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  expect((server.address() as AddressInfo).port).toBe(port);
  await new Promise<void>((resolve) => void clock.setTimer(resolve, milliseconds));
  server.close();
  await once(server, 'close');
  return count;
}
