// `npm test`: sets up what is missing, checks, builds, runs every test, and ends with the line "N passed, N failed".
// Arguments are passed on to vitest: `npm test -- test/unit/store` runs those only, without the check.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, checkNode, ensureBusybox, ensureEngine, ensurePackages, ensureTestTools, run } from './setup.mjs';

checkNode();
ensurePackages();
await ensureEngine();
ensureBusybox();
ensureTestTools();
const only = process.argv.slice(2);
const checked = only.length > 0 || run(process.execPath, ['.ci/check.mjs']);
build();

const folder = mkdtempSync(join(tmpdir(), 'orch-test-'));
const report = join(folder, 'report.json');
let passed = 0;
let failed = checked ? 0 : 1;
try {
  const args = [
    'run',
    '--config',
    '.vitest.config.ts',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ];
  const green = run('npx', ['--no-install', 'vitest', ...args, ...only]);
  const result = JSON.parse(readFileSync(report, 'utf8'));
  passed = result.numPassedTests + (checked && only.length === 0 ? 1 : 0);
  failed += result.numFailedTests;
  // A file that cannot be loaded, or an error outside a test, counts too.
  if (!green && failed === 0) failed = 1;
} catch (error) {
  process.stderr.write(`the tests gave no report: ${error.message}\n`);
  failed += 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed > 0 ? 1 : 0;
