import { configMapKind } from './config-map.js';
import { deploymentKind } from './deployment.js';
import type { Kind } from './kind.js';
import { apiVersionOf } from './kind.js';
import { joinTokenKind } from './join-token.js';
import { leaseKind } from './lease.js';
import { namespaceKind } from './namespace.js';
import { nodeKind } from './node.js';
import { podTemplateKind } from './pod-template-object.js';
import { replicaSetKind } from './replica-set.js';
import { replicationControllerKind } from './replication-controller.js';
import { secretKind } from './secret.js';
import { sourceKind } from './source.js';
import { taskEventKind } from './task-event.js';
import { taskKind } from './task.js';

/**
 * The table of kinds: everything generic (parsing, storing, serving, printing) is written over it. The order is the one
 * in which discovery lists them.
 */
export const kinds: readonly Kind[] = [
  namespaceKind,
  nodeKind,
  configMapKind,
  secretKind,
  podTemplateKind,
  deploymentKind,
  replicaSetKind,
  replicationControllerKind,
  taskKind,
  taskEventKind,
  sourceKind,
  leaseKind,
  joinTokenKind,
];

export function findKind(apiVersion: string, kind: string): Kind | undefined {
  return kinds.find((candidate) => candidate.kind === kind && apiVersionOf(candidate) === apiVersion);
}

/** By what a person types: tasks, task, tk, Task, tasks.orch.dev. */
export function findKindByAlias(alias: string): Kind | undefined {
  const wanted = alias.toLowerCase();
  const [name, ...rest] = wanted.split('.');
  const group = rest.join('.');
  return kinds.find(
    (kind) =>
      (rest.length === 0 || kind.group === group || group === `${kind.version}.${kind.group}`) &&
      [kind.plural, kind.singular, kind.kind.toLowerCase(), ...kind.shortNames].includes(name ?? ''),
  );
}
