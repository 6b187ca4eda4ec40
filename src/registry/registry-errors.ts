import type { Kind } from '../model/kind.js';
import { resourceName } from '../model/kind.js';
import type { ErrorCause, ErrorDetails } from '../support/errors.js';
import { OrchError } from '../support/errors.js';

/** The registry's refusals, worded as Kubernetes words them, so that kubectl prints what people know. */
export function notFound(kind: Kind, name: string): OrchError {
  return new OrchError('NotFound', `${resourceName(kind)} "${name}" not found`, about(kind, name));
}

export function alreadyExists(kind: Kind, name: string): OrchError {
  return new OrchError('AlreadyExists', `${resourceName(kind)} "${name}" already exists`, about(kind, name));
}

/** Somebody changed the object in between. */
export function modified(kind: Kind, name: string): OrchError {
  return cannotFulfil(
    kind,
    name,
    'the object has been modified; please apply your changes to the latest version and try again',
  );
}

export function preconditionFailed(
  kind: Kind,
  name: string,
  field: 'UID' | 'ResourceVersion',
  wanted: string,
  found: string,
): OrchError {
  return cannotFulfil(
    kind,
    name,
    `Precondition failed: ${field} in precondition: ${wanted.slice(0, 100)}, ${field} in object meta: ${found}`,
  );
}

export function forbidden(kind: Kind, name: string, why: string): OrchError {
  return new OrchError('Forbidden', `${resourceName(kind)} "${name}" is forbidden: ${why}`, about(kind, name));
}

const maxCausesInMessage = 20;
const maxCauses = 100;

/** Names every cause (the first 20 of them in the message) with its field. */
export function invalid(kind: Kind, name: string, causes: readonly ErrorCause[]): OrchError {
  const sentences = causes
    .slice(0, maxCausesInMessage)
    .map(({ field, message }) => `${field ?? '<object>'}: ${message}`);
  if (causes.length > maxCausesInMessage) sentences.push(`and ${causes.length - maxCausesInMessage} more`);
  const list = sentences.length === 1 ? (sentences[0] ?? '') : `[${sentences.join(', ')}]`;
  const subject = kind.group === '' ? kind.kind : `${kind.kind}.${kind.group}`;
  return new OrchError('Invalid', `${subject} "${name}" is invalid: ${list}`, {
    ...about(kind, name),
    kind: kind.kind,
    causes: causes.slice(0, maxCauses),
  });
}

type UnknownField = Pick<ErrorCause, 'message'> & { field: string };

/**
 * Unknown fields under strict validation, all of them: first in Kubernetes' very words, which programs look for, then what
 * people may have meant.
 */
export function strictDecoding(
  kind: Kind,
  unknown: readonly UnknownField[],
  duplicateFields: readonly string[] = [],
): OrchError {
  const words = decodingSentences(unknown, duplicateFields).join(', ');
  const advice = unknown.slice(0, maxCausesInMessage).flatMap(({ field, message }) => {
    const what = message.replace(/^unknown field "[^"]*"(?:: )?/, '');
    return what === '' ? [] : [`${field}: ${what}`];
  });
  return new OrchError(
    'BadRequest',
    `${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}: strict decoding error: ${words}` +
      (advice.length === 0 ? '' : ` (${advice.join('; ')})`),
  );
}

/** As Kubernetes tells and warns of it. At most 100, and then how many more. */
export function decodingSentences(
  unknown: readonly Pick<UnknownField, 'field'>[],
  duplicateFields: readonly string[] = [],
): string[] {
  const sentences = [
    ...unknown.map(({ field }) => `unknown field "${field}"`),
    ...duplicateFields.map((field) => `duplicate field "${field}"`),
  ];
  const more = sentences.length - maxCauses;
  return more <= 0 ? sentences : [...sentences.slice(0, maxCauses), `and ${more} more`];
}

export function badRequest(message: string): OrchError {
  return new OrchError('BadRequest', message);
}

function cannotFulfil(kind: Kind, name: string, why: string): OrchError {
  return new OrchError(
    'Conflict',
    `Operation cannot be fulfilled on ${resourceName(kind)} "${name}": ${why}`,
    about(kind, name),
  );
}

function about(kind: Kind, name: string): ErrorDetails {
  return { name, kind: kind.plural, ...(kind.group === '' ? {} : { group: kind.group }) };
}
