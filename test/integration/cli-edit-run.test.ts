import { existsSync } from 'node:fs';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { taskKind, type StoredTask } from '../../src/model/task.js';
import { manifest, startCliCluster, type CliCluster } from './cli-harness.js';
import type { CliRun } from '../support/run-cli.js';

let cluster: CliCluster;
beforeEach(async () => {
  cluster = await startCliCluster();
  await cluster.run('apply -f -', manifest('web'));
});
afterEach(() => cluster.close());

describe('edit', () => {
  /** One edit after the other; what was shown each time. */
  async function edit(
    ...edits: ((shown: string) => string | Promise<string>)[]
  ): Promise<CliRun & { shown: string[]; file: string }> {
    const shown: string[] = [];
    let last = '';
    const running = cluster.start('edit task/web', {
      env: { ORCH_CONFIG: `${cluster.folder}/kubeconfig`, EDITOR: 'mine' },
      openEditor: async (editor, file) => {
        expect(editor).toBe('mine');
        expect((await stat(file)).mode & 0o077).toBe(0);
        last = file;
        const text = await readFile(file, 'utf8');
        const change = edits[shown.length];
        shown.push(text);
        if (change) await writeFile(file, await change(text));
        return 0;
      },
    });
    return { ...(await running.ended), shown, file: last };
  }

  it('changes what was changed in the editor', async () => {
    const { stdout, exitCode, file, shown } = await edit((text) => text.replace('image: busybox', 'image: busybox:2'));
    expect({ stdout, exitCode }).toEqual({ stdout: 'task/web edited\n', exitCode: 0 });
    expect(shown[0]).toMatch(/^# Edit task\/web/);
    expect(shown[0]).not.toContain('managedFields');
    expect((await cluster.task('web')).spec.image).toBe('busybox:2');
    expect(existsSync(dirname(file))).toBe(false);
  });

  it.each([
    ['an unchanged file', (text: string) => text],
    ['an empty file', () => '\n'],
  ])('%s changes nothing', async (_what, change) => {
    const before = (await cluster.task('web')).metadata.resourceVersion;
    expect(await edit(change)).toMatchObject({ stdout: 'task/web no change\n', exitCode: 0 });
    expect((await cluster.task('web')).metadata.resourceVersion).toBe(before);
  });

  it('opens what was refused again, with the reason on top', async () => {
    const { stdout, shown } = await edit(
      (text) => text.replace('image: busybox', 'imgae: busybox:2'),
      (text) => text.replace('imgae: busybox:2', 'image: busybox:2'),
    );
    expect(stdout).toBe('task/web edited\n');
    expect(shown[1]).toMatch(/^# Edit task\/web[^]*\n# .*imgae[^]*\n#\n[^#]/);
    expect(shown[1]).toContain('imgae: busybox:2');
  });

  it('gives up, and keeps what was typed, when it is saved unchanged after a refusal', async () => {
    const { exitCode, stderr, file } = await edit(
      (text) => text.replace('image: busybox', 'image: ['),
      (text) => text,
    );
    expect(exitCode).toBe(1);
    expect(stderr).toContain(file);
    expect(await readFile(file, 'utf8')).toContain('image: [');
    await rm(dirname(file), { recursive: true });
  });

  it('overwrites nobody, and keeps what was typed', async () => {
    const { exitCode, stderr, file } = await edit(async (text) => {
      await cluster.run('label task/web by=somebody');
      return text.replace('image: busybox', 'image: busybox:2');
    });
    expect(exitCode).toBe(1);
    expect(stderr).toContain('somebody else has changed it meanwhile');
    expect(await readFile(file, 'utf8')).toContain('busybox:2');
    expect((await cluster.task('web')).spec.image).toBe('busybox');
    await rm(dirname(file), { recursive: true });
  });
});

describe('run', () => {
  it('creates a task', async () => {
    const { stdout, exitCode } = await cluster.run(
      'run job --image=busybox:1 --env A=1=2 --port 80 --restart=OnFailure -l tier=back --command -- sh -c date',
    );
    expect({ stdout, exitCode }).toEqual({ stdout: 'task/job created\n', exitCode: 0 });
    const { spec, metadata } = await cluster.api.registry.get<StoredTask>(taskKind, {
      namespace: 'default',
      name: 'job',
    });
    expect(metadata.labels).toEqual({ run: 'job', tier: 'back' });
    expect(spec).toMatchObject({
      image: 'busybox:1',
      command: ['sh', '-c', 'date'],
      env: [{ name: 'A', value: '1=2' }],
      ports: [{ containerPort: 80 }],
      restartPolicy: 'OnFailure',
    });
    expect(await cluster.run('run job --image=busybox')).toMatchObject({ exitCode: 1 });
  });

  it('shows what it would create', async () => {
    const { stdout } = await cluster.run('run job --image=busybox --dry-run=client -- date');
    expect(stdout).toContain('kind: Task');
    expect((await cluster.run('get task job')).exitCode).toBe(1);
  });

  it.each([
    ['run x --image=a --rm', /--rm needs -i/],
    ['run x --image=a --restart=Sometimes', /choose Always, OnFailure, Never/],
    ['run x --image=a --env A', /write NAME=VALUE/],
    ['run x --image=a --port web', /a number from 1 to 65535/],
    ['run x --image=a --command', /a command after --/],
  ])('%s is refused', async (args, reason) => {
    expect(await cluster.run(args)).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(reason) });
  });
});
