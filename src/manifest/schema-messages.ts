import type { ErrorObject } from 'ajv';
import { isJsonObject, type JsonObject, type JsonValue } from '../model/json.js';
import { formatFieldPath, formatPointer, resolvePointer, shorten, type PathSegments } from './field-path.js';
import { maxErrorsPerInput } from './limits.js';
import { nearest } from './nearest.js';
import { patternSentence } from './pattern-sentences.js';
import { findFieldElsewhere, type SchemaByName } from './schema-walk.js';
import type { RawTextOf, SchemaIssue } from './schema-issue.js';
import { own } from '../support/own.js';

/** Of ajv; what is told comes out of these. */
const maxErrorsLookedAt = 20 * maxErrorsPerInput;

/**
 * ajv's errors as one sentence per problem. What only repeats another error (propertyNames, the branches of a oneOf) is
 * left out; unknown fields and enum values come with the nearest right one.
 */
export function explainSchemaErrors(
  errors: readonly ErrorObject[],
  root: unknown,
  schema: JsonObject,
  schemaByName: SchemaByName,
  rawTextOf: RawTextOf = () => undefined,
): SchemaIssue[] {
  const issues: SchemaIssue[] = [];
  const seen = new Set<string>();
  // A list with thousands of wrong items has thousands of errors, of which a few are told.
  const looked = errors.slice(0, maxErrorsLookedAt);
  const misspelt = misspeltRequired(looked);
  for (const error of withoutNoise(looked)) {
    if (misspelt.has(error)) continue;
    if (issues.length >= maxErrorsPerInput) break;
    const issue = explain(error, root, schema, schemaByName, rawTextOf);
    // One value, one sentence: a text that is too long need not be told that it breaks the pattern, too.
    const key =
      issue.unknownField || error.keyword === 'required' ? `${error.keyword} ${issue.pointer}` : issue.pointer;
    if (seen.has(key)) continue;
    seen.add(key);
    issues.push(issue);
  }
  return issues;
}

function withoutNoise(errors: readonly ErrorObject[]): ErrorObject[] {
  const choices = errors.filter((error) => error.keyword === 'oneOf' || error.keyword === 'anyOf');
  return errors.filter(
    (error) =>
      error.keyword !== 'propertyNames' &&
      error.keyword !== 'if' &&
      !choices.some(
        (choice) =>
          choice !== error &&
          error.schemaPath.startsWith(`${choice.schemaPath}/`) &&
          error.instancePath === choice.instancePath,
      ),
  );
}

/** "image is required" beside "unknown field imgae: did you mean image?" is one problem, and the second says it better. */
function misspeltRequired(errors: readonly ErrorObject[]): ReadonlySet<ErrorObject> {
  const unknown = errors.filter((error) => error.keyword === 'additionalProperties');
  return new Set(
    errors.filter(
      (error) =>
        error.keyword === 'required' &&
        unknown.some(
          ({ instancePath, params }) =>
            instancePath === error.instancePath &&
            nearest(String(params['additionalProperty']), [String(error.params['missingProperty'])]) !== undefined,
        ),
    ),
  );
}

function explain(
  error: ErrorObject,
  root: unknown,
  schema: JsonObject,
  schemaByName: SchemaByName,
  rawTextOf: RawTextOf,
): SchemaIssue {
  const segments = resolvePointer(root, error.instancePath);
  const issue = (path: PathSegments, reason: string, message: string, unknownField = false): SchemaIssue => ({
    reason,
    field: formatFieldPath(path),
    pointer: formatPointer(path),
    message,
    unknownField,
  });
  const parent = (error.parentSchema ?? {}) as JsonObject;
  if (error.keyword === 'required') {
    return issue([...segments, String(error.params['missingProperty'])], 'FieldValueRequired', 'is required');
  }
  if (error.keyword === 'additionalProperties') {
    const name = String(error.params['additionalProperty']);
    const known = isJsonObject(parent['properties']) ? Object.keys(parent['properties']) : [];
    const message = unknownFieldMessage(name, known, error.data, segments, schema, schemaByName);
    return issue([...segments, name], 'FieldValueInvalid', message, true);
  }
  if (error.propertyName !== undefined) {
    const message =
      error.keyword === 'pattern'
        ? constraintMessage(error, error.propertyName, parent)
        : `the key "${shorten(error.propertyName)}" ${constraintMessage(error, error.propertyName, parent)}`;
    return issue([...segments, error.propertyName], 'FieldValueInvalid', message);
  }
  const raw = rawTextOf(error.instancePath);
  if (error.keyword === 'type') {
    return issue(segments, 'FieldValueTypeInvalid', typeMessage(error.schema as JsonValue, error.data, raw));
  }
  if (error.keyword === 'enum' || error.keyword === 'const') {
    const allowed = error.keyword === 'enum' ? (error.schema as JsonValue[]) : [error.schema as JsonValue];
    return issue(segments, 'FieldValueNotSupported', enumMessage(allowed, error.data, raw));
  }
  return issue(segments, 'FieldValueInvalid', constraintMessage(error, error.data, parent));
}

