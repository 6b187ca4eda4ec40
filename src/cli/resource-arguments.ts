import { nearest } from '../manifest/nearest.js';
import type { ObjectKey } from '../model/api-object.js';
import type { Kind } from '../model/kind.js';
import { findKindByAlias, kinds } from '../model/kinds.js';
import { taskKind } from '../model/task.js';
import { OrchError } from '../support/errors.js';

/** What a command is about: all objects of a kind, or one. */
export interface Selection {
  kind: Kind;
  name?: string;
}

/**
 * `tasks`, `tasks,nodes`, `all`, `task web db`, `task/web node/n1` -> what is meant. Throws BadRequest that says what is
 * wrong, with the nearest known kind.
 */
export function parseResourceArguments(words: readonly string[]): Selection[] {
  const [first, ...rest] = words;
  if (first === undefined) {
    throw new OrchError('BadRequest', `what kind of object? ${listKinds()}`);
  }
  if (words.some((word) => word.includes('/'))) return words.map(parseSlashed);
  const chosen = [...new Set(first.split(',').flatMap(kindsOf))];
  if (rest.length === 0) return chosen.map((kind) => ({ kind }));
  return chosen.flatMap((kind) => rest.map((name) => ({ kind, name })));
}

/** `web` or `task/web`: for commands that are about tasks only. */
export function parseTaskArgument(word: string, verb: string): string {
  return parseNamed(word, taskKind, verb);
}

/** `n1` or `node/n1`: an object of this kind. */
export function parseNamed(word: string, kind: Kind, verb: string): string {
  if (!word.includes('/')) return word;
  const selection = parseSlashed(word);
  if (selection.kind !== kind) {
    throw new OrchError('BadRequest', `${verb} works on ${kind.plural}, not on ${selection.kind.plural}`);
  }
  return selection.name;
}

/** The key of an object of this kind; only namespaced kinds have the namespace. */
export function keyIn(kind: Kind, namespace: string, name: string): ObjectKey {
  return kind.namespaced ? { namespace, name } : { name };
}

/** `task/web`: how output names an object. */
export function label(kind: Pick<Kind, 'singular'>, name: string): string {
  return `${kind.singular}/${name}`;
}

function parseSlashed(word: string): { kind: Kind; name: string } {
  const [alias = '', name = '', ...more] = word.split('/');
  if (alias === '' || name === '' || more.length > 0) {
    throw new OrchError(
      'BadRequest',
      `"${word}" is neither KIND/NAME nor a kind: do not mix "KIND NAME" and "KIND/NAME"`,
    );
  }
  const [kind, ...others] = kindsOf(alias);
  if (!kind || others.length > 0) throw new OrchError('BadRequest', `"${alias}" is more than one kind: name one`);
  return { kind, name };
}

/** What people from Kubernetes type: a Pod is how a Task looks there. */
const podNames: ReadonlySet<string> = new Set(['pods', 'pod', 'po']);

function kindsOf(alias: string): Kind[] {
  const kind = findKindByAlias(podNames.has(alias.toLowerCase()) ? taskKind.plural : alias);
  if (kind) return [kind];
  const inCategory = kinds.filter((candidate) => candidate.categories.includes(alias.toLowerCase()));
  if (inCategory.length > 0) return inCategory;
  const names = kinds.flatMap((candidate) => [candidate.plural, candidate.singular]);
  const meant = nearest(alias, names);
  throw new OrchError(
    'BadRequest',
    `there is no kind of object called "${alias}"${meant === undefined ? '' : `: did you mean "${meant}"?`}\n${listKinds()}`,
  );
}

function listKinds(): string {
  const names = kinds.map((kind) =>
    kind.shortNames.length === 0 ? kind.plural : `${kind.plural} (${kind.shortNames.join(', ')})`,
  );
  return `Known kinds: ${names.join(', ')}.`;
}
