import type { ObjectMeta } from '../../model/api-object.js';
import type { JsonObject } from '../../model/json.js';
import type { Kind } from '../../model/kind.js';
import { apiVersionOf } from '../../model/kind.js';
import { compareFields, ownablePart, type FieldScope } from './object-fields.js';
import { FieldSet } from './field-set.js';
import { isSameManager, readManagers, writeManagers, type FieldManager } from './managers.js';

interface UpdateRecord {
  manager: string;
  scope: FieldScope;
  timestamp: string;
}

/**
 * managedFields after a write that was no apply (create: `old` undefined): what it changed is its manager's and nobody
 * else's; what it removed is nobody's. `before` are the entries to go on from. Pure.
 */
export function recordUpdate(
  kind: Kind,
  old: JsonObject | undefined,
  next: JsonObject,
  before: ObjectMeta['managedFields'],
  record: UpdateRecord,
): ObjectMeta['managedFields'] {
  const managers = readManagers(before);
  if (managers === undefined) return before;
  const { changed, removed } = compareFields(
    kind,
    old ? ownablePart(kind, old, record.scope) : {},
    ownablePart(kind, next, record.scope),
  );
  if (changed.isEmpty() && removed.isEmpty()) return before;
  const own: FieldManager = {
    manager: record.manager,
    operation: 'Update',
    apiVersion: apiVersionOf(kind),
    time: record.timestamp,
    fields: new FieldSet(),
    ...(record.scope === 'status' ? { subresource: 'status' } : {}),
  };
  const known = managers.some((manager) => isSameManager(manager, own));
  return writeManagers(
    (known ? managers : [...managers, own]).map((manager): FieldManager => {
      const isOwn = isSameManager(manager, own);
      const kept = manager.fields.difference(removed);
      const fields = isOwn ? kept.union(changed) : kept.difference(changed);
      if (fields.equals(manager.fields)) return manager;
      return { ...manager, fields, ...(isOwn ? { time: record.timestamp } : {}) };
    }),
  );
}
