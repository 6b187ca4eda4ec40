import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RememberedInputs } from '../../src/worker/checkpoint-file.js';
import { openCheckpointFile } from '../../src/worker/checkpoint-file.js';
import { aStoredTask } from '../support/cluster-builders.js';

let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'orch-checkpoint-'));
  path = join(directory, 'worker', 'checkpoint.json');
});

afterEach(() => rm(directory, { recursive: true, force: true }));

describe('the checkpoint of a worker', () => {
  it('is read as it was written, after the process is gone', async () => {
    const first = await openCheckpointFile(path);
    first.identify('w1', 'cluster-1');
    first.setTask(aStoredTask('web'));
    first.setRecord('uid-of-web', { attempt: 3, failures: 2, restarts: 2, nextStartAt: 1234 });
    first.sawRevision(17);
    await first.flush();
    const second = await openCheckpointFile(path);
    expect([second.nodeName, second.clusterUid, second.revision, second.damage]).toEqual([
      'w1',
      'cluster-1',
      17,
      undefined,
    ]);
    expect(second.tasks()).toEqual([aStoredTask('web')]);
    expect(second.record('uid-of-web')).toEqual({ attempt: 3, failures: 2, restarts: 2, nextStartAt: 1234 });
    second.forget('uid-of-web');
    await second.flush();
    expect((await openCheckpointFile(path)).tasks()).toEqual([]);
  });

  it('keeps what a container was given, readable by its owner only, and forgets it with the task', async () => {
    const inputs = { specHash: 'h', inputs: { env: [{ name: 'PASSWORD', value: 'tell-nobody' }] } };
    const first = await openCheckpointFile(path);
    first.setTask(aStoredTask('web'));
    first.rememberInputs('uid-of-web', inputs);
    await first.flush();
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const second = await openCheckpointFile(path);
    expect(second.inputs('uid-of-web')).toEqual(inputs);
    second.forget('uid-of-web');
    await second.flush();
    expect(await readFile(path, 'utf8')).not.toContain('tell-nobody');
  });

  it('remembers at most 64 KiB of one task and 4 MiB in all, and no older values in their place', async () => {
    const checkpoint = await openCheckpointFile(path);
    const ofSize = (kibibytes: number): RememberedInputs => ({
      specHash: 'h',
      inputs: { env: [{ name: 'A', value: 'x'.repeat(kibibytes * 1024) }] },
    });
    checkpoint.rememberInputs('web', ofSize(1));
    checkpoint.rememberInputs('web', ofSize(64));
    expect(checkpoint.inputs('web')).toBeUndefined();
    for (let n = 0; n < 100; n++) checkpoint.rememberInputs(`task-${n}`, ofSize(63));
    const kept = Array.from({ length: 100 }, (_, n) => checkpoint.inputs(`task-${n}`)).filter(Boolean);
    expect(kept).toHaveLength(64);
    checkpoint.rememberInputs('task-0', undefined);
    checkpoint.rememberInputs('task-99', ofSize(63));
    expect(checkpoint.inputs('task-99')).toBeDefined();
    await checkpoint.flush();
  });

  it('writes many changes together, and the last one always', async () => {
    const checkpoint = await openCheckpointFile(path);
    for (let attempt = 1; attempt <= 1_000; attempt++) {
      checkpoint.setRecord('uid', { attempt, failures: 0, restarts: 0 });
    }
    await checkpoint.flush();
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ records: { uid: { attempt: 1_000 } } });
    expect(await readdir(join(directory, 'worker'))).toEqual(['checkpoint.json']);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it.each(['', '{"version":1', '{"version":2,"revision":0,"tasks":{},"records":{}}', '[]'])(
    'puts a damaged file aside: %j',
    async (text) => {
      await (await openCheckpointFile(path)).flush();
      await writeFile(path, text);
      const checkpoint = await openCheckpointFile(path);
      expect(checkpoint.damage).toContain('.damaged');
      expect(checkpoint.tasks()).toEqual([]);
      expect(await readFile(`${path}.damaged`, 'utf8')).toBe(text);
    },
  );

  it('says when it cannot be written, and is written again once it can', async () => {
    const checkpoint = await openCheckpointFile(path);
    await rm(directory, { recursive: true });
    checkpoint.identify('w1', 'cluster-1');
    await expect(checkpoint.flush()).rejects.toThrow('ENOENT');
    const again = await openCheckpointFile(path);
    expect(again.nodeName).toBeUndefined();
    await checkpoint.flush();
    expect((await openCheckpointFile(path)).nodeName).toBe('w1');
  });
});
