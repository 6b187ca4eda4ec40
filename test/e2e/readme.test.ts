import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestCluster, type TestCluster } from '../support/orch-process.js';
import { waitFor } from '../support/wait-for.js';

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await createTestCluster();
  await cp(resolve('manifests'), join(cluster.directory, 'manifests'), { recursive: true });
  await cluster.startUp('--allow-source-path', join(cluster.directory, '.orch/shop'));
});
afterAll(() => cluster.removeAll());

/** Commands that show something until they are stopped: here they get a moment, and being stopped is fine. */
const endless = /^orch (get .*-w|logs -f|port-forward)/;

/** The shell blocks between "A tour" and the next chapter, as one script that stops at the first failure. */
async function tourScript(): Promise<string> {
  const readme = await readFile('README.md', 'utf8');
  const chapter = readme.slice(readme.indexOf('## A tour'), readme.indexOf('## Manifests'));
  const blocks = [...chapter.matchAll(/```sh\n([\s\S]*?)```/g)].map((match) => match[1] ?? '');
  expect(blocks.length).toBeGreaterThan(7);
  const data = join(cluster.directory, 'data');
  const lines = blocks
    .join('\n')
    .replaceAll('\\\n', ' ')
    .replaceAll('/tmp/', `${cluster.directory}/tour-`)
    .replaceAll('.orch/quickstart', data)
    .replaceAll('https://127.0.0.1:7443', `https://127.0.0.1:${cluster.port}`)
    .replaceAll('-it', '-i')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('export ORCH_CONFIG') && !line.startsWith('alias orch'))
    .map((line) => (endless.test(line) ? `timeout 3 $orch ${line.slice(5)} || [ $? = 124 ]` : line))
    // `diff` says with 2 that there are changes: here there must be some.
    .map((line) => (line.startsWith('orch diff') ? `${line} || [ $? = 2 ]` : line));
  return [
    'set -eu',
    'orch() { $orch "$@"; }',
    ...lines.flatMap((line) => [`echo '$ ${line.replaceAll("'", "'\\''")}'`, line]),
  ].join('\n');
}

it('every command of the tour works as written', { timeout: 240_000 }, async () => {
  await cluster.must(['apply', '-f', join(cluster.directory, 'manifests'), '--wait', '--timeout', '90s']);
  const script = join(cluster.directory, 'tour.sh');
  await writeFile(script, await tourScript());
  const child = spawn('bash', [script], {
    cwd: cluster.directory,
    env: {
      ...process.env,
      ORCH_CONFIG: cluster.kubeconfig,
      orch: `${process.execPath} ${resolve('dist/orch.js')}`,
      HOME: cluster.directory,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  child.stdout.on('data', (data: Buffer) => (output += data.toString()));
  child.stderr.on('data', (data: Buffer) => (output += data.toString()));
  const [code] = (await once(child, 'exit')) as [number | null];
  try {
    expect(code, output).toBe(0);
    expect(output).toMatch(/task\/web unchanged/);
    expect(output).toMatch(/needs 500/);
    expect(output).toMatch(/source\/shop created/);
    await waitFor('the second worker to be ready', async () => {
      const nodes = await cluster.must(['get', 'nodes']);
      if (/worker-2 +Ready/.test(nodes)) return true;
      throw new Error(`${nodes}\n${output}`);
    });
  } finally {
    // The second worker was started with &, as the tour says: it is in the script's process group.
    if (child.pid !== undefined) {
      try {
        process.kill(-child.pid, 'SIGTERM');
      } catch {
        // The group has ended already.
      }
    }
  }
});
