import { spawn, type ChildProcess } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startKubectl, useKubectl, type Kubectl } from '../integration/kubectl-harness.js';
import { createTestCluster, freePort, runCommand, type TestCluster } from '../support/orch-process.js';
import { waitFor } from '../support/wait-for.js';

// Streams of stock kubectl, through manager and worker, to a process in a real container.

const image = ['--image=busybox:latest', '--image-pull-policy=IfNotPresent'];
const script = `mkdir /www; echo "the page of $HOSTNAME" > /www/index.html; httpd -p 8080 -h /www
echo started; while read -r line; do echo "heard $line"; done`;

let cluster: TestCluster;
let kubectl: Kubectl;

async function startClusterWithKubectl(): Promise<{
  cluster: TestCluster;
  kubectl: Kubectl;
  close(): Promise<void>;
}> {
  const started = await createTestCluster();
  try {
    await started.startUp();
    const client = await startKubectl(await readFile(started.kubeconfig, 'utf8'));
    const close = async (): Promise<void> => {
      await client.remove();
      await started.removeAll();
    };
    return { cluster: started, kubectl: client, close };
  } catch (error) {
    await started.removeAll();
    throw error;
  }
}

useKubectl(startClusterWithKubectl, (started) => {
  ({ cluster, kubectl } = started);
});

