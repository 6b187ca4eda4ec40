import type { ApiObject } from '../model/api-object.js';
import type { JsonObject } from '../model/json.js';
import type { Kind } from '../model/kind.js';
import { separateUnknownFields, validateSchema } from '../manifest/validate-schema.js';
import { OrchError, type ErrorCause } from '../support/errors.js';
import { decodingSentences, invalid, strictDecoding } from './registry-errors.js';
import type { DecodingOptions } from './registry.js';

/**
 * Admission by schema and by the kind's own rules. Arrives: an object as it would be stored. Leaves: the object, or an
 * OrchError that names every problem. Pure; the object is never changed, only copied without its unknown fields.
 */
interface CheckedObject {
  object: JsonObject;
  warnings: string[];
}

const maxAnnotationCharacters = 262_144;
const maxFieldsNamed = 20;

/**
 * Treats unknown fields, and those that were there twice, as asked: Strict throws BadRequest, Warn drops and tells, Ignore drops. Fields of Kubernetes that are
 * harmless stay, and are always told.
 */
export function checkUnknownFields(
  kind: Kind,
  object: JsonObject,
  { fieldValidation = 'Strict', duplicateFields = [] }: DecodingOptions,
): CheckedObject {
  const { unknown, kept, known } = separateUnknownFields(kind, object);
  const names = [...new Set(kept.map((field) => field.replace(/\[\d+\]/g, '')))].slice(0, maxFieldsNamed).join(', ');
  const warnings = names === '' ? [] : [`orch keeps these fields and does not act on them: ${names}`];
  if (unknown.length === 0 && duplicateFields.length === 0) return { object, warnings };
  if (fieldValidation === 'Strict') throw strictDecoding(kind, unknown, duplicateFields);
  const sentences = fieldValidation === 'Warn' ? decodingSentences(unknown, duplicateFields) : [];
  return { object: known(), warnings: [...warnings, ...sentences] };
}

/** Throws MethodNotAllowed for an object that its kind keeps for the system. Pure. */
export function checkIsUsers(kind: Kind, object: ApiObject): void {
  const why = kind.systemsOwn?.(object);
  if (why !== undefined) throw new OrchError('MethodNotAllowed', why);
}

/**
 * Throws Invalid with every cause. `scope` 'status' looks at the status only: a report about an object that was accepted
 * under older rules must still come through.
 */
export function checkValid(
  kind: Kind,
  name: string,
  object: JsonObject,
  old: ApiObject | undefined,
  scope: 'all' | 'status' = 'all',
): void {
  const schemaCauses = validateSchema(kind, object).map(({ reason, message, field }) => ({ reason, message, field }));
  // The kind's rules may rely on the schema, so they are not asked about an object that fails it.
  const causes: ErrorCause[] =
    schemaCauses.length > 0
      ? schemaCauses
      : [
          ...rulesBroken(kind, object as unknown as ApiObject, old),
          ...annotationCauses(object as unknown as ApiObject),
          ...ownerCauses(object as unknown as ApiObject),
        ];
  const relevant =
    scope === 'all' ? causes : causes.filter(({ field = '' }) => field === 'status' || field.startsWith('status.'));
  if (relevant.length > 0) throw invalid(kind, name, relevant);
}

/** What an older version let in stays as it is and can still be changed elsewhere: only what is broken anew is refused. */
function rulesBroken(kind: Kind, object: ApiObject, old: ApiObject | undefined): ErrorCause[] {
  const causes = kind.validate(object, old);
  if (causes.length === 0 || old === undefined) return causes;
  const before = kind.validate(old).map(({ field, message }) => `${field} ${message}`);
  return causes.filter(({ field, message }) => !before.includes(`${field} ${message}`));
}

function annotationCauses(object: ApiObject): ErrorCause[] {
  let characters = 0;
  for (const [key, value] of Object.entries(object.metadata.annotations ?? {})) characters += key.length + value.length;
  if (characters <= maxAnnotationCharacters) return [];
  return [
    {
      reason: 'FieldValueTooLong',
      field: 'metadata.annotations',
      message: `hold ${characters} characters together, more than ${maxAnnotationCharacters}`,
    },
  ];
}

function ownerCauses({ metadata }: ApiObject): ErrorCause[] {
  const controllers = (metadata.ownerReferences ?? []).filter(({ controller }) => controller === true);
  if (controllers.length <= 1) return [];
  const names = controllers.map(({ kind, name }) => `${kind}/${name}`).join(' and ');
  const message = `only one reference can have controller set to true, not ${names}`;
  return [{ reason: 'FieldValueInvalid', field: 'metadata.ownerReferences', message }];
}
