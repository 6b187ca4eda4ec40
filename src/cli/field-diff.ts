import type { JsonObject, JsonValue } from '../model/json.js';
import { canonicalJson, isJsonObject } from '../model/json.js';
import type { Kind } from '../model/kind.js';
import { isSecretPath } from './secret-values.js';
import { own } from '../support/own.js';

interface FieldChange {
  /** spec.env[GREETING].value */
  path: string;
  before?: JsonValue;
  after?: JsonValue;
}

/**
 * What differs, field by field, in the order of the fields. Entries of lists that have a key (env by name, ports by
 * number) are compared with the entry of the same key, others by position. Pure.
 */
export function diffFields(
  kind: Pick<Kind, 'listKeys'>,
  before: JsonValue | undefined,
  after: JsonValue | undefined,
): FieldChange[] {
  return diff(kind.listKeys, '', '', before, after);
}

/** `- path: old` and `+ path: new`; of secret values only that they changed. */
export function formatChanges(kind: Pick<Kind, 'secretFields'>, changes: readonly FieldChange[]): string[] {
  return changes.flatMap(({ path, before, after }) => {
    const shown = isSecretPath(kind, path) ? () => '<hidden>' : show;
    return [
      ...(before === undefined ? [] : [`- ${path}: ${shown(before)}`]),
      ...(after === undefined ? [] : [`+ ${path}: ${shown(after)}`]),
    ];
  });
}

function show(value: JsonValue): string {
  return typeof value === 'string' && /^[\w./:@-]+$/.test(value) ? value : JSON.stringify(value);
}

function diff(
  listKeys: Kind['listKeys'],
  shownPath: string,
  schemaPath: string,
  before: JsonValue | undefined,
  after: JsonValue | undefined,
): FieldChange[] {
  if (before === undefined && after === undefined) return [];
  const within = (name: string): [string, string] => [
    shownPath === '' ? name : `${shownPath}.${name}`,
    schemaPath === '' ? name : `${schemaPath}.${name}`,
  ];
  // Something that appears or goes is told field by field too.
  const left = before === undefined ? emptyLike(after) : before;
  const right = after === undefined ? emptyLike(before) : after;
  if (isJsonObject(left) && isJsonObject(right)) {
    const names = [...new Set([...Object.keys(left), ...Object.keys(right)])];
    const changes = names.flatMap((name) =>
      diff(listKeys, ...within(name), memberOf(left, name), memberOf(right, name)),
    );
    return changes.length === 0 && (before === undefined || after === undefined)
      ? [change(shownPath, before, after)]
      : changes;
  }
  if (Array.isArray(left) && Array.isArray(right) && hasObjects(left, right)) {
    const keys = own(listKeys, schemaPath);
    const [olds, news] = [byKey(left, keys), byKey(right, keys)];
    return [...new Set([...olds.keys(), ...news.keys()])].flatMap((key) =>
      diff(listKeys, `${shownPath}[${key}]`, schemaPath, olds.get(key), news.get(key)),
    );
  }
  return canonicalJson(before ?? null) === canonicalJson(after ?? null) &&
    (before === undefined) === (after === undefined)
    ? []
    : [change(shownPath, before, after)];
}

/** An own member only: a manifest may call one `constructor`. */
function memberOf(object: JsonObject, name: string): JsonValue | undefined {
  return own(object, name);
}

function change(path: string, before: JsonValue | undefined, after: JsonValue | undefined): FieldChange {
  return { path, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) };
}

function emptyLike(value: JsonValue | undefined): JsonValue | undefined {
  return isJsonObject(value) ? {} : Array.isArray(value) ? [] : undefined;
}

function hasObjects(...lists: readonly JsonValue[][]): boolean {
  return lists.flat().some((item) => isJsonObject(item));
}

function byKey(list: readonly JsonValue[], keys: readonly string[] | undefined): Map<string, JsonValue> {
  const entries = list.map((item, index): [string, JsonValue] => {
    const parts = isJsonObject(item) ? (keys ?? []).map((key) => own(item, key)) : [];
    const named = parts.filter((part) => part !== undefined && part !== null).map((part) => show(part as JsonValue));
    return [named.length === 0 ? String(index) : named.join('/'), item];
  });
  const map = new Map(entries);
  // Two entries with one key: only the position tells them apart.
  return map.size === list.length ? map : new Map(list.map((item, index) => [String(index), item]));
}
