import { apiVersionOf } from '../model/kind.js';
import type { Clock } from '../support/clock.js';
import { partialMetadata, tableColumns, tableRow, type IncludeObject } from './table.js';
import { present, type ServedResource } from './served-resource.js';
import type { ObjectForm } from './accept.js';
import type { VisibleEvent } from './watch-filter.js';

/** The shape in which one watcher wants its events. */
export interface WatchForm {
  form: ObjectForm;
  include: IncludeObject;
}

/**
 * Turns events into lines of a watch. The same event in the same form is serialised once, however many watchers there
 * are: lines of the latest events are kept, within a bound.
 */
export class WatchFrames {
  readonly #clock: Clock;
  readonly #lines = new Map<string, string>();
  #characters = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `first` is a watcher's first event: a table's columns are told in it only. */
  event(resource: ServedResource, event: VisibleEvent, form: WatchForm, first: boolean): string {
    const { namespace = '', name, resourceVersion } = event.object.metadata;
    const key = [
      resource.kind.group,
      resource.kind.plural,
      resource.variant,
      namespace,
      name,
      resourceVersion,
      event.type,
      form.form.as,
      form.form.metaApiVersion,
      form.include,
      form.form.as === 'table' && first,
    ].join(' ');
    const known = this.#lines.get(key);
    if (known !== undefined) return known;
    const object = this.#shape(resource, event, form, first);
    const line = `${JSON.stringify({ type: event.type, object })}\n`;
    this.#remember(key, line);
    return line;
  }

  #shape(resource: ServedResource, event: VisibleEvent, { form, include }: WatchForm, first: boolean): object {
    const object = present(resource, event.object);
    const { as, metaApiVersion } = form;
    if (as === 'object') return object;
    if (as === 'metadata') return partialMetadata(object, metaApiVersion);
    return {
      kind: 'Table',
      apiVersion: metaApiVersion,
      metadata: { resourceVersion: object.metadata.resourceVersion },
      ...(first ? { columnDefinitions: tableColumns(resource) } : {}),
      rows: [tableRow(resource, object, include, this.#clock.now(), metaApiVersion)],
    };
  }

  #remember(key: string, line: string): void {
    this.#lines.set(key, line);
    this.#characters += line.length;
    for (const [oldKey, oldLine] of this.#lines) {
      if (this.#lines.size <= maxLines && this.#characters <= maxCharacters) break;
      this.#lines.delete(oldKey);
      this.#characters -= oldLine.length;
    }
  }
}

const maxLines = 2_000;
const maxCharacters = 8 * 2 ** 20;

/** Says that every event up to `revision` was sent. `initialEventsEnd` marks the end of sendInitialEvents. */
export function bookmarkLine(resource: ServedResource, revision: number, initialEventsEnd = false): string {
  const annotations = initialEventsEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {};
  const object = {
    kind: resource.kind.kind,
    apiVersion: apiVersionOf(resource.kind),
    metadata: { resourceVersion: String(revision), ...annotations },
  };
  return `${JSON.stringify({ type: 'BOOKMARK', object })}\n`;
}
