import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Launchers } from '../../../src/cli/launchers.js';
import { verbs } from '../../../src/cli/verbs.js';
import { runCli } from '../../support/run-cli.js';

describe('help', () => {
  it.each(verbs.map(({ name, summary }) => [name, summary]))(
    'of %s says what it does and shows examples',
    async (name, summary) => {
      const { exitCode, stdout, stderr } = await runCli([name, '--help']);
      expect(exitCode).toBe(0);
      expect(stdout.toLowerCase()).toContain(summary.toLowerCase());
      expect(stdout).toMatch(new RegExp(`Examples:[^]*orch ${name}`));
      expect(stderr).toBe('');
    },
  );

  it('lists all verbs, also when nothing is typed', async () => {
    for (const args of [['--help'], ['help'], []]) {
      const { exitCode, stdout } = await runCli(args);
      expect(exitCode).toBe(0);
      for (const { name, summary } of verbs) expect(stdout).toMatch(new RegExp(`  ${name} +${summary.slice(0, 20)}`));
    }
  });
});

describe('mistakes', () => {
  it.each([
    [['gett', 'tasks'], /unknown command 'gett'\n\(Did you mean get\?\)/],
    [['get', 'tasks', '--wide'], /unknown option '--wide'\nRun `orch get --help`/],
    [['get', 'tsks'], /did you mean "tasks"\?\nKnown kinds:/],
    [['get', 'tasks', '-o', 'jsn'], /did you mean "json"/],
    [['apply'], /-f/],
    [['apply', '-f', 'x', '--prune'], /--prune needs -l/],
    [['wait', 'task/web'], /--for/],
    [['stop'], /which tasks\?/],
    [['exec', 'web'], /which command\? `orch exec web -- COMMAND`/],
    [['delete', 'task', 'web', '--grace-period', '0'], /say --force/],
    [
      ['get', 'tasks', '--config', '/nowhere/kubeconfig'],
      /there is no file \/nowhere\/kubeconfig \(named by --config\)/,
    ],
    [['up', '--scheduler', 'spraed'], /did you mean "spread"/],
    [['up', '--port', 'x'], /--port x: write a whole number/],
    [['up', '--extended-resources', 'gpu=2'], /--extended-resources gpu=2: write it like nvidia.com\/gpu=2/],
    [['up', '--extended-resources', 'nvidia.com/gpu=1.5'], /a whole number/],
    [['up', '--forbid', 'hostNetwork,hostpath'], /--forbid hostpath: .*did you mean "hostPath"/],
    [['up', '--pids-limit', '-1'], /--pids-limit -1/],
  ])('%j are answered with a sentence, exit code 1 and no stack', async (args, sentence) => {
    const { exitCode, stdout, stderr } = await runCli(args, { env: { HOME: '/nowhere' } });
    expect(exitCode).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toMatch(sentence);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it('says how to get a manager when there is no configuration', async () => {
    const { stderr } = await runCli(['get', 'tasks'], { env: { HOME: '/nowhere' } });
    expect(stderr).toContain('/nowhere/.local/share/orch/kubeconfig');
    expect(stderr).toContain('`orch up`');
    expect(stderr).toContain('ORCH_CONFIG');
  });
});

describe('what is launched', () => {
  function record(): { launchers: Launchers; calls: unknown[] } {
    const calls: unknown[] = [];
    const take = (what: string) => async (options: unknown) => {
      calls.push([what, options]);
      return 0;
    };
    const restore: Launchers['restore'] = async (options) => {
      calls.push(['restore', options]);
      const objects = { 'tasks.orch.dev': 2, nodes: 1 };
      const found = { objects, nodes: ['n1'], droppedTokens: 3 };
      return { clusterUid: 'u-1', takenAt: '2026-01-31T12:00:00Z', backupRevision: 7, revision: 1007, ...found };
    };
    return { calls, launchers: { up: take('up'), manager: take('manager'), worker: take('worker'), restore } };
  }

  it('restore: says what was restored', async () => {
    const { launchers, calls } = record();
    const { exitCode, stdout } = await runCli(['restore', 'f.backup', '--data', 'd'], { launchers });
    expect(exitCode).toBe(0);
    expect(calls).toEqual([['restore', { file: 'f.backup', dataDirectory: 'd', withoutNodes: [] }]]);
    expect(stdout).toBe(
      'restored cluster u-1 into d\n' +
        'taken 2026-01-31T12:00:00Z at revision 7; revisions go on from 1007\n' +
        '       1 nodes\n       2 tasks.orch.dev\n' +
        'left out: 3 join tokens; the manager makes a new one at its start\n' +
        'members again: n1; delete those that you put out after the backup\n',
    );
  });

  it('up: with everything said', async () => {
    const { launchers, calls } = record();
    const flags =
      '--data d --port 0 --host ::1 --watch w --name n1 --scheduler epvm --runtime simulated --node-grace-seconds 3 ' +
      '--not-ready-toleration-seconds 0 --labels a=b,c=d --labels e=f --log-level warn ' +
      '--extended-resources nvidia.com/gpu=2,example.com/fpga=1 --extended-resources hugepages-2Mi=1Mi';
    expect(await runCli(['up', ...flags.split(' ')], { launchers })).toMatchObject({ exitCode: 0, stderr: '' });
    expect(calls).toEqual([
      [
        'up',
        {
          dataDirectory: 'd',
          port: 0,
          host: '::1',
          watchDirectory: 'w',
          name: 'n1',
          scheduler: 'epvm',
          runtime: 'simulated',
          nodeGraceSeconds: 3,
          notReadyTolerationSeconds: 0,
          labels: { a: 'b', c: 'd', e: 'f' },
          extendedResources: { 'nvidia.com/gpu': 2, 'example.com/fpga': 1, 'hugepages-2Mi': 1048576 },
          logLevel: 'warn',
        },
      ],
    ]);
  });

  it('manager: on loopback and in the default place unless told otherwise', async () => {
    const { launchers, calls } = record();
    await runCli(['manager'], { launchers, env: { HOME: '/home/ann' } });
    expect(calls).toEqual([
      ['manager', { dataDirectory: '/home/ann/.local/share/orch', host: '127.0.0.1', port: 7443, logLevel: 'info' }],
    ]);
  });

  it('speaks to a person who asks for it: what runs where, and what to type next', async () => {
    const { launchers } = record();
    const up: Launchers['up'] = async ({ logFormat, onStarted, watchDirectory }) => {
      expect(logFormat).toBe('pretty');
      onStarted?.({
        what: 'orch',
        url: 'https://h:1',
        kubeconfigPath: '/d/kubeconfig',
        watchDirectory: watchDirectory ?? '',
        node: 'n1',
      });
      return 0;
    };
    const args = ['up', '--log-format', 'pretty', '--watch', 'shop'];
    const { stderr } = await runCli(args, { launchers: { ...launchers, up } });
    expect(stderr).toMatch(
      /orch is up\n\n {2}address +https:\/\/h:1\n {2}kubeconfig +\/d\/kubeconfig\n {2}folder +shop/,
    );
    expect(stderr).toMatch(/orch --config \/d\/kubeconfig apply -f web.yaml --wait +run what/);
    const wrong = await runCli(['up', '--log-format', 'xml'], { launchers });
    expect(wrong).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('--log-format') });
  });

  it('worker: needs to know its manager, and has a folder of its own', async () => {
    const { launchers, calls } = record();
    const refused = await runCli(['worker'], { launchers });
    expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('--manager <url>') });
    const args = ['worker', '--manager', 'https://m:7443', '--ca-file', 'ca.crt', '--name', 'n2'];
    await runCli(args, { launchers, env: { XDG_DATA_HOME: '/data' } });
    expect(calls).toEqual([
      [
        'worker',
        {
          server: 'https://m:7443',
          caFile: 'ca.crt',
          name: 'n2',
          dataDirectory: '/data/orch-worker/n2',
          runtime: 'docker',
          labels: {},
          logLevel: 'info',
        },
      ],
    ]);
  });

  it('passes the exit code on', async () => {
    const { launchers } = record();
    const code = await runCli(['manager'], { launchers: { ...launchers, manager: async () => 7 } });
    expect(code.exitCode).toBe(7);
  });
});

