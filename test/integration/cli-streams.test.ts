import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { extract, pack } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deploymentKind } from '../../src/model/deployment.js';
import { taskKind } from '../../src/model/task.js';
import { tunnelChannels, type StreamRequest } from '../../src/model/worker-tunnel.js';
import { waitFor } from '../support/wait-for.js';
import { manifest, startCliCluster, type CliCluster, type WorkerStream } from './cli-harness.js';

let cluster: CliCluster;
beforeEach(async () => {
  cluster = await startCliCluster();
});
afterEach(() => cluster.close());

async function aTask(name: string, spec: object = {}): Promise<void> {
  await cluster.run('apply -f -', manifest(name, spec));
  await cluster.report(name, { state: 'Running', containerID: `c-${name}` });
}

/** Calls `done` with all of the input once it has ended. */
function onWholeInput(stream: WorkerStream, done: (input: Buffer) => void): void {
  const chunks: Buffer[] = [];
  stream.onInput((channel, payload) => {
    if (channel !== tunnelChannels.stdin) return;
    if (payload.length > 0) chunks.push(payload);
    else done(Buffer.concat(chunks));
  });
}

describe('attach', () => {
  it('joins input and output with the program, as far as the task has them', async () => {
    await aTask('web', { stdin: true });
    await aTask('quiet');
    const asked: StreamRequest[] = [];
    await cluster.serveStreams((request, stream) => {
      asked.push(request);
      if (request.type === 'attach' && !request.stdin) {
        stream.stdout('only output\n');
        stream.end({});
      } else {
        onWholeInput(stream, (input) => {
          stream.stdout(input.toString().toUpperCase());
          stream.end({ exitCode: 4 });
        });
      }
    });
    expect(await cluster.run('attach -i web', 'hello\n')).toEqual({ exitCode: 4, stdout: 'HELLO\n', stderr: '' });
    expect(await cluster.run('attach -i task/quiet', 'hello\n')).toEqual({
      exitCode: 0,
      stdout: 'only output\n',
      stderr: expect.stringContaining('spec.stdin is not true'),
    });
    expect(asked).toMatchObject([
      { type: 'attach', stdin: true },
      { type: 'attach', stdin: false },
    ]);
  });
});

it('chooses a ready task of a deployment, and says which', async () => {
  const spec = {
    selector: { matchLabels: { app: 'shop' } },
    template: { metadata: { labels: { app: 'shop' } }, spec: { containers: [{ name: 'a', image: 'busybox' }] } },
  };
  const owner = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'shop', namespace: 'default' }, spec };
  const { object } = await cluster.api.registry.create(deploymentKind, owner);
  const reference = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'shop', uid: object.metadata.uid };
  for (const name of ['shop-a', 'shop-b', 'shop-c']) {
    const metadata = { name, namespace: 'default', labels: { app: 'shop' }, ownerReferences: [reference] };
    await cluster.api.registry.create(taskKind, {
      apiVersion: 'orch.dev/v1',
      kind: 'Task',
      metadata,
      spec: { image: 'busybox' },
    });
  }
  await cluster.report('shop-b', { state: 'Running', reason: 'NotReady', containerID: 'b' });
  await cluster.report('shop-c', { state: 'Running', containerID: 'c' });
  const uid = (await cluster.task('shop-c')).metadata.uid;
  await cluster.serveStreams((request, stream) => {
    stream.stdout(`${request.type} ${request.taskUid === uid}\n`);
    stream.end({});
  });
  for (const verb of ['exec deploy/shop -- date', 'attach deployment/shop', 'logs deploy/shop']) {
    const { stdout, stderr } = await cluster.run(verb);
    expect(stdout).toBe(`${verb.split(' ', 1)[0]} true\n`);
    expect(stderr).toMatch(/has 3 tasks: .*task\/shop-c/);
  }
});

describe('port-forward', () => {
  it('makes each local connection one to the container, and passes on the end of both directions', async () => {
    await aTask('web', { ports: [{ name: 'http', containerPort: 8080 }] });
    const ports: number[] = [];
    await cluster.serveStreams((request, stream) => {
      if (request.type !== 'portForward') throw new Error(request.type);
      ports.push(request.port);
      if (request.port !== 8080) return stream.end({ error: { code: 'Conflict', message: 'nothing listens there' } });
      onWholeInput(stream, (input) => {
        stream.stdout(input.toString().toUpperCase());
        stream.end({});
      });
    });
    const forwarding = cluster.start('port-forward task/web :http :9');
    const [good, bad] = await waitFor('both ports', () => {
      const found = [...forwarding.stdout.matchAll(/Forwarding from 127\.0\.0\.1:(\d+) -> (?:8080|9)\n/g)];
      return found.length === 2 && found.map(([, port]) => Number(port));
    });
    for (const word of ['one', 'two']) {
      const socket = connect({ host: '127.0.0.1', port: good ?? 0, allowHalfOpen: true });
      socket.end(word);
      expect(await text(socket)).toBe(word.toUpperCase());
    }
    expect(await text(connect(bad ?? 0, '127.0.0.1'))).toBe('');
    await waitFor('the reason', () => /port 9: .*nothing listens there/.test(forwarding.stderr));
    expect(ports).toEqual([8080, 8080, 9]);
    forwarding.stop();
    expect((await forwarding.ended).exitCode).toBe(0);
    await expect(text(connect(good ?? 0, '127.0.0.1'))).rejects.toThrow('ECONNREFUSED');
  });

  it.each([
    ['port-forward web 0', /names no port/],
    ['port-forward web 8080:99999', /names no port/],
    ['port-forward web https', /has no port "https": known are http/],
    ['port-forward web 80 --address localhost', /give an IP address/],
    ['port-forward nope 80', /not found/],
  ])('%s is refused', async (args, reason) => {
    await aTask('web', { ports: [{ name: 'http', containerPort: 8080 }] });
    expect(await cluster.run(args)).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(reason) });
  });
});