const sha256 = async (path: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex');

describe('kubectl with a container of the engine', () => {
  it('runs a pod, follows its log, and passes on what is typed at it', async () => {
    const open = ['-i', '--attach=false', '--leave-stdin-open'];
    await kubectl.succeeds('run', 'listener', ...image, ...open, '--', 'sh', '-c', script);
    await kubectl.succeeds('wait', '--for=condition=Ready', 'pod/listener', '--timeout=20s');
    const following = kubectl.follow('logs', '-f', 'listener');
    onTestFinished(() => following.kill());
    expect(await following.lines(1)).toEqual(['started']);

    const attached = kubectl.start(['attach', '-i', 'listener']);
    onTestFinished(() => attached.kill());
    attached.child.stdin?.write('a word\n');
    await waitFor('the answer where it is attached', () => attached.stdout().includes('heard a word\n'));
    expect(await following.lines(2)).toEqual(['started', 'heard a word']);
    attached.kill();
    await attached.exited;
    const restarts = '{.status.phase} {.status.containerStatuses[0].restartCount}';
    expect(await kubectl.succeeds('get', 'pod', 'listener', '-o', `jsonpath=${restarts}`)).toBe('Running 0');
  });

  it('shows what programs left for people at their end', async () => {
    const pod = (name: string, restartPolicy: string, script: string, more: object): string =>
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name },
        spec: {
          restartPolicy,
          containers: [{ name: 'app', image: 'busybox:latest', command: ['sh', '-c', script], ...more }],
        },
      });
    const why = 'echo -n out of luck > /dev/termination-log; exit 3';
    const apply = async (name: string, text: string): Promise<string> =>
      kubectl.succeeds('apply', '-f', await kubectl.write(`${name}.json`, text));
    await apply('unlucky', pod('unlucky', 'Never', why, { terminationMessagePath: '/dev/termination-log' }));
    const policy = { terminationMessagePolicy: 'FallbackToLogsOnError' };
    await apply('again', pod('again', 'Always', 'echo no such shop; exit 1', policy));
    const told = (name: string, where: string): Promise<string> =>
      kubectl.succeeds('get', 'pod', name, '-o', `jsonpath={.status.containerStatuses[0].${where}.terminated.message}`);
    await waitFor('the message of the one', async () => (await told('unlucky', 'state')) === 'out of luck', 60);
    await waitFor(
      'the end of the log of the other',
      async () => (await told('again', 'lastState')).trim() === 'no such shop',
      60,
    );
    await kubectl.succeeds('delete', 'pod', 'unlucky', 'again', '--now');
  });

  it('ends the input of a command whose client was killed', async () => {
    const reading = kubectl.start([
      'exec',
      '-i',
      'listener',
      '--',
      'sh',
      '-c',
      'echo open; cat; touch /tmp/input-ended',
    ]);
    expect(await reading.lines(1)).toEqual(['open']);
    reading.child.kill('SIGKILL');
    await reading.exited;
    await waitFor('the command to go on behind its input', async () => {
      const { code } = await kubectl.run(['exec', 'listener', '--', 'test', '-e', '/tmp/input-ended']);
      return code === 0;
    });
  });

  it('exec gives output, errors and the exit code', async () => {
    const output = await kubectl.run(['exec', '-i', 'listener', '--', 'sh', '-c', 'cat; echo err >&2; exit 42'], {
      stdin: 'in and out\n',
    });
    expect(output).toMatchObject({ code: 42, stdout: 'in and out\n' });
    expect(output.stderr).toContain('err\n');
  });

  it('port-forward reaches what listens in the container', async () => {
    const port = await freePort();
    const forwarding = kubectl.start(['port-forward', 'pod/listener', `${port}:8080`]);
    onTestFinished(() => forwarding.kill());
    await waitFor('port-forward to listen', () => forwarding.stdout().includes('Forwarding from'));
    const response = await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(10_000) });
    const hostname = (await kubectl.succeeds('exec', 'listener', '--', 'hostname')).trim();
    expect(response.status).toBe(200);
    expect(await response.text()).toBe(`the page of ${hostname}\n`);
  });

  it('gives files of a ConfigMap that the pod cannot write to, and that follow it', async () => {
    const configMap = (color: string): Promise<string> =>
      kubectl.write(
        'settings.json',
        JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data: { color } }),
      );
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'reader' },
      spec: {
        terminationGracePeriodSeconds: 0,
        volumes: [{ name: 'settings', configMap: { name: 'settings' } }],
        containers: [
          {
            name: 'reader',
            image: 'busybox:latest',
            imagePullPolicy: 'IfNotPresent',
            command: ['sleep', '1000'],
            volumeMounts: [{ name: 'settings', mountPath: '/etc/shop' }],
          },
        ],
      },
    };
    await kubectl.succeeds('apply', '-f', await configMap('blue'));
    await kubectl.succeeds('apply', '-f', await kubectl.write('reader.json', JSON.stringify(pod)));
    await kubectl.succeeds('wait', '--for=condition=Ready', 'pod/reader', '--timeout=20s');
    const inPod = (...words: string[]): string[] => ['exec', 'reader', '--', ...words];
    expect(await kubectl.fails(...inPod('touch', '/etc/shop/new'))).toContain('Read-only file system');
    expect(await kubectl.fails(...inPod('sh', '-c', 'echo x > /etc/shop/color'))).toContain('Read-only file system');
    expect(await kubectl.succeeds(...inPod('cat', '/etc/shop/color'))).toBe('blue');
    await kubectl.succeeds('apply', '-f', await configMap('red'));
    await waitFor(
      'the new value in its file',
      async () => (await kubectl.succeeds(...inPod('cat', '/etc/shop/color'))) === 'red',
      60,
    );
    expect(await kubectl.fails(...inPod('touch', '/etc/shop/new'))).toContain('Read-only file system');
    await kubectl.succeeds('delete', 'pod/reader', 'configmap/settings');
  });

  it('run -i shows also what the pod printed before kubectl was attached', async () => {
    const words = ['run', 'early', ...image, '--restart=Never', '--rm', '-i', '--', 'sh', '-c'];
    const output = await kubectl.run([...words, 'echo early; cat; echo over'], { stdin: 'a line\n' });
    expect(output.code, output.stderr).toBe(0);
    expect(output.stdout).toContain('early\na line\nover\n');
  });

  it('run --rm -i gives the output and the exit code of a pod, and removes it', async () => {
    const words = ['run', 'once', ...image, '--restart=Never', '--rm', '-i', '--', 'sh', '-c'];
    const output = await kubectl.run([...words, 'read -r x; echo "got $x"; exit 4'], { stdin: 'a line\n' });
    expect(output.code, output.stderr).toBe(4);
    expect(output.stdout).toContain('got a line\n');
    expect(output.stdout + output.stderr).toContain('pod "once" deleted');
    await waitFor('its container to go', async () =>
      (await cluster.containers()).every(({ task }) => task === 'default/listener'),
    );
  });
});

