import { expect, it } from 'vitest';
import { maskSecrets, secretsOf } from '../../../../src/worker/config/mask-secrets.js';
import { aStoredTask } from '../../../support/cluster-builders.js';

it('takes values of Secrets out of a message, however an engine quotes them', () => {
  expect(maskSecrets('exec: "hunter2-in-args": not found', ['hunter2-in-args'])).toBe('exec: "***": not found');
  expect(maskSecrets('exec: "say \\"it\\"\\n": not found', ['say "it"\n'])).toBe('exec: "***": not found');
  expect(maskSecrets('got hunter2', ['hunter2\n'])).toBe('got ***');
  expect(maskSecrets('key: MIIEvQIBADAN', ['-----BEGIN-----\nMIIEvQIBADAN\n-----END-----\n'])).toBe('key: ***');
  expect(maskSecrets('hunter2hunter2', ['hunter2', 'hunter2hunter2'])).toBe('***');
});

it('leaves what would be found in any word, and what is no secret', () => {
  expect(maskSecrets('the image is not there', ['is', '', 'a', '1'])).toBe('the image is not there');
  expect(maskSecrets('$& costs $1', ['$& costs'])).toBe('*** $1');
});

it('takes whatever is not plain in the spec for a secret where an older version remembered the inputs', () => {
  const task = aStoredTask('web', {
    env: [
      { name: 'PLAIN', value: 'plain' },
      { name: 'P', valueFrom: { secretKeyRef: { name: 's', key: 'p' } } },
    ],
  });
  const env = [
    { name: 'PLAIN', value: 'plain' },
    { name: 'P', value: 'hunter2' },
  ];
  expect(secretsOf(task, { env })).toEqual(['hunter2']);
  expect(secretsOf(task, { env, secrets: [] })).toEqual([]);
  expect(secretsOf(task, undefined)).toEqual([]);
});