describe('cp', () => {
  const commands: string[] = [];
  let received: Buffer;

  /** A container with a folder /srv; what its tar sends is `archive`. */
  async function aContainer(archive: Buffer = Buffer.alloc(0)): Promise<void> {
    commands.length = 0;
    await aTask('web');
    await cluster.serveStreams((request, stream) => {
      if (request.type !== 'exec') throw new Error(request.type);
      commands.push(request.command.join(' '));
      const [program, option, folder] = request.command;
      if (program === 'test') return stream.end({ exitCode: folder === '/srv' ? 0 : 1 });
      if (option === '-c' && archive.length === 0) {
        stream.stderr('tar: ./nope: No such file or directory\n');
        return stream.end({ exitCode: 1 });
      }
      if (option === '-c') {
        stream.stdout(archive);
        return stream.end({ exitCode: 0 });
      }
      onWholeInput(stream, (input) => {
        received = input;
        stream.end({ exitCode: 0 });
      });
    });
  }

  async function archiveOf(files: Record<string, string>): Promise<Buffer> {
    const packing = pack();
    for (const [name, content] of Object.entries(files)) packing.entry({ name }, content);
    packing.finalize();
    return buffer(packing);
  }

  it('puts a folder into a folder of the container, under its name', async () => {
    await aContainer();
    await mkdir(join(cluster.folder, 'site'));
    await writeFile(join(cluster.folder, 'site/index.html'), '<p>');
    const run = await cluster.runArgs(['cp', join(cluster.folder, 'site'), 'web:/srv']);
    expect(run).toEqual({ exitCode: 0, stdout: '', stderr: '' });
    expect(commands).toEqual(['test -d /srv', 'tar -x -m -o -f - -C /srv']);
    const files: Record<string, string> = {};
    const unpacking = extract();
    unpacking.end(received);
    for await (const entry of unpacking) files[entry.header.name] = await text(Readable.from(entry));
    expect(files).toEqual({ site: '', 'site/index.html': '<p>' });
  });

  it('gets a file under another name, and tells why it cannot', async () => {
    await aContainer(await archiveOf({ './app.log': 'said\n' }));
    const to = join(cluster.folder, 'copy.log');
    expect(await cluster.runArgs(['cp', 'task/web:/var/log/app.log', to])).toMatchObject({ exitCode: 0, stderr: '' });
    expect(commands).toEqual(['tar -c -f - -C /var/log ./app.log']);
    expect(await readFile(to, 'utf8')).toBe('said\n');
    expect(await cluster.runArgs(['cp', 'web:/var/log/app.log', join(cluster.folder, 'no/folder')])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('there is no folder'),
    });
    expect(await cluster.run('cp a b')).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('TASK:PATH') });
  });

  it('writes nothing of a hostile container elsewhere', async () => {
    await aContainer(await archiveOf({ './app/good': 'good', './app/../../evil': 'evil' }));
    const run = await cluster.runArgs(['cp', 'web:/app', join(cluster.folder, 'app')]);
    expect(run).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('was not asked for') });
    await expect(readFile(join(cluster.folder, '../evil'))).rejects.toThrow('ENOENT');
    await expect(readFile(join(cluster.folder, 'evil'))).rejects.toThrow('ENOENT');
  });

  it('says what tar said', async () => {
    await aContainer();
    expect(await cluster.runArgs(['cp', 'web:/nope', join(cluster.folder, 'x')])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('tar: ./nope: No such file or directory'),
    });
  });
});

it.each([
  'exec web -- yes',
  'attach web',
  'logs -f web',
  'get tasks -w',
  'events -w',
  'wait task/web --for=delete',
  'port-forward web :80',
])('%s ends quietly when nobody reads any more', async (args) => {
  await aTask('web');
  await cluster.serveStreams((_request, stream) => {
    stream.stdout('2026-01-01T00:00:00Z y\n'.repeat(1000));
  });
  const stdout = new PassThrough();
  const running = cluster.start(args, { stdout });
  if (!args.startsWith('wait')) await waitFor('some output', () => stdout.readableLength > 0);
  stdout.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
  expect((await running.ended).stderr).not.toMatch(/error|warning|EPIPE/);
});

it('does not wait for a command whose input broke off', async () => {
  await aTask('web');
  await cluster.serveStreams((_request, stream) => stream.onInput(() => stream.stdout('got some\n')));
  const running = cluster.start('exec -i web -- cat');
  running.stdin.write('x');
  await waitFor('the command', () => running.stdout.includes('got some'));
  running.stdin.destroy();
  expect(await running.ended).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('broke off') });
});
