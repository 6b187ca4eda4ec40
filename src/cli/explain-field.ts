import objectMetaSchema from '../../schemas/object-meta.schema.json' with { type: 'json' };
import { nearest } from '../manifest/nearest.js';
import { followReference } from '../manifest/schema-walk.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../model/json.js';
import { apiVersionOf, type Kind } from '../model/kind.js';
import { kinds } from '../model/kinds.js';
import { OrchError } from '../support/errors.js';

interface Field {
  name: string;
  /** As it is written where the field is declared: its own description goes before that of what it refers to. */
  declared: JsonObject;
  schema: JsonObject;
  root: JsonObject;
  isList: boolean;
  isRequired: boolean;
}

/** What a kind, or a field of it, means, and what is in it, in lines for people. Pure. Throws BadRequest for an unknown field. */
export function explainField(kind: Kind, path: readonly string[]): string[] {
  const field = findField(kind, path);
  const members = fieldsOf(field);
  return [
    `KIND:     ${kind.kind}`,
    `VERSION:  ${apiVersionOf(kind)}`,
    ...(path.length === 0 ? [] : [`FIELD:    ${path.join('.')} <${typeOf(field)}>`]),
    '',
    ...['DESCRIPTION:', ...meaningOf(field).map((line) => `  ${line}`)],
    ...(members.length === 0 ? [] : ['', 'FIELDS:']),
    ...members.flatMap((member) => [headOf(member), ...meaningOf(member).map((line) => `    ${line}`), '']),
  ];
}

/** Every field below a kind or a field of it, indented, with its type. Pure. Throws BadRequest for an unknown field. */
export function listFields(kind: Kind, path: readonly string[]): string[] {
  const list = (field: Field, indent: string): string[] =>
    fieldsOf(field).flatMap((member) => [
      `${indent}${headOf(member).trimStart()}`,
      // No schema of ours contains itself; the bound is for one that will.
      ...(indent.length < 32 ? list(member, `${indent}  `) : []),
    ]);
  return [
    `KIND:     ${kind.kind}`,
    `VERSION:  ${apiVersionOf(kind)}`,
    '',
    'FIELDS:',
    ...list(findField(kind, path), '  '),
  ];
}

function findField(kind: Kind, path: readonly string[]): Field {
  const { schema } = kind;
  let field: Field = { name: kind.kind, declared: schema, schema, root: schema, isList: false, isRequired: false };
  const walked: string[] = [kind.singular];
  for (const name of path) {
    const members = fieldsOf(field);
    const found = members.find((member) => member.name === name);
    if (!found) throw unknownField(walked.join('.'), name, members);
    walked.push(name);
    field = found;
  }
  return field;
}

function unknownField(where: string, name: string, members: readonly Field[]): OrchError {
  const names = members.map((member) => member.name);
  const meant = nearest(name, names);
  const hint =
    meant !== undefined
      ? `did you mean "${meant}"?`
      : names.length === 0
        ? 'there are no fields in it'
        : `it has ${names.join(', ')}`;
  return new OrchError('BadRequest', `${where} has no field "${name}": ${hint}`);
}

function fieldsOf({ schema, root }: Field): Field[] {
  const members = isJsonObject(schema['properties']) ? schema['properties'] : {};
  const required = Array.isArray(schema['required']) ? schema['required'] : [];
  return Object.entries(members).flatMap(([name, declared]) => {
    const target = followReference(declared, root, schemaByName);
    if (!target || !isJsonObject(declared)) return [];
    return [
      {
        ...{ name, declared, schema: target.schema, root: target.root },
        ...{ isList: target.list, isRequired: required.includes(name) },
      },
    ];
  });
}

function schemaByName(name: string): JsonObject | undefined {
  return [objectMetaSchema as JsonObject, ...kinds.map(({ schema }) => schema)].find(({ $id }) => $id === name);
}

function headOf(field: Field): string {
  return `  ${field.name} <${typeOf(field)}>${field.isRequired ? ' -required-' : ''}`;
}

function typeOf({ schema, isList }: Field): string {
  const { additionalProperties, properties } = schema;
  const isMap = isJsonObject(additionalProperties) && !properties;
  const of = (value: JsonValue | undefined): string =>
    [value]
      .flat()
      .filter((name) => typeof name === 'string')
      .join(' or ');
  const type = isMap ? `map of ${of(additionalProperties['type']) || 'any'}` : of(schema['type']) || 'object';
  return isList ? `list of ${type}` : type;
}

/** The description, and what a value may be. */
function meaningOf({ declared, schema }: Field): string[] {
  const text = declared['description'] ?? schema['description'];
  const allowed = schema['enum'];
  const byDefault = declared['default'] ?? schema['default'];
  return [
    ...(typeof text === 'string' ? [text] : []),
    ...(Array.isArray(allowed) ? [`One of: ${allowed.map((value) => JSON.stringify(value)).join(', ')}.`] : []),
    ...(byDefault === undefined || byDefault === '' ? [] : [`Default: ${JSON.stringify(byDefault)}.`]),
  ];
}
