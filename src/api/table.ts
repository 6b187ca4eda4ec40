import { ageOf } from '../model/age.js';
import type { ApiObject } from '../model/api-object.js';
import type { Kind } from '../model/kind.js';
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

/** NAME, the kind's narrow columns, AGE, then the wide ones. */
export function tableColumns(resource: ServedResource): TableColumn[] {
  const edge = resource.narrowNameAndAge ? 1 : 0;
  const own = (wide: boolean): TableColumn[] =>
    resource.kind.columns
      .filter((column) => (column.wide ?? false) === wide)
      .map((column) => ({
        name: titleCase(column.name),
        type: column.type === 'integer' ? 'integer' : 'string',
        format: '',
        description: column.description,
        priority: wide ? 1 : 0,
      }));
  return [
    { name: 'Name', type: 'string', format: 'name', description: 'The name.', priority: edge },
    ...own(false),
    { name: 'Age', type: 'string', format: '', description: 'Time since it was created.', priority: edge },
    ...own(true),
  ];
}

export function tableRow(kind: Kind, object: ApiObject, include: IncludeObject, nowMilliseconds: number): TableRow {
  const cells = (wide: boolean): (string | number)[] =>
    kind.columns
      .filter((column) => (column.wide ?? false) === wide)
      .map((column) => column.value(object, nowMilliseconds));
  const row = {
    cells: [
      object.metadata.name ?? '',
      ...cells(false),
      ageOf(object.metadata.creationTimestamp, nowMilliseconds),
      ...cells(true),
    ],
  };
  if (include === 'None') return row;
  return { ...row, object: include === 'Object' ? object : partialMetadata(object) };
}

/** PartialObjectMetadata: who the object is, without spec and status. */
export function partialMetadata(object: ApiObject): object {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata };
}

/** kubectl prints headings in capitals itself; other clients show them as they come. */
function titleCase(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1).toLowerCase();
}
