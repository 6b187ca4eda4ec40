import { validateSchema } from '../../manifest/validate-schema.js';
import type { Stored } from '../../model/api-object.js';
import type { Event } from '../../model/generated/event.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../../model/json.js';
import type { Kind } from '../../model/kind.js';
import type { StoredTaskEvent } from '../../model/task-event.js';
import { invalid, strictDecoding } from '../../registry/registry-errors.js';
import type { WriteOptions } from '../../registry/registry.js';
import { OrchError } from '../../support/errors.js';
import type { ViewWriter } from '../served-resource.js';
import { fromCoreEvent } from './core-event.js';

/**
 * Events that others report, as client-go's recorders do: what arrives speaks of `kind`, what is stored is a TaskEvent about the
 * object that it names. What orch recorded of a task can be deleted, not changed.
 */
export function eventWriter(kind: Kind, toCore: (sent: JsonObject) => Event): ViewWriter {
  const toStored: ViewWriter['toStored'] = (sent, fieldValidation) => {
    const { known, warnings } = readEvent(kind, sent, fieldValidation);
    const event = fromCoreEvent(toCore(known));
    const { kind: about, namespace } = event.regarding ?? {};
    const home = event.metadata.namespace ?? 'default';
    const field = kind.group === '' ? 'involvedObject' : 'regarding';
    if (!about) throw refused('FieldValueRequired', `${field}.kind`, 'say what the event is about');
    if (namespace && namespace !== home) {
      throw refused('FieldValueInvalid', `${field}.namespace`, `must be that of the event, "${home}"`);
    }
    return { object: event as unknown as JsonObject, warnings };

    function refused(reason: string, path: string, message: string): OrchError {
      return invalid(kind, event.metadata.name ?? '', [{ reason, field: path, message }]);
    }
  };
  return {
    toStored,
    update: (current: Stored, wanted, fieldValidation) => {
      if ((current as StoredTaskEvent).regarding === undefined) {
        throw new OrchError(
          'Forbidden',
          `events "${current.metadata.name}" is forbidden: orch recorded it, and nobody changes it`,
          {
            name: current.metadata.name,
            kind: kind.plural,
          },
        );
      }
      return toStored(wanted, fieldValidation);
    },
  };
}

/** Without nulls, which Go's clients send for times that are not set, and without what no Event has. */
function readEvent(
  kind: Kind,
  sent: JsonObject,
  fieldValidation: WriteOptions['fieldValidation'] = 'Strict',
): { known: JsonObject; warnings: string[] } {
  const known = withoutNulls(sent) as JsonObject;
  const unknown: string[] = [];
  for (let issues = validateSchema(kind, known); issues.length > 0; issues = validateSchema(kind, known)) {
    const strange = issues.filter(({ unknownField }) => unknownField);
    if (strange.length === 0) throw invalid(kind, nameOf(known), issues);
    for (const { pointer, field } of strange) {
      unknown.push(`unknown field "${field}"`);
      remove(known, pointer);
    }
  }
  if (unknown.length > 0 && fieldValidation === 'Strict') throw strictDecoding(kind, unknown);
  return { known, warnings: fieldValidation === 'Ignore' ? [] : unknown };
}

function withoutNulls(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isJsonObject(value)) return value;
  const members = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(members.map(([name, member]) => [name, withoutNulls(member)]));
}

function remove(root: JsonObject, pointer: string): void {
  const parts = pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = parts.pop();
  const owner = parts.reduce<JsonValue | undefined>(
    (node, part) => (isJsonObject(node) ? node[part] : undefined),
    root,
  );
  if (isJsonObject(owner) && last !== undefined) delete owner[last];
}

function nameOf({ metadata }: JsonObject): string {
  const name = isJsonObject(metadata) ? metadata['name'] : undefined;
  return typeof name === 'string' ? name : '';
}
