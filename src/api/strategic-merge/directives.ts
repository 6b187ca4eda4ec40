import { isJsonObject, type JsonValue } from '../../model/json.js';
import { OrchError } from '../../support/errors.js';

export const orderPrefix = '$setElementOrder/';
export const removePrefix = '$deleteFromPrimitiveList/';

/**
 * A piece of a patch that meets nothing it could be merged with: without nulls and directives. Undefined for what is itself a
 * directive, such as an object that only says `$patch`. Pure.
 */
export function cleaned(value: JsonValue, path: string): JsonValue | undefined {
  if (Array.isArray(value)) {
    return value.map((item) => cleaned(item, path)).filter((item) => item !== undefined);
  }
  if (!isJsonObject(value)) return value;
  if (value['$patch'] !== undefined && value['$patch'] !== null) return undefined;
  const members = Object.entries(value).flatMap(([key, member]): [string, JsonValue][] => {
    if (member === null || isDirective(key)) return [];
    if (key.startsWith('$')) throw refuseDirective(key, path);
    const kept = cleaned(member, memberPath(path, key));
    return kept === undefined ? [] : [[key, kept]];
  });
  return Object.fromEntries(members);
}

function isDirective(key: string): boolean {
  return key === '$patch' || key === '$retainKeys' || key.startsWith(orderPrefix) || key.startsWith(removePrefix);
}

/** Paths of lists leave out the items. */
export function memberPath(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

export function refuseDirective(directive: string, path: string): OrchError {
  const where = path === '' ? '' : ` in ${path}`;
  return new OrchError(
    'BadRequest',
    `the directive "${directive.slice(0, 100)}"${where} of this strategic merge patch is not one that can be followed: use a merge patch`,
  );
}
