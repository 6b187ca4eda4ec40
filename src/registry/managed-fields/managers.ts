import type { ObjectMeta } from '../../model/api-object.js';
import type { JsonValue } from '../../model/json.js';
import { FieldSet } from './field-set.js';

export type ManagedFields = NonNullable<ObjectMeta['managedFields']>;

/** Who owns which fields, by which kind of write. */
export interface FieldManager {
  manager: string;
  operation: 'Apply' | 'Update';
  apiVersion: string;
  subresource?: string;
  time?: string;
  fields: FieldSet;
}

/** More managers than this that wrote without apply are joined: the oldest ones, under one name, as Kubernetes does. */
const maxUpdateManagers = 10;
const ancient = 'ancient-changes';

/** Undefined when an entry cannot be read. */
export function readManagers(managedFields: ObjectMeta['managedFields']): FieldManager[] | undefined {
  const managers: FieldManager[] = [];
  for (const entry of managedFields ?? []) {
    const fields = FieldSet.fromFieldsV1(entry.fieldsV1 as JsonValue | undefined);
    const { manager, operation, apiVersion = '', subresource, time } = entry;
    if (!fields || typeof manager !== 'string' || (operation !== 'Apply' && operation !== 'Update')) return undefined;
    managers.push({
      manager,
      operation,
      apiVersion,
      fields,
      ...(subresource ? { subresource } : {}),
      ...(time ? { time } : {}),
    });
  }
  return managers;
}

/** Without managers that own nothing. */
export function writeManagers(managers: readonly FieldManager[]): ManagedFields {
  return joinAncient(managers.filter(({ fields }) => !fields.isEmpty())).map(
    ({ manager, operation, apiVersion, subresource, time, fields }) => ({
      manager,
      operation,
      apiVersion,
      ...(time === undefined ? {} : { time }),
      fieldsType: 'FieldsV1',
      fieldsV1: fields.toFieldsV1(),
      ...(subresource === undefined ? {} : { subresource }),
    }),
  );
}

/** Whether two entries are of one manager: the same name may own fields by apply and by update apart. */
export function isSameManager(a: Omit<FieldManager, 'fields'>, b: Omit<FieldManager, 'fields'>): boolean {
  return (
    a.manager === b.manager &&
    a.operation === b.operation &&
    (a.subresource ?? '') === (b.subresource ?? '') &&
    (a.operation === 'Apply' || a.apiVersion === b.apiVersion)
  );
}

/** How conflicts name it. */
export function formatManager({ manager, operation, subresource, apiVersion }: FieldManager): string {
  const where = subresource ? ` with subresource ${JSON.stringify(subresource)}` : '';
  return `${JSON.stringify(manager)}${where}${operation === 'Update' ? ` using ${apiVersion}` : ''}`;
}

function joinAncient(managers: FieldManager[]): FieldManager[] {
  const updates = managers.filter(({ operation }) => operation === 'Update');
  if (updates.length <= maxUpdateManagers) return managers;
  const oldest = new Set(
    [...updates]
      .sort((a, b) => ((a.time ?? '') < (b.time ?? '') ? -1 : (a.time ?? '') > (b.time ?? '') ? 1 : 0))
      .slice(0, updates.length - maxUpdateManagers + 1),
  );
  const joined = new Map<string, FieldManager>();
  for (const old of oldest) {
    const place = `${old.apiVersion} ${old.subresource ?? ''}`;
    const known = joined.get(place);
    const fields = known ? known.fields.union(old.fields) : old.fields;
    joined.set(place, { ...old, manager: ancient, fields });
  }
  return [...managers.filter((manager) => !oldest.has(manager)), ...joined.values()];
}
