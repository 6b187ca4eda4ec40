import type { Stored } from '../../model/api-object.js';
import type { Event } from '../../model/generated/event.js';
import type { JsonObject } from '../../model/json.js';
import type { Kind } from '../../model/kind.js';
import type { StoredTaskEvent } from '../../model/task-event.js';
import { checkUnknownFields, checkValid } from '../../registry/check-object.js';
import { invalid } from '../../registry/registry-errors.js';
import { readSentObject } from '../../registry/sent-object.js';
import { OrchError } from '../../support/errors.js';
import type { ViewWriter } from '../served-resource.js';
import { fromCoreEvent } from './core-event.js';

/** Recorded by orch: nobody's fields. */
const isOwn = ({ regarding, metadata }: StoredTaskEvent): boolean =>
  regarding === undefined || metadata.managedFields === undefined;

/**
 * Events that others report, as client-go's recorders do: what arrives speaks of `kind`, what is stored is a TaskEvent about the
 * object that it names. What orch recorded can be deleted, not changed.
 */
export function eventWriter(kind: Kind, toCore: (sent: JsonObject) => Event): ViewWriter {
  const toStored: ViewWriter['toStored'] = (sent, options) => {
    const received = readSentObject(kind, sent);
    const { object, warnings } = checkUnknownFields(kind, received, options);
    checkValid(kind, received.metadata.name ?? '', object, undefined);
    const event = fromCoreEvent(toCore(object));
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
    update: (current: Stored, wanted, options) => {
      if (isOwn(current as StoredTaskEvent)) {
        throw new OrchError(
          'Forbidden',
          `events "${current.metadata.name}" is forbidden: orch recorded it, and nobody changes it`,
          {
            name: current.metadata.name,
            kind: kind.plural,
          },
        );
      }
      return toStored(wanted, options);
    },
  };
}
