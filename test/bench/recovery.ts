import { taskManifest, type TestCluster } from '../support/orch-process.js';
import { waitFor } from '../support/wait-for.js';
import { engine, sleeper, swarmLabel, type Swarm } from './engine.js';
import { ratioRow, type Row } from './row.js';

/** From `docker kill` to another container running, orch and Swarm (restart-delay 0) in turn. */
export async function measureRecovery(options: {
  cluster: TestCluster;
  swarm: Swarm;
  rounds: number;
  progress: (text: string) => void;
}): Promise<Row[]> {
  const { cluster, swarm, rounds, progress } = options;
  const seconds = { orch: [] as number[], swarm: [] as number[] };
  await swarm.start(1, 'bench-recovery');
  for (let round = 0; round < rounds; round += 1) {
    // A fresh task each time: its first restart is immediate by the rules, later ones wait by design.
    await cluster.must(
      ['apply', '-f', '-', '--wait', '--timeout', '60s'],
      taskManifest('recovery', { command: sleeper }),
    );
    seconds.orch.push(await killAndWait('orch.dev/task=default/recovery'));
    await cluster.must(['delete', 'task', 'recovery']);
    seconds.swarm.push(await killAndWait(swarmLabel('bench-recovery')));
    progress(`recovery ${round + 1}: orch ${seconds.orch.at(-1)}, swarm ${seconds.swarm.at(-1)} s`);
  }
  await swarm.remove('bench-recovery');
  return [
    ratioRow(
      'docker kill to the replacement running',
      's',
      seconds.orch,
      seconds.swarm,
      'Docker Swarm, restart-delay 0',
    ),
  ];
}

async function killAndWait(label: string): Promise<number> {
  const running = async (): Promise<string | undefined> =>
    (await engine.listContainers({ filters: { label: [label], status: ['running'] } }))[0]?.Id;
  const victim = await waitFor('one to kill', running);
  const begin = performance.now();
  await engine.getContainer(victim).kill();
  await waitFor(
    'another one',
    async () => {
      const id = await running();
      return id !== undefined && id !== victim;
    },
    60,
  );
  return (performance.now() - begin) / 1000;
}
