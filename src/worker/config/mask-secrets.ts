import type { StoredTask } from '../../model/task.js';
import type { ContainerInputs } from './container-inputs.js';

const mask = '***';
/** Shorter ones would be found in half of all words, and what is left of a message would tell them. */
const leastValueLength = 4;
/** A line of a longer value, such as a key: engines quote line by line. */
const leastLineLength = 8;

/**
 * A message that the engine, a probe or a program wrote, without the values of Secrets that the container was given: expanded into a
 * command, they come back in whatever quotes it. Also as Go and JSON quote them. Pure.
 */
export function maskSecrets(message: string, secrets: readonly string[]): string {
  if (secrets.length === 0 || message === '') return message;
  const texts = new Set<string>();
  for (const secret of secrets) {
    const lines = secret.split(/\r?\n/).filter((line, _index, all) => all.length > 1 && line.length >= leastLineLength);
    for (const text of [secret, secret.trim(), ...lines]) {
      if (text.length < leastValueLength) continue;
      texts.add(text);
      texts.add(JSON.stringify(text).slice(1, -1));
    }
  }
  return [...texts].sort((a, b) => b.length - a.length).reduce((left, text) => left.replaceAll(text, mask), message);
}

/** What of these inputs no message may tell. Of inputs that an older version remembered: whatever is not plain in the spec. */
export function secretsOf(task: StoredTask, inputs: ContainerInputs | undefined): readonly string[] {
  if (!inputs) return [];
  if (inputs.secrets) return inputs.secrets;
  const plain = new Set((task.spec.env ?? []).flatMap(({ name, value }) => (value === undefined ? [] : [name])));
  return inputs.env.filter(({ name }) => !plain.has(name)).map(({ value }) => value);
}
