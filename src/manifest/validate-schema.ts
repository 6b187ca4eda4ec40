import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import objectMetaSchema from '../../schemas/object-meta.schema.json' with { type: 'json' };
import type { JsonObject } from '../model/json.js';
import type { Kind } from '../model/kind.js';
import { kinds } from '../model/kinds.js';
import { parsePointer } from './field-path.js';
import { explainSchemaErrors } from './schema-messages.js';
import type { RawTextOf, SchemaIssue } from './schema-issue.js';

export type { RawTextOf, SchemaIssue } from './schema-issue.js';

/**
 * Checks an object of any origin against the schema of its kind. At most 20 issues, unknown fields with the nearest
 * known one. The object is not changed: no coercion, no defaults. Never throws on data.
 */
export function validateSchema(kind: Kind, object: unknown, rawTextOf?: RawTextOf): SchemaIssue[] {
  const validate = validatorOf(kind);
  if (validate(object)) return [];
  return issuesOf(kind, validate.errors ?? [], object, rawTextOf);
}

function issuesOf(kind: Kind, errors: readonly ErrorObject[], object: unknown, rawTextOf?: RawTextOf): SchemaIssue[] {
  const issues = explainSchemaErrors(errors, object, kind.schema, schemaByName, rawTextOf);
  return kind.secretFields ? issues.map((issue) => withoutSecretValue(kind, issue)) : issues;
}

/** Sentences about a wrong type quote the value; of a secret field only what is expected may be told. */
function withoutSecretValue({ secretFields = [] }: Kind, issue: SchemaIssue): SchemaIssue {
  const isSecret = secretFields.some((name) => issue.pointer === `/${name}` || issue.pointer.startsWith(`/${name}/`));
  const expected = /^must be (?:a string|a mapping)/.exec(issue.message)?.[0];
  return isSecret && expected
    ? { ...issue, message: `${expected} (in quotes, if it is a number or true or false)` }
    : issue;
}

/** What is wrong with an object, and a way to have it without the members that its schema does not know. */
interface SeparatedObject<T> {
  /** As of validateSchema, but unknown fields only. */
  unknown: SchemaIssue[];
  /** The object, or a copy without its unknown members, however many there are. */
  known: () => T;
}

/** Looks for unknown fields; one validation for both answers, because it is what costs. */
export function separateUnknownFields<T>(kind: Kind, object: T): SeparatedObject<T> {
  const validate = validatorOf(kind);
  if (validate(object)) return { unknown: [], known: () => object };
  const errors = (validate.errors ?? []).filter(isUnknownField);
  return {
    unknown: issuesOf(kind, errors, object),
    known: () => withoutMembers(object, errors),
  };
}

function withoutMembers<T>(object: T, errors: readonly ErrorObject[]): T {
  if (errors.length === 0) return object;
  const copy = structuredClone(object);
  for (const error of errors) {
    let parent: unknown = copy;
    for (const part of parsePointer(error.instancePath)) parent = (parent as Record<string, unknown>)[part];
    delete (parent as Record<string, unknown>)[String(error.params['additionalProperty'])];
  }
  return copy;
}

function isUnknownField(error: ErrorObject): boolean {
  return error.keyword === 'additionalProperties';
}

/**
 * For servers: what compiles validation, one function a kind, so that no request waits for it. A short-lived process compiles
 * the one schema that it needs, when it needs it.
 */
export function compileValidators(): (() => void)[] {
  return kinds.map((kind) => () => void validatorOf(kind));
}

// Compiling takes longer than a whole `get`, so nothing is compiled before somebody validates.
let ajv: Ajv | undefined;
const validators = new Map<string, ValidateFunction>();

function validatorOf(kind: Kind): ValidateFunction {
  const id = kind.schema['$id'] as string;
  let validate = validators.get(id);
  if (!validate) {
    validate = validatorsOf().getSchema(id) ?? validatorsOf().compile(kind.schema);
    validators.set(id, validate);
  }
  return validate;
}

function validatorsOf(): Ajv {
  if (!ajv) {
    ajv = new Ajv({
      allErrors: true,
      verbose: true,
      strict: true,
      allowUnionTypes: true,
      strictRequired: false,
      // The four below halve the time to the first answer of a short-lived process; a test checks the schemas themselves.
      inlineRefs: false,
      code: { optimize: false },
      meta: false,
      validateSchema: false,
    });
    addFormats.default(ajv, ['ipv4', 'ipv6', 'date-time', 'uri']);
    for (const schema of schemas()) ajv.addSchema(schema);
  }
  return ajv;
}

function schemas(): JsonObject[] {
  return [objectMetaSchema, ...kinds.map((kind) => kind.schema)];
}

/** A schema that a $ref names by file. */
function schemaByName(name: string): JsonObject | undefined {
  return schemas().find((schema) => schema['$id'] === name);
}
