import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { Cli, type CliEnvironment, type TerminalStream } from '../../../src/cli/cli.js';
import { alignRows } from '../../../src/cli/columns.js';
import { hideSecrets } from '../../../src/cli/config.js';
import { parseDryRun } from '../../../src/cli/dry-run.js';
import { parseLabels } from '../../../src/cli/daemon-flags.js';
import { defaultConfigPath, defaultDataDirectory, defaultWorkerDataDirectory } from '../../../src/cli/default-paths.js';
import { describeLines, describeMembers } from '../../../src/cli/describe-lines.js';
import { exitCodeOf } from '../../../src/cli/exec-channels.js';
import { formatObjects, parseOutputFormat } from '../../../src/cli/output-format.js';
import { parseDuration, parseWhole } from '../../../src/cli/parse-duration.js';
import { withoutSecretValues } from '../../../src/cli/secret-values.js';
import { workerName } from '../../../src/cli/up.js';
import { parseFor } from '../../../src/cli/wait-condition.js';
import type { Stored } from '../../../src/model/api-object.js';
import { configMapKind } from '../../../src/model/config-map.js';
import { secretKind } from '../../../src/model/secret.js';
import { taskKind } from '../../../src/model/task.js';
import { visible, visibleLine } from '../../../src/cli/visible.js';

// eslint-disable-next-line no-control-regex
const control = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/;

it('aligns columns, and keeps later rows in line', () => {
  const first = alignRows([
    ['NAME', 'STATE', 'MESSAGE'],
    ['a-long-name', 'Running', ''],
  ]);
  expect(first.lines).toEqual(['NAME          STATE     MESSAGE', 'a-long-name   Running']);
  expect(alignRows([['b', 'Pending', 'x']], first.widths).lines).toEqual(['b             Pending   x']);
});

describe('text from outside', () => {
  const hostile = '\u001b]0;owned\u0007\u001b[2J\u009b1A\u202ered\rx';

  it('is shown, and commands no terminal', () => {
    expect(visible(hostile)).toBe('\\u001b]0;owned\\u0007\\u001b[2J\\u009b1A\\u202ered\\u000dx');
    expect(visible('a\tb\nc: größe 日本 🙂')).toBe('a\tb\nc: größe 日本 🙂');
    const written = 'می\u200cخواهم 👨\u200d👩\u200d👧 ❤\ufe0f';
    expect(visible(written)).toBe(written);
    expect(visible('a\u061cb\u00adc\u200bd\u2028e\u2060f\ufeffg\u{e0041}h\u3164')).toBe(
      'a\\u061cb\\u00adc\\u200bd\\u2028e\\u2060f\\ufeffg\\udb40\\udc41h\\u3164',
    );
    expect(visibleLine('a\r\n  b\tc')).toBe('a b c');
  });

  it('keeps the colours of orch, and none that hide', () => {
    expect(visible('\u001b[31mFailed\u001b[39m \u001b[8mhidden\u001b[2J', true)).toBe(
      '\u001b[31mFailed\u001b[39m \\u001b[8mhidden\\u001b[2J',
    );
  });

  it('is shown in cells, descriptions, notes and errors, and left alone in data for programs', () => {
    expect(alignRows([[hostile, 'x']]).lines.join('')).not.toMatch(control);
    expect(
      describeLines([
        ['a', hostile],
        [hostile, [hostile]],
        ['b', [[hostile, hostile]]],
      ]).join(''),
    ).not.toMatch(control);
    const written: Record<'out' | 'terminal' | 'err', string> = { out: '', terminal: '', err: '' };
    const stream = (name: keyof typeof written, isTTY: boolean): TerminalStream =>
      Object.assign(new Writable({ write: (chunk, _encoding, done) => ((written[name] += String(chunk)), done()) }), {
        isTTY,
      });
    const cliOn = (stdout: TerminalStream): Cli =>
      new Cli({ stdout, stderr: stream('err', false), env: {} } as unknown as CliEnvironment);
    const piped = cliOn(stream('out', false));
    piped.print(hostile);
    piped.warn(hostile);
    expect(written.out + written.err).not.toMatch(control);
    piped.printData(hostile);
    expect(written.out).toContain(hostile);
    cliOn(stream('terminal', true)).printData(hostile);
    expect(written.terminal).not.toMatch(control);
  });
});

