import { expect, it } from 'vitest';
import { tolerationCauses } from '../../../src/model/tolerations.js';
import type { Toleration } from '../../../src/model/task.js';

it.each<[what: string, toleration: Toleration, field: string | undefined]>([
  ['every taint', { operator: 'Exists' }, undefined],
  [
    'every taint of an effect, for a while',
    { operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
    undefined,
  ],
  ['a value', { key: 'example.com/dedicated', value: 'db', effect: 'NoSchedule' }, undefined],
  ['an empty value', { key: 'dedicated', operator: 'Equal', value: '' }, undefined],
  ['Equal without a key', { operator: 'Equal' }, 'operator'],
  ['nothing at all', {}, 'operator'],
  ['a value without a key', { key: '', value: 'db' }, 'operator'],
  ['a key that is none', { key: 'a b', operator: 'Exists' }, 'key'],
  ['Exists with a value', { key: 'a', operator: 'Exists', value: 'b' }, 'value'],
  ['a value that is none', { key: 'a', value: 'b c' }, 'value'],
  ['seconds of an effect that drives nobody away', { key: 'a', operator: 'Exists', tolerationSeconds: 1 }, 'effect'],
])('tolerates or refuses %s', (_, toleration, field) => {
  const named = tolerationCauses([{ key: 'a', operator: 'Exists' }, toleration]).map((cause) => cause.field);
  expect(named).toEqual(field === undefined ? [] : [`spec.tolerations[1].${field}`]);
});
