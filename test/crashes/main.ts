import { parseArgs } from 'node:util';
import { runCrashes } from './run-crashes.js';

/** `npm run crashes -- --kills 200 [--seed 1]`: needs a Docker Engine with busybox:latest, and `npm run build` before. */
const { values } = parseArgs({
  options: { kills: { type: 'string', default: '200' }, seed: { type: 'string', default: '1' } },
});
const started = process.hrtime.bigint();
const report = await runCrashes({
  kills: Number(values.kills),
  seed: Number(values.seed),
  say: (line) => console.log(line),
});
const { kills, counts, containers, convergences, violations } = report;
const seconds = Number(process.hrtime.bigint() - started) / 1e9;
for (const violation of violations) console.log(`VIOLATION: ${violation}`);
console.log(
  `seed ${report.seed}: ${kills.manager} kills of the manager, ${kills.worker} of the worker, ${kills.both} of both in ${seconds.toFixed(0)} s; ` +
    `${counts.acknowledged} writes acknowledged, ${counts.unknown} of unknown outcome, ${counts.refused} refused, ${counts.readings} readings; ` +
    `${containers.created} containers created, ${containers.started} started; converged ${convergences} times; ${violations.length} violations`,
);
process.exitCode = violations.length === 0 ? 0 : 1;
