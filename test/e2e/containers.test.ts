import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestCluster, type TestCluster } from '../support/orch-process.js';
import { waitFor } from '../support/wait-for.js';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await createTestCluster();
  await cluster.startUp();
  await cluster.must([
    ...['run', 'web', '--image=busybox', '--port=8080', '--wait', '--command', '--'],
    ...[
      'sh',
      '-c',
      'mkdir -p /srv && cd /srv && ln -s /etc/passwd link && echo hello > page && exec httpd -f -p 8080 -h /srv',
    ],
  ]);
});
afterAll(() => cluster.removeAll());

it('runs a program, shows what it said, exits with its code and removes it', async () => {
  const program = ['sh', '-c', 'read line; echo "got $line"; exit 3'];
  const run = await cluster.orch(['run', '-i', '--rm', 'once', '--image=busybox', '--', ...program], 'it\n');
  expect(run).toMatchObject({ exitCode: 3, stdout: 'got it\n' });
  expect((await cluster.orch(['get', 'task', 'once'])).exitCode).toBe(1);
});

it('copies a folder into a container and out of it, and makes none of its links', async () => {
  const site = join(cluster.directory, 'site');
  await mkdir(join(site, 'deep'), { recursive: true });
  await writeFile(join(site, 'deep/page.html'), '<p>'.repeat(100_000));
  await symlink('deep/page.html', join(site, 'index.html'));
  await cluster.must(['cp', site, 'web:/srv']);
  expect(await cluster.must(['exec', 'web', '--', 'wc', '-c', '/srv/site/index.html'])).toMatch(/^300000 /);
  const back = join(cluster.directory, 'back');
  const run = await cluster.orch(['cp', 'task/web:/srv', back]);
  expect(run).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(/srv\/link is left out: it is a link/) });
  expect((await readFile(join(back, 'site/deep/page.html'), 'utf8')).length).toBe(300_000);
  await expect(readFile(join(back, 'link'))).rejects.toThrow('ENOENT');
  expect(await cluster.orch(['cp', 'web:/nothing', back])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/in the container of task\/web: tar: .*nothing/),
  });
});

it('makes a port of a container a local one', async () => {
  const forwarding = cluster.launchCommand('forwarding', 'port-forward', 'web', ':8080');
  const port = await waitFor('the port', () => /127\.0\.0\.1:(\d+) -> 8080/.exec(forwarding.log())?.[1]);
  const answers = await Promise.all([1, 2, 3].map(async () => (await fetch(`http://127.0.0.1:${port}/page`)).text()));
  expect(answers).toEqual(['hello\n', 'hello\n', 'hello\n']);
  await forwarding.kill('SIGINT');
});

it('attaches to a program that runs', async () => {
  const ticker = [
    'run',
    'ticker',
    '--image=busybox',
    '--wait',
    '--command',
    '--',
    'sh',
    '-c',
    'while sleep 0.2; do date; done',
  ];
  await cluster.must(ticker);
  const attached = cluster.launchCommand('attached', 'attach', 'ticker');
  await waitFor('its output', () => /UTC/.test(attached.log()));
  await attached.kill('SIGINT');
});