/** The two ways in which kubectl asks for streams. */
const ways: [string, Record<string, string>][] = [
  ['a WebSocket', {}],
  ['SPDY', { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false' }],
];

describe.each(ways)('kubectl with a container of the engine over %s', (way, env) => {
  it('exec -it has a terminal as large as the own one, also after that changed', async () => {
    const terminal = openTerminal(kubectl, env, 'tty; stty rows 31 cols 97; exec kubectl exec -it listener -- sh');
    const device = await waitFor('the name of the terminal', () => /^\/dev\/\S+/.exec(terminal.screen())?.[0]);
    await terminal.waitForAnswer('stty size', /^31 97\r$/m);
    expect((await runCommand('stty', ['-F', device, 'rows', '40', 'cols', '120'])).exitCode).toBe(0);
    await terminal.waitForAnswer('stty size', /^40 120\r$/m);
    await terminal.waitForAnswer('test -t 0 && test -t 1 && echo "a $((40 + 2)) terminal"', /^a 42 terminal\r$/m);
    terminal.type('exit 7');
    expect(await terminal.exitCode).toBe(7);
  });

  it('exec -it leaves no process behind when its terminal is closed', async () => {
    const marker = `sleep 43${way.length}21`;
    const terminal = openTerminal(kubectl, env, `exec kubectl exec -it listener -- sh -c "${marker}; ${marker}"`);
    const processes = (): Promise<string> => kubectl.succeeds('exec', 'listener', '--', 'ps');
    await waitFor('the command to run', async () => (await processes()).includes(marker));
    terminal.close();
    await waitFor('the command to end', async () => !(await processes()).includes(marker));
  });

  it('cp takes a file there and back', async () => {
    const copy = async (...paths: string[]): Promise<void> => {
      expect(await kubectl.run(['cp', ...paths], { env })).toMatchObject({ code: 0, stderr: '' });
    };
    const [sent, received] = [kubectl.file('sent'), kubectl.file('received')];
    await writeFile(sent, randomBytes(2 ** 20));
    await copy(sent, 'listener:/tmp/copied');
    const there = await kubectl.succeeds('exec', 'listener', '--', 'sha256sum', '/tmp/copied');
    expect(there).toBe(`${await sha256(sent)}  /tmp/copied\n`);
    await copy('listener:/tmp/copied', received);
    expect(await sha256(received)).toBe(await sha256(sent));
  });
});

interface Terminal {
  /** All that was printed so far, echoes included. */
  screen(): string;
  type(line: string): void;
  /** Types a line, again and again where the answer is not there yet, until the answer appears. */
  waitForAnswer(line: string, answer: RegExp): Promise<void>;
  /** As when somebody closes the window. */
  close(): void;
  exitCode: Promise<number | null>;
}

/** A shell command on a pseudo terminal of its own, with kubectl's environment. */
function openTerminal({ home, file }: Kubectl, env: Record<string, string>, command: string): Terminal {
  const child: ChildProcess = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    cwd: home,
    env: { ...process.env, HOME: home, KUBECONFIG: file('config'), SHELL: '/bin/sh', ...env },
  });
  onTestFinished(() => void child.kill());
  let screen = '';
  child.stdout?.on('data', (chunk: Buffer) => (screen += chunk.toString()));
  const type = (line: string): void => void child.stdin?.write(`${line}\n`);
  return {
    screen: () => screen,
    type,
    close: () => void child.kill('SIGKILL'),
    async waitForAnswer(line, answer) {
      await waitFor(`${answer} after ${line}`, async () => {
        type(line);
        return waitFor('an answer', () => answer.test(screen), 1);
      });
    },
    exitCode: once(child, 'exit').then(([code]) => code as number | null),
  };
}
