/**
 * `npm run bench`: orch beside bare dockerode and Docker Swarm, alternating in one run on one engine, as ratios. Prints a
 * table; with --write puts it into the README. --containers N (24), --rounds N (3).
 */
import { readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { createTestCluster } from '../support/orch-process.js';
import { measureCliStart } from './cli-start.js';
import { measureConvergence } from './convergence.js';
import { measureDurableWrites } from './durable-writes.js';
import { openSwarm } from './engine.js';
import { measureHostileInput } from './hostile-input.js';
import { measureIdle } from './idle.js';
import { measureListsAndWatches } from './lists-and-watches.js';
import { measurePausedWatchers } from './paused-watchers.js';
import { measureRecovery } from './recovery.js';
import type { Row } from './row.js';

const { values } = parseArgs({
  options: {
    containers: { type: 'string', default: '24' },
    rounds: { type: 'string', default: '3' },
    write: { type: 'boolean', default: false },
  },
});
const containers = Number(values.containers);
const rounds = Number(values.rounds);
const progress = (text: string): void => void process.stderr.write(`${text}\n`);

const swarm = await openSwarm();
const cluster = await createTestCluster();
const rows: Row[] = [];
try {
  const up = await cluster.startUp();
  rows.push(...(await measureConvergence({ cluster, swarm, containers, rounds, progress })));
  rows.push(...(await measureRecovery({ cluster, swarm, rounds: rounds * 2, progress })));
  rows.push(...(await measureCliStart({ cluster, progress })));
  rows.push(...(await measureIdle({ cluster, pid: up.pid, tasks: 50, progress })));
  rows.push(...(await measureDurableWrites({ cluster, progress })));
  rows.push(...(await measureListsAndWatches({ cluster, progress })));
  rows.push(...(await measureHostileInput({ progress })));
  rows.push(...(await measurePausedWatchers({ progress })));
} finally {
  await cluster.removeAll();
  await swarm.leave();
}

const table = [
  '| what | orch | beside it | ratio |',
  '|---|---|---|---|',
  ...rows.map((row) => `| ${row.what} | ${row.orch} | ${row.peer} | ${row.ratio} |`),
].join('\n');
const machine = `${cpus().length} cores, Node ${process.versions.node}, medians of ${rounds} rounds`;
process.stdout.write(`\n${table}\n\n${machine}\n`);
if (values.write) {
  const readme = await readFile('README.md', 'utf8');
  const block = /<!-- bench -->[\s\S]*<!-- end of bench -->/;
  await writeFile(
    'README.md',
    readme.replace(block, `<!-- bench -->\n${table}\n\n(${machine})\n<!-- end of bench -->`),
  );
}
