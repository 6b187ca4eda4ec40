import type { TaskSpec } from './generated/task.js';

/** The kinds whose values a task can take into its container. */
export type ConfigKindName = 'ConfigMap' | 'Secret';

/** An object that a task names, in the task's own namespace. */
export interface ConfigReference {
  kind: ConfigKindName;
  name: string;
}

/**
 * Every ConfigMap and Secret that a task names, each once. Who may read what for whom is decided by this: what is not
 * in it is no business of the task's worker. Pure.
 */
export function configReferences({ env = [], envFrom = [], volumes = [] }: Partial<TaskSpec>): ConfigReference[] {
  const named = [
    ...volumes.flatMap(({ configMap, secret }) => [
      ...of('ConfigMap', configMap),
      ...of('Secret', secret && { name: secret.secretName }),
    ]),
    ...envFrom.flatMap(({ configMapRef, secretRef }) => [...of('ConfigMap', configMapRef), ...of('Secret', secretRef)]),
    ...env.flatMap(({ valueFrom }) => [
      ...of('ConfigMap', valueFrom?.configMapKeyRef),
      ...of('Secret', valueFrom?.secretKeyRef),
    ]),
  ];
  return [...new Map(named.map((reference) => [referenceKey(reference), reference])).values()];
}

/** `Secret/login`: one text for one object of a namespace. */
export function referenceKey({ kind, name }: ConfigReference): string {
  return `${kind}/${name}`;
}

function of(kind: ConfigKindName, named: { name: string } | undefined): ConfigReference[] {
  return named ? [{ kind, name: named.name }] : [];
}
