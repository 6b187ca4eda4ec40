import type { ObjectMeta } from '../../model/api-object.js';
import type { JsonObject } from '../../model/json.js';
import type { Kind } from '../../model/kind.js';
import { apiVersionOf } from '../../model/kind.js';
import { OrchError } from '../../support/errors.js';
import { FieldSet, formatPath } from './field-set.js';
import { formatManager, isSameManager, readManagers, writeManagers, type FieldManager } from './managers.js';
import { mergeApplied, removeFields } from './merge-fields.js';
import { compareFields, fieldsOf, ownablePart, type FieldScope } from './object-fields.js';

interface ApplyRequest {
  manager: string;
  force: boolean;
  scope: FieldScope;
  timestamp: string;
}

interface AppliedPart {
  /** The ownable part of the object as it becomes. */
  part: JsonObject;
  managedFields: NonNullable<ObjectMeta['managedFields']>;
}

/**
 * Server-side apply. Arrives: the live object (undefined: there is none) and what the manager wants. Leaves: the ownable
 * part as it becomes, and who owns what of it. Always holds: the manager owns exactly what it applied; what it applied
 * before and does not any more is gone, unless another manager owns it. Throws Conflict when another manager's value
 * would change without force. Pure.
 */
export function applyObject(
  kind: Kind,
  live: JsonObject | undefined,
  applied: JsonObject,
  request: ApplyRequest,
): AppliedPart {
  const own: FieldManager = {
    manager: request.manager,
    operation: 'Apply',
    apiVersion: apiVersionOf(kind),
    time: request.timestamp,
    fields: new FieldSet(),
    ...(request.scope === 'status' ? { subresource: 'status' } : {}),
  };
  const wanted = ownablePart(kind, applied, request.scope);
  const fields = fieldsOf(kind, wanted);
  const livePart = live ? ownablePart(kind, live, request.scope) : {};
  const managers = readManagers((live?.['metadata'] as ObjectMeta | undefined)?.managedFields) ?? [];
  const previous = managers.find((manager) => isSameManager(manager, own));
  const others = managers.filter((manager) => manager !== previous);

  const merged = mergeApplied(kind, livePart, wanted);
  const overlaid = compareFields(kind, livePart, merged);
  const overwritten = overlaid.changed.union(overlaid.removed);
  if (!request.force) refuseConflicts(others, overwritten);

  const kept = others.reduce((all, other) => all.union(other.fields), fields);
  const part = previous ? removeFields(kind, merged, previous.fields.difference(fields), kept) : merged;

  const lost = overwritten.union(compareFields(kind, livePart, part).removed);
  const entry = previous?.fields.equals(fields) ? previous : { ...own, fields };
  return {
    part,
    managedFields: writeManagers([
      entry,
      ...others.map((other) => ({ ...other, fields: other.fields.difference(lost) })),
    ]),
  };
}

function refuseConflicts(others: readonly FieldManager[], overwritten: FieldSet): void {
  const conflicts = others.flatMap((other) =>
    other.fields
      .intersection(overwritten)
      .paths()
      .map((path) => ({ manager: formatManager(other), field: formatPath(path) })),
  );
  if (conflicts.length === 0) return;
  throw new OrchError('Conflict', conflictMessage(conflicts), {
    causes: conflicts
      .slice(0, 100)
      .map(({ manager, field }) => ({ reason: 'FieldManagerConflict', message: `conflict with ${manager}`, field })),
  });
}

function conflictMessage(conflicts: readonly { manager: string; field: string }[]): string {
  const [first, ...more] = conflicts;
  if (first && more.length === 0) return `Apply failed with 1 conflict: conflict with ${first.manager}: ${first.field}`;
  const lines = [...new Set(conflicts.map(({ manager }) => manager))].sort().flatMap((manager) => [
    `conflicts with ${manager}:`,
    ...conflicts
      .filter((conflict) => conflict.manager === manager)
      .slice(0, 20)
      .map(({ field }) => `- ${field}`),
  ]);
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}`;
}
