import type { Task } from './generated/task.js';
import { defaultNamespace } from './namespace.js';
import { own } from '../support/own.js';

/** What a task cannot say of itself. */
export interface TaskSurroundings {
  /** Of the machine that it runs on, where that has one that others could reach. */
  hostIP?: string;
}

type ReadField = (task: Task, surroundings: TaskSurroundings) => string | undefined;

const fields: Readonly<Record<string, ReadField>> = {
  'metadata.name': ({ metadata }) => metadata.name,
  'metadata.namespace': ({ metadata }) => metadata.namespace ?? defaultNamespace,
  'metadata.uid': ({ metadata }) => metadata.uid,
  'spec.nodeName': ({ spec }) => spec.nodeName,
  'status.hostIP': (_task, { hostIP }) => hostIP,
};

/** The paths that a container can be told the value of, for people. */
export const taskFieldPaths: readonly string[] = [
  ...Object.keys(fields),
  "metadata.labels['KEY']",
  "metadata.annotations['KEY']",
];

const keyedField = /^metadata\.(labels|annotations)\['([^']+)'\]$/;

/** What reads the field with this path; undefined for a path that is none of those. What is not there is empty. Pure. */
export function taskField(path: string): ((task: Task, surroundings: TaskSurroundings) => string) | undefined {
  const keyed = keyedField.exec(path);
  if (keyed) {
    const [, where, key = ''] = keyed;
    return ({ metadata }) => own(where === 'labels' ? metadata.labels : metadata.annotations, key) ?? '';
  }
  const read = own(fields, path);
  return read && ((task, surroundings) => read(task, surroundings) ?? '');
}
