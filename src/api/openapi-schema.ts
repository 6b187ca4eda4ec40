import objectMetaSchema from '../../schemas/object-meta.schema.json' with { type: 'json' };
import { isJsonObject, type JsonObject, type JsonValue } from '../model/json.js';
import type { Kind } from '../model/kind.js';
import { kinds as allKinds } from '../model/kinds.js';
import { podKind } from '../model/pod.js';
import { listShapesOf } from '../registry/managed-fields/list-shapes.js';
import { own } from '../support/own.js';

/** JSON Schema (draft 7, from schemas/) to the schema objects of OpenAPI 3.0: pure, and the only place that knows both. */
const kept = new Set([
  'title',
  'description',
  'required',
  'enum',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'pattern',
  'minItems',
  'maxItems',
  'uniqueItems',
  'format',
  'default',
  'minProperties',
  'maxProperties',
]);

/** `components.schemas` of the given kinds, with everything that they refer to: definitions (also of other kinds), ObjectMeta. */
export function componentSchemas(kinds: readonly Kind[]): JsonObject {
  const all = new Map<string, JsonObject>();
  const addDocument = (schema: JsonObject, prefix: string, extra: JsonObject): void => {
    all.set(`${prefix}${text(schema['title'])}`, { ...convertSchema(schema, prefix), ...extra });
    const definitions = schema['definitions'];
    if (!isJsonObject(definitions)) return;
    for (const [name, definition] of Object.entries(definitions)) {
      all.set(`${prefix}${name}`, convertSchema(definition, prefix));
    }
  };
  addDocument(objectMetaSchema, schemaPrefix('meta'), {});
  for (const kind of new Set([...allKinds, podKind, ...kinds])) {
    addDocument(kind.schema, prefixOf(kind), { 'x-kubernetes-group-version-kind': [groupVersionKind(kind)] });
  }
  const components: JsonObject = {};
  const take = (name: string): void => {
    const schema = all.get(name);
    if (!schema || Object.hasOwn(components, name)) return;
    components[name] = schema;
    for (const other of referencesOf(schema)) take(other);
  };
  for (const kind of kinds) {
    take(componentName(kind));
    markLists(kind, components);
  }
  return components;
}

/**
 * Says of lists how they merge, or kubectl, which makes its patches by this, takes each for one value: then an apply that
 * changes nothing sends a patch all the same.
 */
function markLists(kind: Kind, components: JsonObject): void {
  const root = own(components, componentName(kind));
  for (const [path, shape] of listShapesOf(kind)) {
    const list = propertyAt(components, root, path.split('.'));
    if (!list) continue;
    list['x-kubernetes-list-type'] = shape.type === 'set' ? 'set' : 'map';
    list['x-kubernetes-patch-strategy'] = 'merge';
    if (shape.type === 'set') continue;
    list['x-kubernetes-list-map-keys'] = [...shape.keys];
    list['x-kubernetes-patch-merge-key'] = shape.keys[0] ?? '';
  }
  for (const path of kind.retainKeys ?? []) {
    const property = propertyAt(components, root, path.split('.'));
    if (!property) continue;
    const merges = property['x-kubernetes-patch-strategy'] === undefined ? '' : 'merge,';
    property['x-kubernetes-patch-strategy'] = `${merges}retainKeys`;
  }
}

/** The schema of a property, through references and the items of lists. */
function propertyAt(
  components: JsonObject,
  schema: JsonValue | undefined,
  [name, ...rest]: readonly string[],
): JsonObject | undefined {
  if (name === undefined) return isJsonObject(schema) ? schema : undefined;
  let owner = targetOf(components, schema);
  if (owner?.['items'] !== undefined) owner = targetOf(components, owner['items']);
  const properties = owner?.['properties'];
  return isJsonObject(properties) ? propertyAt(components, own(properties, name), rest) : undefined;
}

