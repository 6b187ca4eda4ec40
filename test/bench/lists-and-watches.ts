import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { taskKind, type Task } from '../../src/model/task.js';
import type { TestCluster } from '../support/orch-process.js';
import { openBenchClient } from './bench-client.js';
import { drain, rawExpress, rawManager, type RawServer } from './raw-requests.js';
import { ratioRow, type Row } from './row.js';

const namespace = 'bench-reads';
const tasksPath = `/apis/orch.dev/v1/namespaces/${namespace}/tasks`;

interface Load {
  /** How many tasks there are. */
  tasks: number;
  watchers: number;
  writes: number;
  writesPerSecond: number;
}

const fullLoad: Load = { tasks: 10_000, watchers: 500, writes: 200, writesPerSecond: 20 };

/**
 * A list of many tasks, and how long after a write was acknowledged its event is with each of many watchers: the manager
 * (over TLS) and bare express (over plain HTTP), which sends the same bytes, in turn.
 */
export async function measureListsAndWatches(options: {
  cluster: TestCluster;
  load?: Load;
  progress: (text: string) => void;
}): Promise<Row[]> {
  const { cluster, progress, load = fullLoad } = options;
  const peer = fork(join(import.meta.dirname, 'bare-express.mjs'), [], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const manager = await rawManager(cluster);
  try {
    const [url] = (await once(peer, 'message')) as [string];
    const express = rawExpress(url);
    await makeTasks(cluster, load.tasks);
    progress(`${load.tasks} tasks made`);
    const list = await text(await manager.send('GET', tasksPath));
    await drain(await express.send('PUT', '/list', { type: 'application/json', text: list }));

    const lists = { orch: [] as number[], express: [] as number[] };
    for (let round = 0; round < 5; round += 1) {
      lists.orch.push(await milliseconds(async () => drain(await manager.send('GET', tasksPath))));
      lists.express.push(await milliseconds(async () => drain(await express.send('GET', '/list'))));
    }
    progress('lists measured');

    const patch = (index: number): { type: string; text: string } => ({
      type: 'application/merge-patch+json',
      text: JSON.stringify({ metadata: { annotations: { bench: String(index) } } }),
    });
    const watch = `${tasksPath}?watch=true&resourceVersion=${await settledRevision(manager)}`;
    const orch = await fanOut(manager, watch, load, (index) =>
      manager.send('PATCH', `${tasksPath}/task-${index % load.tasks}`, patch(index)),
    );
    const [first] = (JSON.parse(list) as { items: Task[] }).items;
    const theirs = await fanOut(express, '/watch', load, (index) => {
      const annotations = { ...first?.metadata.annotations, bench: String(index) };
      const object = { ...first, metadata: { ...first?.metadata, annotations } };
      return express.send('POST', '/event', {
        type: 'application/json',
        text: JSON.stringify({ type: 'MODIFIED', object }),
      });
    });
    progress('watches measured');
    return [
      ratioRow(`list of ${load.tasks} tasks`, 'ms', lists.orch, lists.express, 'bare express'),
      ratioRow(
        `event at ${load.watchers} watchers of ${load.tasks} tasks, ${load.writesPerSecond} writes/s, p99`,
        'ms',
        [percentile99(orch)],
        [percentile99(theirs)],
        'bare express',
      ),
    ];
  } finally {
    manager.close();
    peer.kill();
    await cluster.orch(['delete', 'namespace', namespace]);
  }
}

/** The revision once nothing is written any more: that of the list has left the history while the manager took the tasks in. */
async function settledRevision(manager: RawServer): Promise<string> {
  let before = '';
  for (;;) {
    const page = JSON.parse(await text(await manager.send('GET', `${tasksPath}?limit=1`))) as {
      metadata: { resourceVersion: string };
    };
    if (page.metadata.resourceVersion === before) return before;
    before = page.metadata.resourceVersion;
    await pause(2_000);
  }
}

/** Tasks that are to stay stopped: nothing but lists and watches is measured. */
async function makeTasks(cluster: TestCluster, count: number): Promise<void> {
  await cluster.must(['apply', '-f', '-'], `apiVersion: v1\nkind: Namespace\nmetadata: { name: ${namespace} }\n`);
  const client = await openBenchClient(cluster);
  let next = 0;
  await Promise.all(
    Array.from({ length: 64 }, async () => {
      for (let index = next++; index < count; index = next++) {
        await client.create<Task>(taskKind, {
          apiVersion: 'orch.dev/v1',
          kind: 'Task',
          metadata: { name: `task-${index}`, namespace, labels: { app: 'bench' } },
          spec: { image: 'busybox:latest', desiredState: 'Completed', env: [{ name: 'A', value: 'b' }] },
        });
      }
    }),
  );
  await client.close();
}

/** The milliseconds from each acknowledgement to the event's arrival, for every write and watcher. */
async function fanOut(
  server: RawServer,
  watchPath: string,
  { watchers, writes, writesPerSecond }: Load,
  write: (index: number) => Promise<Parameters<typeof drain>[0]>,
): Promise<number[]> {
  const acknowledged: number[] = [];
  const arrivals: { index: number; at: number }[] = [];
  const open = await Promise.all(Array.from({ length: watchers }, () => server.send('GET', watchPath)));
  for (const response of open) {
    response.setEncoding('utf8');
    let rest = '';
    response.on('data', (chunk: string) => {
      const at = performance.now();
      const lines = `${rest}${chunk}`.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const index = /"bench":"(\d+)"/.exec(line)?.[1];
        if (index !== undefined) arrivals.push({ index: Number(index), at });
      }
    });
    response.on('error', () => undefined); // it is destroyed below
  }
  const begin = performance.now();
  for (let index = 0; index < writes; index += 1) {
    await pause(Math.max(0, begin + (index * 1000) / writesPerSecond - performance.now()));
    await drain(await write(index));
    acknowledged[index] = performance.now();
  }
  const deadline = performance.now() + 30_000;
  while (arrivals.length < watchers * writes && performance.now() < deadline) await pause(50);
  for (const response of open) response.destroy();
  if (arrivals.length !== watchers * writes) {
    throw new Error(`${watchers * writes} events were expected, ${arrivals.length} came`);
  }
  return arrivals.map(({ index, at }) => Math.max(0, at - (acknowledged[index] ?? at)));
}

async function text(response: Parameters<typeof drain>[0]): Promise<string> {
  let result = '';
  response.setEncoding('utf8');
  for await (const chunk of response as AsyncIterable<string>) result += chunk;
  return result;
}

async function milliseconds(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

function percentile99(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length * 0.99)] ?? NaN;
}
