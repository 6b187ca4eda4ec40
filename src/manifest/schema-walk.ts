import { isJsonObject, type JsonObject, type JsonValue } from '../model/json.js';
import { formatFieldPath, type PathSegments } from './field-path.js';
import { own } from '../support/own.js';

export type SchemaByName = (name: string) => JsonObject | undefined;

/**
 * Where a field that does not exist at `path` does exist: the shortest other place of that name among what the user
 * writes, as a field path with [] for lists. Undefined when there is none or more than one equally short.
 */
export function findFieldElsewhere(
  schema: JsonObject,
  name: string,
  path: PathSegments,
  schemaByName: SchemaByName,
): string | undefined {
  const here = formatFieldPath([...path, name]).replace(/\[\d+\]/g, '[]');
  let level: { schema: JsonObject; root: JsonObject; path: string }[] = [{ schema, root: schema, path: '' }];
  for (let depth = 0; depth < 6 && level.length > 0; depth++) {
    const found: string[] = [];
    const next: typeof level = [];
    for (const place of level) {
      for (const [member, child] of Object.entries(membersOf(place.schema))) {
        const memberPath = place.path === '' ? member : `${place.path}.${member}`;
        if (memberPath === 'status') continue;
        if (member === name && memberPath !== here) found.push(memberPath);
        const inner = followReference(child, place.root, schemaByName);
        if (inner) next.push({ ...inner, path: inner.list ? `${memberPath}[]` : memberPath });
      }
    }
    if (found.length > 0) return found.length === 1 ? found[0] : undefined;
    level = next;
  }
  return undefined;
}

function membersOf(schema: JsonObject): JsonObject {
  return isJsonObject(schema['properties']) ? schema['properties'] : {};
}

/** What a schema refers to, with the document it lies in; of a list, its items. Undefined when nothing is there. */
export function followReference(
  schema: JsonValue,
  root: JsonObject,
  schemaByName: SchemaByName,
): { schema: JsonObject; root: JsonObject; list: boolean } | undefined {
  if (!isJsonObject(schema)) return undefined;
  if (isJsonObject(schema['items'])) {
    const item = followReference(schema['items'], root, schemaByName);
    return item && { ...item, list: true };
  }
  const reference = schema['$ref'];
  if (typeof reference !== 'string') return { schema, root, list: false };
  const [file = '', fragment = ''] = reference.split('#');
  const target = file === '' ? root : schemaByName(file);
  if (!target) return undefined;
  let current: JsonValue | undefined = target;
  for (const part of fragment.split('/').filter(Boolean)) {
    current = isJsonObject(current) ? own(current, part) : undefined;
  }
  return isJsonObject(current) ? { schema: current, root: target, list: false } : undefined;
}
