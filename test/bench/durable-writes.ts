import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { taskKind, type Task } from '../../src/model/task.js';
import type { TestCluster } from '../support/orch-process.js';
import { openBenchClient } from './bench-client.js';
import { ratioRow, type Row } from './row.js';

/** POSTs a second with 64 in flight: orch (validated, fsynced) and bare express that answers 201 without a store, in turn. */
export async function measureDurableWrites(options: {
  cluster: TestCluster;
  progress: (text: string) => void;
}): Promise<Row[]> {
  const { cluster, progress } = options;
  const client = await openBenchClient(cluster);
  const peer = fork(join(import.meta.dirname, 'bare-express.mjs'), [], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  try {
    const [url] = (await once(peer, 'message')) as [string];
    const rates = { orch: [] as number[], express: [] as number[] };
    let next = 0;
    const body = (): Task => ({
      apiVersion: 'orch.dev/v1',
      kind: 'Task',
      metadata: { name: `write-${(next += 1)}`, namespace: 'default' },
      // Asks for more than any machine has: stored and explained, never started.
      spec: { image: 'busybox:latest', resources: { cpu: 100_000 } },
    });
    for (let round = 0; round < 3; round += 1) {
      rates.orch.push(await rate(1500, async () => void (await client.create(taskKind, body()))));
      rates.express.push(
        await rate(1500, async () => {
          const response = await fetch(`${url}/`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify(body()),
          });
          await response.text();
        }),
      );
      progress(`writes ${round + 1}: orch ${rates.orch.at(-1)}, express ${rates.express.at(-1)} a second`);
    }
    return [
      ratioRow('durable writes, 64 clients', 'a second', rates.orch, rates.express, 'bare express without a store'),
    ];
  } finally {
    peer.kill();
    await client.close();
  }
}

async function rate(count: number, write: () => Promise<void>): Promise<number> {
  let left = count;
  const begin = performance.now();
  await Promise.all(
    Array.from({ length: 64 }, async () => {
      while ((left -= 1) >= 0) await write();
    }),
  );
  return count / ((performance.now() - begin) / 1000);
}
