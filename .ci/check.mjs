// `npm run check`: everything that can be said about the source without running it. All steps run; any red one fails.
import { run, say } from './setup.mjs';

const steps = [
  ['generated files', ['tsx', '.tools/generate-types.ts', '--check']],
  ['reference', ['tsx', '.tools/generate-reference.ts', '--check']],
  ['types', ['tsc']],
  ['lint', ['eslint', '-c', '.eslint.config.mjs', '--max-warnings', '0', 'src', 'test', '.tools']],
  ['format', ['prettier', '--check', '--log-level', 'warn', '.']],
  ['imports', ['depcruise', '--config', '.dependency-cruiser.cjs', '--output-type', 'err', 'src']],
  ['dead code', ['knip', '--config', '.knip.json']],
];
const red = steps.filter(([name, command]) => {
  say(`check: ${name}`);
  return !run('npx', ['--no-install', ...command]);
});
if (red.length > 0) {
  process.stderr.write(`check failed: ${red.map(([name]) => name).join(', ')}\n`);
  process.exit(1);
}
