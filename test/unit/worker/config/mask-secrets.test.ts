import { describe, expect, it } from 'vitest';
import type { Secret } from '../../../../src/model/secret.js';
import type { CheckpointData } from '../../../../src/worker/checkpoint-file.js';
import { CheckpointFile, emptyCheckpoint } from '../../../../src/worker/checkpoint-file.js';
import { secretTexts } from '../../../../src/worker/config/config-objects.js';
import { secretInputs, secretsOf } from '../../../../src/worker/config/container-inputs.js';
import type { SecretMask } from '../../../../src/worker/config/mask-secrets.js';
import { createSecretMask, withheld } from '../../../../src/worker/config/mask-secrets.js';
import { aStoredTask } from '../../../support/cluster-builders.js';

const task = aStoredTask('web', {
  env: [
    { name: 'PLAIN', value: 'plain' },
    { name: 'P', valueFrom: { secretKeyRef: { name: 's', key: 'p' } } },
  ],
});
const { uid } = task.metadata;

/** A worker that gave the task a Secret's value, and, as it is then, one that is started again. */
async function workersWith(value: string): Promise<{ now: SecretMask; later: SecretMask }> {
  let disk = JSON.stringify(emptyCheckpoint());
  const open = (): CheckpointFile =>
    new CheckpointFile(JSON.parse(disk) as CheckpointData, async (text) => void (disk = text));
  const maskOf = (file: CheckpointFile): SecretMask => createSecretMask(file, (one) => file.task(one));
  const checkpoint = open();
  const secret: Secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's' },
    data: { p: Buffer.from(value).toString('base64') },
  };
  checkpoint.setTask(task);
  checkpoint.setRecord(uid, { attempt: 1, failures: 0, restarts: 0 });
  const inputs = { env: [], ...secretInputs(secretTexts(task, new Map([['Secret/s', secret]]))) };
  checkpoint.rememberInputs(uid, { specHash: 'h', inputs });
  await checkpoint.settled();
  return { now: maskOf(checkpoint), later: maskOf(open()) };
}

describe('words of an engine or a program', () => {
  it('are told without the values that the task was given, also by a worker that was started again', async () => {
    const { now, later } = await workersWith('hunter2');
    for (const { maskForeign } of [now, later]) expect(maskForeign(uid, 'got hunter2, hunt')).toBe('got ***, ***');
  });

  it('are not told while a value is not known that had no room in the checkpoint', async () => {
    const { now, later } = await workersWith(
      ['hunter2-hunter2', ...'abcde'].map((line) => line.repeat(15_000 / line.length)).join('\n'),
    );
    const words = `got ${'a'.repeat(15_000)}`;
    expect(now.maskForeign(uid, words)).toBe('got ***');
    expect(later.maskForeign(uid, words)).toBe(withheld);
    expect(later.mask(uid, 'stopped by the user')).toBe('stopped by the user');
  });

  it('are told without the lines of a long value, however long it is', async () => {
    const lines = Array.from({ length: 1000 }, (_none, n) => `line ${n} of a long key`);
    const { now, later } = await workersWith(lines.join('\n'));
    for (const { maskForeign } of [now, later]) {
      expect(maskForeign(uid, `bad "${lines[500]}"`)).toBe('bad "***"');
      expect(maskForeign(uid, `bad ${lines[500]?.slice(0, 12)}`)).toBe('bad ***');
    }
  });

  it('are not told where a value is too long to be looked for', async () => {
    const { now, later } = await workersWith('0123456789abcdef'.repeat(2000));
    for (const { maskForeign } of [now, later]) expect(maskForeign(uid, 'bad 456789abcdef0123')).toBe(withheld);
  });
});

it('takes whatever is not plain in the spec for a secret where an older version remembered the inputs', () => {
  const env = [
    { name: 'PLAIN', value: 'plain' },
    { name: 'P', value: 'hunter2' },
  ];
  expect(secretsOf(task, { env })).toEqual({ texts: ['hunter2'], isWhole: true });
  expect(secretsOf(task, { env, secrets: [] })).toEqual({ texts: [], isWhole: true });
});