it.each(['bash', 'zsh', 'fish'])('completes verbs and kinds in %s', async (shell) => {
  const { exitCode, stdout } = await runCli(['completion', shell]);
  expect(exitCode).toBe(0);
  for (const word of ['apply', 'cordon', 'tasks', 'nodes']) expect(stdout).toContain(word);
});

/** What bash offers at the end of a line; `orch get KIND` answers NAMES. */
async function offers(line: string): Promise<string[]> {
  const { stdout } = await runCli(['completion', 'bash']);
  const words = line.split(' ');
  const text = `${stdout}
orch() { case "$2" in tasks) echo web db ;; deployment|deployments) echo shop ;; nodes) echo n1 ;; esac; }
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}
_orch 2>/dev/null; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout: offered } = await promisify(execFile)('bash', ['--norc', '-c', text]);
  return offered.split('\n').filter((word) => word !== '');
}

it.each([
  ['orch po', ['port-forward']],
  ['orch logs ', ['web', 'db', 'deployment/']],
  ['orch exec deployment/s', ['deployment/shop']],
  ['orch describe deployment/', ['deployment/shop']],
  ['orch edit depl', ['deployments', 'deployment']],
  ['orch label nodes n', ['n1']],
  ['orch rollout st', ['status']],
  ['orch rollout status ', ['shop']],
  ['orch set ', ['image']],
  ['orch set image ', ['deployment/', 'task/']],
  ['orch set image deployment/', ['deployment/shop']],
  ['orch drain ', ['n1']],
])('completes "%s"', async (line, expected) => {
  expect(await offers(line)).toEqual(expected);
});

it('shows where the configuration is, and by what', async () => {
  const env = { ORCH_CONFIG: '/etc/orch/kubeconfig', HOME: '/home/ann' };
  expect((await runCli(['config', 'path'], { env })).stdout).toBe('/etc/orch/kubeconfig\n');
  expect((await runCli(['config', 'path', '--config', '/x'], { env })).stdout).toBe('/x\n');
  expect((await runCli(['config'], { env: { HOME: '/home/ann' } })).stdout).toBe(
    '/home/ann/.local/share/orch/kubeconfig\n',
  );
});

it('checks manifests without a manager', async () => {
  const input = 'apiVersion: orch.dev/v1\nkind: Task\nmetadata:\n  name: web\nspec:\n  image: busybox\n';
  expect(await runCli(['apply', '-f', '-', '--dry-run=client'], { input })).toMatchObject({
    exitCode: 0,
    stdout: 'task/web valid (dry run)\n',
  });
  const bad = await runCli(['apply', '-f', '-', '--dry-run=client'], { input: input.replace('image', 'imgae') });
  expect(bad.exitCode).toBe(1);
  expect(bad.stderr).toMatch(/stdin:6:3: spec\.imgae: .*did you mean "image"/);
});
