import { isJsonObject, type JsonObject, type JsonValue } from '../../../src/model/json.js';
import type { SeededRandom } from '../seeded-random.js';

/** Words that mean something to every object of the language, to paths, to terminals, to this cluster, or to nobody. */
const words: readonly string[] = [
  ...['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf', '', '\u0000', '../..', ' ', '\u001b[2J'],
  ...['w1', 'w2', 't1', 'default', 'orch.dev/v1', 'True', 'Running', 'Failed', 'AssignedByHand', 'NodeLost', 'Ready'],
  ...[
    '2026-01-01T00:00:00Z',
    '9999-12-31T23:59:59Z',
    '-000001-01-01T00:00:00Z',
    'yesterday',
    '1e999',
    '-1',
    '5Gi',
    '1n',
  ],
  'x'.repeat(5_000),
];
const numbers: readonly number[] = [0, -0, -1, 0.5, 70_000, 2 ** 31, 2 ** 32, 2 ** 53, 2 ** 53 - 1, -(2 ** 53), 1e300];

/** Any JSON that somebody makes up who knows the protocol: the names that are used, and anything under them. */
export function anything(random: SeededRandom, names: readonly string[], depth = 2): JsonValue {
  switch (random.between(0, depth > 0 ? 6 : 3)) {
    case 0:
      return random.pick([null, true, false]);
    case 1:
      return random.pick(numbers);
    case 2:
    case 3:
      return random.pick(words);
    case 4:
      return Array.from({ length: random.pick([0, 1, 3, 200]) }, () => random.pick(words));
    default:
      return Object.fromEntries(
        Array.from({ length: random.between(0, 4) }, () => [
          random.chance(0.8) ? random.pick(names) : random.pick(words),
          anything(random, names, depth - 1),
        ]),
      );
  }
}

/** The same with one thing wrong: a value that is another, one that is missing, or one that does not belong there. */
export function oneWrong(random: SeededRandom, value: JsonObject, names: readonly string[]): JsonObject {
  const changed = structuredClone(value);
  const place = somewhere(random, changed);
  const keys = Object.keys(place);
  const key = keys.length === 0 || random.chance(0.1) ? random.pick(names) : random.pick(keys);
  if (random.chance(0.15)) delete place[key];
  else Object.defineProperty(place, key, { value: wrongInstead(random, place[key], names), ...ordinary });
  return changed;
}

/** As an assignment, without the meaning that `__proto__` has in one. */
const ordinary = { enumerable: true, configurable: true, writable: true };

/** Mostly of the same type, as that gets furthest. */
function wrongInstead(random: SeededRandom, value: JsonValue | undefined, names: readonly string[]): JsonValue {
  if (typeof value === 'number' && random.chance(0.7)) return random.pick(numbers);
  if (typeof value === 'string' && random.chance(0.7)) return random.pick(words);
  if (typeof value === 'boolean' && random.chance(0.7)) return !value;
  return anything(random, names);
}

/** One of the objects in it, itself included. */
function somewhere(random: SeededRandom, value: JsonObject): JsonObject {
  const inner = Object.values(value).flatMap((member) =>
    isJsonObject(member) ? [member] : Array.isArray(member) ? member.filter(isJsonObject) : [],
  );
  return inner.length === 0 || random.chance(0.3) ? value : somewhere(random, random.pick(inner));
}
