import { ageOf } from '../model/age.js';
import type { ApiObject } from '../model/api-object.js';
import type { Column, Kind } from '../model/kind.js';
import type { MetaApiVersion } from './accept.js';
import type { ServedResource } from './served-resource.js';

/** Kubernetes' Table: what `kubectl get` prints. The server decides on the columns; ages are text. */
export interface TableColumn {
  name: string;
  type: string;
  format: string;
  description: string;
  /** 0 is always shown, 1 only with `-o wide`. */
  priority: number;
}

/** How much of each object rides along with its row. */
export type IncludeObject = 'None' | 'Metadata' | 'Object';

export interface TableRow {
  cells: (string | number)[];
  object?: object;
}

/** NAME, the kind's narrow columns, AGE, then the wide ones; or NAME and AGE last, among the wide ones. */
export function tableColumns({ kind, nameAndAgeLast }: ServedResource): TableColumn[] {
  const priority = nameAndAgeLast ? 1 : 0;
  return inOrder(
    nameAndAgeLast,
    { name: 'Name', type: 'string', format: 'name', description: 'The name.', priority },
    { name: 'Age', type: 'string', format: '', description: 'Time since it was created.', priority },
    (wide) =>
      columnsOf(kind, wide).map((column) => ({
        name: titleCase(column.name),
        type: column.type === 'integer' ? 'integer' : 'string',
        format: '',
        description: column.description,
        priority: wide ? 1 : 0,
      })),
  );
}

export function tableRow(
  { kind, nameAndAgeLast }: ServedResource,
  object: ApiObject,
  include: IncludeObject,
  nowMilliseconds: number,
  metaApiVersion: MetaApiVersion,
): TableRow {
  const cells = inOrder<string | number>(
    nameAndAgeLast,
    object.metadata.name ?? '',
    ageOf(object.metadata.creationTimestamp, nowMilliseconds),
    (wide) => columnsOf(kind, wide).map((column) => column.value(object, nowMilliseconds)),
  );
  if (include === 'None') return { cells };
  return { cells, object: include === 'Object' ? object : partialMetadata(object, metaApiVersion) };
}

function inOrder<T>(nameAndAgeLast: boolean | undefined, name: T, age: T, own: (wide: boolean) => T[]): T[] {
  return nameAndAgeLast ? [...own(false), ...own(true), name, age] : [name, ...own(false), age, ...own(true)];
}

function columnsOf(kind: Kind, wide: boolean): Column[] {
  return kind.columns.filter((column) => (column.wide ?? false) === wide);
}

/** PartialObjectMetadata: who the object is, without spec and status. */
export function partialMetadata(object: ApiObject, apiVersion: MetaApiVersion): object {
  return { kind: 'PartialObjectMetadata', apiVersion, metadata: object.metadata };
}

/** kubectl prints headings in capitals itself; other clients show them as they come. */
function titleCase(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1).toLowerCase();
}