function unknownFieldMessage(
  name: string,
  known: readonly string[],
  data: unknown,
  path: PathSegments,
  schema: JsonObject,
  schemaByName: SchemaByName,
): string {
  const near = nearest(name, known);
  // An exact name elsewhere (image beside spec) is a better guess than a vaguely similar one here.
  const elsewhere = findFieldElsewhere(schema, name, path, schemaByName);
  const what = `unknown field "${shorten(name)}"`;
  if (near !== undefined) {
    const there = isJsonObject(data) && Object.hasOwn(data, near);
    return there ? `${what}: "${near}" is there, too; remove one` : `${what}: did you mean "${near}"?`;
  }
  if (elsewhere !== undefined) return `${what}: it belongs at ${elsewhere}`;
  if (known.length === 0) return `${what}: no fields are allowed here`;
  return known.length <= 12 ? `${what}: known here are ${known.join(', ')}` : what;
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'a string',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  object: 'a mapping',
  array: 'a list',
  null: 'null',
};

function typeMessage(type: JsonValue, data: unknown, raw: string | undefined): string {
  const types = (Array.isArray(type) ? type : [type]).map(String).filter((name) => name !== 'null');
  const expected = types.map((name) => own(typeNames, name) ?? name).join(' or ');
  const must = `must be ${expected}`;
  if (data === null || data === undefined) return `${must}, but there is no value`;
  if (types.length === 1 && types[0] === 'string' && typeof data !== 'object') {
    return `must be a string; quote it: ${JSON.stringify(shorten(raw ?? textOf(data)))}`;
  }
  if (typeof data === 'string') {
    const quoted = `"${shorten(data)}"`;
    const unquoted =
      (types.includes('integer') && /^[+-]?\d{1,15}$/.test(data)) ||
      (types.includes('number') && data.trim() !== '' && Number.isFinite(Number(data))) ||
      (types.includes('boolean') && /^(true|false)$/.test(data));
    if (unquoted) return `${must}; write it without quotes: ${data}`;
    const meant = types.includes('boolean') ? yesOrNo(data) : undefined;
    if (meant !== undefined) return `${must}, not ${quoted}: write ${meant}`;
    if (types.includes('array')) return `${must}, not the string ${quoted}: write [${quoted}]`;
    return `${must}, not the string ${quoted}`;
  }
  if (types.includes('integer') && typeof data === 'number') return `${must}, not ${raw ?? textOf(data)}`;
  return `${must}, not ${describe(data)}`;
}

/** YAML 1.1 had more words for true and false than YAML 1.2. */
function yesOrNo(text: string): string | undefined {
  if (/^(yes|on|y|true)$/i.test(text)) return 'true';
  return /^(no|off|n|false)$/i.test(text) ? 'false' : undefined;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined');
}

function describe(data: unknown): string {
  if (Array.isArray(data)) return 'a list';
  if (typeof data === 'object') return data === null ? 'null' : 'a mapping';
  return typeof data === 'number' ? `the number ${data}` : textOf(data);
}

function enumMessage(allowed: readonly JsonValue[], data: unknown, raw: string | undefined): string {
  // Nothing at all is allowed here and there; nobody looks for it in a list.
  const names = allowed.filter((value) => value !== null && value !== '').map(textOf);
  const shown = typeof data === 'object' ? describe(data) : `"${shorten(raw ?? textOf(data))}"`;
  const near = typeof data === 'string' ? nearest(data, names) : undefined;
  const must = names.length === 1 ? `must be "${names[0]}"` : `must be one of ${names.join(', ')}`;
  return near === undefined || names.length === 1
    ? `${must}, not ${shown}`
    : `${must}, not ${shown}: did you mean "${near}"?`;
}

function constraintMessage(error: ErrorObject, data: unknown, parent: JsonObject): string {
  const limit = error.schema as JsonValue;
  const text = typeof data === 'string' ? `"${shorten(data)}"` : textOf(data);
  switch (error.keyword) {
    case 'minimum':
    case 'maximum': {
      const { minimum, maximum } = parent;
      return typeof minimum === 'number' && typeof maximum === 'number'
        ? `must be between ${minimum} and ${maximum}, not ${text}`
        : `must be ${error.keyword === 'minimum' ? 'at least' : 'at most'} ${textOf(limit)}, not ${text}`;
    }
    case 'minLength':
      return limit === 1 ? 'must not be empty' : `must have at least ${textOf(limit)} characters`;
    case 'maxLength':
      return `must have at most ${textOf(limit)} characters, not ${textOf(data).length}`;
    case 'minItems':
      return limit === 1 ? 'must not be an empty list' : `must have at least ${textOf(limit)} entries`;
    case 'maxItems':
      return `must have at most ${textOf(limit)} entries`;
    case 'pattern':
      return patternSentence(textOf(limit), textOf(data), parent);
    case 'format':
      return `must be ${own(formatNames, textOf(limit)) ?? `in the format ${textOf(limit)}`}, not ${text}`;
    case 'oneOf':
    case 'anyOf':
      return 'fits none of the allowed forms';
    default:
      return error.message ?? 'is not valid';
  }
}

const formatNames: Readonly<Record<string, string>> = {
  ipv4: 'an IPv4 address like 127.0.0.1',
  ipv6: 'an IPv6 address like ::1',
  'date-time': 'a time like 2026-01-31T12:00:00Z',
  uri: 'a URL',
};