function targetOf(components: JsonObject, schema: JsonValue | undefined): JsonObject | undefined {
  if (!isJsonObject(schema)) return undefined;
  const [first] = Array.isArray(schema['allOf']) ? schema['allOf'] : [];
  const reference = isJsonObject(first) ? first['$ref'] : undefined;
  if (typeof reference !== 'string') return schema;
  const target = own(components, reference.slice(referencePrefix.length));
  return isJsonObject(target) ? target : undefined;
}

const referencePrefix = '#/components/schemas/';

function referencesOf(value: JsonValue): string[] {
  if (Array.isArray(value)) return value.flatMap(referencesOf);
  if (!isJsonObject(value)) return [];
  const reference = value['$ref'];
  const own = typeof reference === 'string' ? [reference.slice(referencePrefix.length)] : [];
  return [...own, ...Object.values(value).flatMap(referencesOf)];
}

/** The name of a kind's schema under `components.schemas`. */
export function componentName(kind: Kind): string {
  return `${prefixOf(kind)}${text(kind.schema['title'])}`;
}

export function groupVersionKind(kind: Kind): JsonObject {
  return { group: kind.group, version: kind.version, kind: kind.kind };
}

/** Each document's definitions have names of their own: two kinds may both define a Condition. */
function prefixOf(kind: Kind): string {
  return schemaPrefix(text(kind.schema['$id']).replace('.schema.json', ''));
}

function schemaPrefix(document: string): string {
  return document === 'meta' || document === 'object-meta' ? 'dev.orch.meta.v1.' : `dev.orch.${document}.v1.`;
}

function convertSchema(schema: JsonValue, prefix: string): JsonObject {
  if (!isJsonObject(schema)) return {};
  const reference = schema['$ref'];
  if (typeof reference === 'string') {
    const target = { $ref: `${referencePrefix}${referenceName(reference, prefix)}` };
    // Beside $ref nothing counts in OpenAPI 3.0, so a description needs allOf; kubectl prints the type's name then.
    return schema['description'] === undefined
      ? { allOf: [target] }
      : { description: schema['description'], allOf: [target] };
  }
  const converted: JsonObject = {};
  for (const [key, value] of Object.entries(schema)) {
    if (kept.has(key)) converted[key] = value;
    else if (key === 'const') converted['enum'] = [value];
    else if (key === 'examples' && Array.isArray(value) && value[0] !== undefined) converted['example'] = value[0];
    else if (key === 'type') Object.assign(converted, convertType(value));
    else if (key === 'properties' && isJsonObject(value)) converted['properties'] = mapValues(value, prefix);
    else if (key === 'items') converted['items'] = convertSchema(value, prefix);
    else if (key === 'additionalProperties' && value !== false) {
      converted['additionalProperties'] = value === true ? true : convertSchema(value, prefix);
    } else if (['oneOf', 'anyOf', 'allOf'].includes(key) && Array.isArray(value)) {
      converted[key] = value.map((item) => convertSchema(item, prefix));
    }
  }
  return converted;
}

/** OpenAPI 3.0 has one type; null is `nullable`, and several types are `anyOf`. */
function convertType(type: JsonValue): JsonObject {
  if (!Array.isArray(type)) return { type };
  const named = type.filter((name) => name !== 'null');
  const nullable: JsonObject = named.length < type.length ? { nullable: true } : {};
  return named.length === 1
    ? { type: named[0] ?? 'object', ...nullable }
    : { anyOf: named.map((name) => ({ type: name })), ...nullable };
}

function mapValues(properties: JsonObject, prefix: string): JsonObject {
  return Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, convertSchema(schema, prefix)]));
}

/** `#/definitions/X`, `other.schema.json`, `other.schema.json#/definitions/X`. */
function referenceName(reference: string, prefix: string): string {
  const [document = '', pointer = ''] = reference.split('#');
  const owner = document === '' ? prefix : schemaPrefix(document.replace('.schema.json', ''));
  const name = pointer.split('/').pop() ?? '';
  return `${owner}${name === '' ? titleOf(document) : name}`;
}

function titleOf(document: string): string {
  return document
    .replace('.schema.json', '')
    .split('-')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}

function text(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}