it.each([
  ['30s', 30_000],
  ['1m30s', 90_000],
  ['2h', 7_200_000],
  ['500ms', 500],
  ['45', 45_000],
  ['0', 0],
])('reads %s as %i ms', (text, milliseconds) => {
  expect(parseDuration(text, '--timeout')).toBe(milliseconds);
});

it.each(['', 'soon', '5 m', '-3s', '3x'])('refuses "%s" as a time and says how to write one', (text) => {
  expect(() => parseDuration(text, '--timeout')).toThrow(/--timeout .*write a time like 30s/);
});

it('keeps whole numbers within their bounds', () => {
  expect(parseWhole('80', '--port', 0, 65_535)).toBe(80);
  expect(() => parseWhole('70000', '--port', 0, 65_535)).toThrow('--port 70000: write a whole number from 0 to 65535');
  expect(() => parseWhole('1.5', '--tail', -1)).toThrow('--tail 1.5: write a whole number of at least -1');
});

it('hides tokens and keys of a kubeconfig, wherever they stand', () => {
  const config = { users: [{ user: { token: 's3cret', 'client-key-data': 'S0VZ' } }], server: 'https://h:1' };
  expect(hideSecrets(config)).toEqual({
    users: [{ user: { token: 'HIDDEN', 'client-key-data': 'HIDDEN' } }],
    server: 'https://h:1',
  });
});

it('puts the data where the user keeps such things', () => {
  expect(defaultDataDirectory({ HOME: '/home/ann' })).toBe('/home/ann/.local/share/orch');
  expect(defaultDataDirectory({ HOME: '/home/ann', XDG_DATA_HOME: '/data' })).toBe('/data/orch');
  expect(defaultConfigPath({ HOME: '/home/ann' })).toBe('/home/ann/.local/share/orch/kubeconfig');
  expect(defaultWorkerDataDirectory({ XDG_DATA_HOME: '/data' }, 'n1')).toBe('/data/orch-worker/n1');
});

it('reads labels, repeated and with commas', () => {
  expect(parseLabels(['disk=ssd,zone=a', 'empty='])).toEqual({ disk: 'ssd', zone: 'a', empty: '' });
  expect(() => parseLabels(['disk'])).toThrow(/write labels like/);
});

it('makes a valid node name of any host name', () => {
  expect(workerName('Build_Host.local')).toBe('build-host.local');
  expect(workerName('___')).toBe('node');
  expect(workerName(`${'a'.repeat(62)}.local`)).toBe('a'.repeat(62));
});

describe('exit codes of exec', () => {
  const frame = (status: unknown): Uint8Array => Buffer.from(JSON.stringify(status));
  it('is that of the command', () => {
    expect(exitCodeOf(frame({ status: 'Success' }))).toBe(0);
    const causes = [{ reason: 'ExitCode', message: '3' }];
    expect(exitCodeOf(frame({ status: 'Failure', reason: 'NonZeroExitCode', details: { causes } }))).toBe(3);
  });
  it('is an error when the command could not run', () => {
    expect(() => exitCodeOf(frame({ status: 'Failure', message: 'no such file: foo', code: 500 }))).toThrow(
      'no such file',
    );
    expect(() => exitCodeOf(Buffer.from('?'))).toThrow('no exit code');
  });
});

