import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import objectMetaSchema from '../../schemas/object-meta.schema.json' with { type: 'json' };
import type { JsonObject, JsonValue } from '../model/json.js';
import type { FieldTreatment, Kind } from '../model/kind.js';
import { kinds } from '../model/kinds.js';
import { podKind } from '../model/pod.js';
import { formatFieldPath, formatPointer, parsePointer, resolvePointer, shorten } from './field-path.js';
import { explainSchemaErrors } from './schema-messages.js';
import type { RawTextOf, SchemaIssue } from './schema-issue.js';
import { own } from '../support/own.js';

export type { RawTextOf, SchemaIssue } from './schema-issue.js';

/**
 * Checks an object of any origin against the schema of its kind. At most 20 issues, unknown fields with the nearest
 * known one. The object is not changed: no coercion, no defaults. Never throws on data.
 */
export function validateSchema(kind: Kind, object: unknown, rawTextOf?: RawTextOf): SchemaIssue[] {
  const validate = validatorOf(kind);
  if (validate(object)) return [];
  return issuesOf(kind, withoutTolerated(kind, validate.errors ?? [], object), object, rawTextOf);
}

function issuesOf(kind: Kind, errors: readonly ErrorObject[], object: unknown, rawTextOf?: RawTextOf): SchemaIssue[] {
  const issues = explainSchemaErrors(errors, object, kind.schema, schemaByName, rawTextOf);
  if (kind.treatField) return issues.map((issue) => asRefused(kind, issue, object));
  return kind.secretFields ? issues.map((issue) => withoutSecretValue(kind, issue)) : issues;
}

function withoutTolerated(kind: Kind, errors: readonly ErrorObject[], object: unknown): readonly ErrorObject[] {
  if (!kind.treatField) return errors;
  return errors.filter((error) => {
    const { treatment } = treat(kind, error, object);
    return treatment === 'refuse' || treatment === 'unknown';
  });
}

function treat(kind: Kind, error: ErrorObject, object: unknown): { field: string; treatment: FieldTreatment } {
  if (!kind.treatField || !isUnknownField(error)) return { field: '', treatment: 'unknown' };
  const name = String(error.params['additionalProperty']);
  const field = formatFieldPath([...resolvePointer(object, error.instancePath), name]);
  const owner = error.data as JsonObject | undefined;
  return { field, treatment: kind.treatField(field, own(owner, name)) };
}

/** A field that Kubernetes has and orch must not let pass: no fieldValidation drops it. */
function asRefused(kind: Kind, issue: SchemaIssue, object: unknown): SchemaIssue {
  const value = valueAt(object, issue.pointer);
  if (!issue.unknownField || kind.treatField?.(issue.field, value) !== 'refuse') return issue;
  const message = kind.explainRefusal?.(issue.field, value) ?? 'orch does not act on this field: remove it';
  return { ...issue, reason: 'FieldValueNotSupported', message, unknownField: false };
}

function valueAt(root: unknown, pointer: string): JsonValue | undefined {
  return parsePointer(pointer).reduce<unknown>((value, part) => own(value as JsonObject | undefined, part), root) as
    JsonValue | undefined;
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
  /** As of validateSchema, but unknown fields only, and all of them. */
  unknown: SchemaIssue[];
  /** Fields of Kubernetes that orch keeps without acting on them: spec.template.spec.dnsPolicy. */
  kept: string[];
  /** The object, or a copy without its unknown members, however many there are. */
  known: () => T;
}

/** Looks for unknown fields; one validation for both answers, because it is what costs. */
export function separateUnknownFields<T>(kind: Kind, object: T): SeparatedObject<T> {
  const validate = validatorOf(kind);
  if (validate(object)) return { unknown: [], kept: [], known: () => object };
  const treated = (validate.errors ?? [])
    .filter(isUnknownField)
    .map((error) => ({ error, ...treat(kind, error, object) }));
  const unknown = treated.filter(({ treatment }) => treatment === 'unknown').map(({ error }) => error);
  const explained = issuesOf(kind, unknown, object);
  const told = new Set(explained.map(({ pointer }) => pointer));
  return {
    unknown: [
      ...explained,
      ...unknown.map((error) => bareIssue(error, object)).filter(({ pointer }) => !told.has(pointer)),
    ],
    kept: treated.filter(({ treatment }) => treatment === 'keep').map(({ field }) => field),
    known: () => withoutMembers(object, unknown),
  };
}

/** What a field is worth that comes after those that are explained. */
function bareIssue(error: ErrorObject, object: unknown): SchemaIssue {
  const name = String(error.params['additionalProperty']);
  const path = [...resolvePointer(object, error.instancePath), name];
  return {
    reason: 'FieldValueInvalid',
    field: formatFieldPath(path),
    pointer: formatPointer(path),
    message: `unknown field "${shorten(name)}"`,
    unknownField: true,
  };
}

function withoutMembers<T>(object: T, errors: readonly ErrorObject[]): T {
  if (errors.length === 0) return object;
  const copy = structuredClone(object);
  for (const error of errors) {
    let parent: unknown = copy;
    for (const part of parsePointer(error.instancePath)) parent = own(parent as Record<string, unknown>, part);
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
  return [objectMetaSchema, podKind.schema, ...kinds.map((kind) => kind.schema)];
}

/** A schema that a $ref names by file. */
function schemaByName(name: string): JsonObject | undefined {
  return schemas().find((schema) => schema['$id'] === name);
}
