import { OrchError, type ErrorCause } from '../support/errors.js';
import { queryFlag, queryInteger, queryValue, type Query } from './query.js';

/** What a WATCH asks for, besides selectors. */
export interface WatchOptions {
  /** Where to start: after this revision, or with the objects that there are now. */
  start: { type: 'after'; revision: number } | { type: 'current' } | { type: 'now' };
  bookmarks: boolean;
  /** sendInitialEvents: tell with a bookmark when the initial objects are all sent. */
  markInitialEnd: boolean;
  timeoutSeconds?: number;
}

/** Pure. Throws BadRequest for malformed values and Invalid for a sendInitialEvents that cannot be honoured. */
export function watchOptions(query: Query): WatchOptions {
  const revision = queryInteger(query, 'resourceVersion');
  const bookmarks = queryFlag(query, 'allowWatchBookmarks');
  const timeoutSeconds = queryInteger(query, 'timeoutSeconds');
  const common = { bookmarks, ...(timeoutSeconds ? { timeoutSeconds } : {}) };
  const match = queryValue(query, 'resourceVersionMatch');
  if (queryValue(query, 'sendInitialEvents') === undefined) {
    if (match !== undefined) {
      throw invalid('resourceVersionMatch', 'is forbidden for watch unless sendInitialEvents is provided');
    }
    const start: WatchOptions['start'] = revision ? { type: 'after', revision } : { type: 'current' };
    return { ...common, start, markInitialEnd: false };
  }
  if (match !== 'NotOlderThan') {
    throw invalid('resourceVersionMatch', 'must be NotOlderThan when sendInitialEvents is provided');
  }
  if (queryFlag(query, 'sendInitialEvents'))
    return { ...common, start: { type: 'current' }, markInitialEnd: bookmarks };
  const start: WatchOptions['start'] = revision ? { type: 'after', revision } : { type: 'now' };
  return { ...common, start, markInitialEnd: false };
}

function invalid(field: string, message: string): OrchError {
  const cause: ErrorCause = { reason: 'FieldValueInvalid', field, message };
  return new OrchError('Invalid', `ListOptions is invalid: ${field} ${message}`, {
    kind: 'ListOptions',
    group: 'meta.k8s.io',
    causes: [cause],
  });
}