describe('what wait waits for', () => {
  const object = (status: object): Stored =>
    ({ apiVersion: 'orch.dev/v1', kind: 'Task', metadata: { name: 'web', uid: 'u' }, status }) as unknown as Stored;
  const judge = (text: string, given: Stored | undefined): string => {
    const { type, text: said } = parseFor(text)(given, { kind: taskKind, key: { name: 'web' } });
    return `${type}: ${said}`;
  };
  it.each<[string, Stored | undefined, string]>([
    ['delete', undefined, 'done: deleted'],
    ['delete', object({ state: 'Running' }), 'waiting: Running'],
    ['create', undefined, 'waiting: does not exist'],
    ['create', object({}), 'done: exists'],
    ['state=running', object({ state: 'Running' }), 'done: Running'],
    ['state=Running', object({ state: 'Failed', reason: 'BackOff' }), 'waiting: Failed: BackOff'],
    ['condition=ready', object({ conditions: [{ type: 'Ready', status: 'True' }] }), 'done: condition ready met'],
    [
      'condition=Ready',
      object({ conditions: [{ type: 'Ready', status: 'False', reason: 'Probe', message: 'refused' }] }),
      'waiting: condition Ready is False: Probe: refused',
    ],
    [
      'condition=Ready=False',
      object({ conditions: [{ type: 'Ready', status: 'False' }] }),
      'done: condition Ready met',
    ],
    ['jsonpath={.status.restartCount}=3', object({ restartCount: 3 }), 'done: condition met'],
    ['jsonpath={.status.restartCount}=3', object({}), 'waiting: {.status.restartCount} is absent'],
    ['state=Running', undefined, 'waiting: does not exist'],
  ])('%s', (text, given, verdict) => {
    expect(judge(text, given)).toBe(verdict);
  });
  it.each(['state=Runing', 'ready', 'jsonpath=', 'condition', 'jsonpath={.a[?(x)]}'])('refuses %s', (text) => {
    expect(() => parseFor(text)).toThrow();
  });
});

describe('output formats', () => {
  const task = { apiVersion: 'orch.dev/v1', kind: 'Task', metadata: { name: 'web' }, spec: { image: 'x' } };
  it('prints names that other commands take', async () => {
    expect(await formatObjects([task], { type: 'name' }, false)).toBe('task.orch.dev/web');
  });
  it('prints one object as itself and several as a List', async () => {
    expect(JSON.parse(await formatObjects([task], { type: 'json' }, true))).toEqual(task);
    expect(JSON.parse(await formatObjects([task], { type: 'json' }, false))).toMatchObject({
      kind: 'List',
      items: [task],
    });
    expect(await formatObjects([task], { type: 'yaml' }, true)).toMatch(/^apiVersion: orch.dev\/v1\nkind: Task\n/);
  });
  it('shows names that somebody chose as they are, and files line by line', () => {
    const object = {
      data: { myKey: '1', MyKey: '2', 'app.conf': 'a: 1\n  b: 2\n', empty: '' },
      spec: { selector: { matchLabels: { app: 'x' } }, restartPolicy: 'Always' },
    };
    expect(describeLines(describeMembers(object))).toEqual([
      'Data:',
      '  myKey:  1',
      '  MyKey:  2',
      '  app.conf:',
      '    a: 1',
      '      b: 2',
      '  empty:',
      'Spec:',
      '  Selector:',
      '    Match Labels:',
      '      app:  x',
      '  Restart Policy:  Always',
    ]);
  });

  it('suggests the format that was meant', () => {
    expect(() => parseOutputFormat('ymal')).toThrow(/did you mean "yaml"/);
    expect(() => parseOutputFormat('custom-columns=NAME')).toThrow(/HEADING:PATH/);
  });
});

it('describes any object in words, with nothing left out', () => {
  const lines = describeLines(
    describeMembers({
      restartPolicy: 'Always',
      command: ['sh', '-c', 'echo hi'],
      env: [{ name: 'A', value: '' }],
      nodeSelector: { 'disk-type': 'ssd' },
      empty: {},
    }),
  );
  expect(lines).toEqual([
    'Restart Policy:  Always',
    'Command:         sh -c "echo hi"',
    'Env:',
    '  A:',
    '    Name:   A',
    '    Value:',
    'Node Selector:',
    '  disk-type:  ssd',
    'Empty:           <none>',
  ]);
});

it('takes --dry-run alone for the fuller one, and knows no third', () => {
  expect([undefined, true, 'server', 'client', 'none'].map((given) => parseDryRun(given as string | true))).toEqual([
    'none',
    'server',
    'server',
    'client',
    'none',
  ]);
  expect(() => parseDryRun('web')).toThrow('--dry-run=web: choose client or server');
});

describe('withoutSecretValues', () => {
  it('shows how long the values of a Secret are, and nothing of them', () => {
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'x' }, data: { a: 'c2VjcmV0', b: '' } };
    const shown = withoutSecretValues(secretKind, secret as unknown as Stored);
    expect(shown).toMatchObject({ data: { a: '6 bytes', b: '0 bytes' } });
    expect(JSON.stringify(shown)).not.toContain('c2VjcmV0');
    expect(withoutSecretValues(configMapKind, secret as unknown as Stored)).toEqual(secret);
  });
});
