import type { JsonValue } from '../model/json.js';
import type { Kind } from '../model/kind.js';
import { resourceName } from '../model/kind.js';
import { OrchError } from '../support/errors.js';
import type { UpdateScope } from './update-scope.js';

/** As etcd gives a Kubernetes object. */
const maxCharacters = 1.5 * 2 ** 20;
/** With who owns what, which is as much again. Every write looks at all of them several times. */
const maxValues = 8_000;
/** A report about an object that is as large as it may be must still come through. */
const reportAllowance = 1.5;

/** Throws RequestEntityTooLarge for an object that would make every later write to it slow. Stops counting at the limit. */
export function checkSize(kind: Kind, name: string, object: object, scope: UpdateScope): void {
  const allowance = scope === 'main' ? 1 : reportAllowance;
  const left = { values: maxValues * allowance, characters: maxCharacters * allowance };
  count(object as JsonValue, left);
  if (left.values >= 0 && left.characters >= 0) return;
  const what = left.values < 0 ? `hold more than ${maxValues} values` : `be larger than 1.5 MiB`;
  throw new OrchError(
    'RequestEntityTooLarge',
    `${resourceName(kind)} "${name}" would ${what}, its managedFields included`,
    {
      name,
      group: kind.group,
      kind: kind.plural,
    },
  );
}

function count(value: JsonValue | undefined, left: { values: number; characters: number }): void {
  left.values--;
  if (typeof value === 'string') left.characters -= value.length;
  if (typeof value !== 'object' || value === null) return;
  for (const [key, member] of Object.entries(value)) {
    if (left.values < 0 || left.characters < 0) return;
    left.characters -= key.length;
    count(member, left);
  }
}
