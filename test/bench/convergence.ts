import { taskManifest, manifests, type TestCluster } from '../support/orch-process.js';
import { waitFor } from '../support/wait-for.js';
import { removeLabelled, sleeper, startBare, swarmLabel, countRunning, type Swarm } from './engine.js';
import { openBenchClient, untilRunning } from './bench-client.js';
import { ratioRow, type Row } from './row.js';

const label = 'orch-bench';

/** From the command to N containers Running, three ways in turn. orch counts until its own API says Running. */
export async function measureConvergence(options: {
  cluster: TestCluster;
  swarm: Swarm;
  containers: number;
  rounds: number;
  progress: (text: string) => void;
}): Promise<Row[]> {
  const { cluster, swarm, containers, rounds, progress } = options;
  const seconds = { orch: [] as number[], bare: [] as number[], swarm: [] as number[] };
  const client = await openBenchClient(cluster);
  for (let round = 0; round < rounds; round += 1) {
    seconds.bare.push(await startBare(containers, label));
    await removeLabelled(label);

    const names = Array.from({ length: containers }, (_, index) => `bench-${round}-${index}`);
    const input = manifests(...names.map((name) => taskManifest(name, { command: sleeper })));
    const begin = performance.now();
    await cluster.must(['apply', '-f', '-'], input);
    await untilRunning(client, containers);
    seconds.orch.push((performance.now() - begin) / 1000);
    await cluster.must(['delete', 'tasks', '--all']);

    seconds.swarm.push(await swarm.start(containers, `bench-${round}`));
    await swarm.remove(`bench-${round}`);
    await waitFor('quiet', async () => (await countRunning(swarmLabel(`bench-${round}`))) === 0);
    progress(
      `round ${round + 1}: orch ${seconds.orch.at(-1)}, bare ${seconds.bare.at(-1)}, swarm ${seconds.swarm.at(-1)} s`,
    );
  }
  await client.close();
  const what = `apply to ${containers} containers running`;
  return [
    ratioRow(what, 's', seconds.orch, seconds.bare, 'bare dockerode, 4 in flight'),
    ratioRow(what, 's', seconds.orch, seconds.swarm, 'Docker Swarm'),
  ];
}
