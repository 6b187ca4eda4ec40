import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { manifests, taskManifest, type TestCluster } from '../support/orch-process.js';
import { waitFor } from '../support/wait-for.js';
import { sleeper } from './engine.js';
import type { Row } from './row.js';

const clockTicksPerSecond = 100;

interface TaskWithUsage {
  status?: { usage?: object };
}

/** CPU and memory of manager and worker in one process, with running tasks and nothing to do, over a minute. */
export async function measureIdle(options: {
  cluster: TestCluster;
  pid: number;
  tasks: number;
  progress: (text: string) => void;
}): Promise<Row[]> {
  const { cluster, pid, tasks, progress } = options;
  const names = Array.from({ length: tasks }, (_, index) => `idle-${index}`);
  const input = manifests(...names.map((name) => taskManifest(name, { command: sleeper })));
  await cluster.must(['apply', '-f', '-', '--wait', '--timeout', '120s'], input);
  // The first statistics of a container take the engine over a second, and are told; then it is idle.
  const isMeasured = async (): Promise<boolean> => {
    const { items } = JSON.parse(await cluster.must(['get', 'tasks', '-o', 'json'])) as { items: TaskWithUsage[] };
    return items.length === tasks && items.every(({ status }) => status?.usage !== undefined);
  };
  await waitFor('the first statistics of every task', async () => (await isMeasured()) || pause(2_000, false), 300);
  await pause(5_000);
  const before = await cpuSeconds(pid);
  await pause(60_000);
  const share = ((await cpuSeconds(pid)) - before) / 60;
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const mebibytes = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
  await cluster.must(['delete', 'tasks', '--all']);
  progress('idle measured');
  return [
    {
      what: `idle with ${tasks} tasks: CPU`,
      orch: `${(share * 100).toFixed(2)} % of a core`,
      peer: 'goal: 1 %',
      ratio: (share * 100).toFixed(2),
    },
    {
      what: `idle with ${tasks} tasks: memory`,
      orch: `${mebibytes.toFixed(0)} MiB RSS`,
      peer: 'goal: 150 MiB',
      ratio: `${(mebibytes / 150).toFixed(2)}x`,
    },
  ];
}

async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / clockTicksPerSecond;
}
