/**
 * A kind of Kubernetes that people bring along and that is not here, and what to do instead. Manifests are told so, and clients
 * find it in the API (api/absent-resources.ts): of a kind that they do not find, they say to install it.
 */
export interface AbsentKind {
  group: string;
  version: string;
  kind: string;
  plural: string;
  shortNames: readonly string[];
  namespaced: boolean;
  why: string;
}

const publish = 'publish a port on the worker, with hostPort in the ports of the task or its template';
const access = 'tokens say who may do what, one for the admin and one for each worker';
const volume = "name a volume of the worker's engine in spec.volumes";
const oneForEach = 'write a Task for each, with a name and a volume of its own';

export const absentKinds: readonly AbsentKind[] = [
  absent('v1', 'Service', publish, ['svc']),
  absent('v1', 'PersistentVolumeClaim', volume, ['pvc']),
  { ...absent('v1', 'PersistentVolume', volume, ['pv']), namespaced: false },
  absent('v1', 'ServiceAccount', access, ['sa']),
  absent('v1', 'ResourceQuota', 'the resources of the tasks themselves are what counts', ['quota']),
  absent('v1', 'LimitRange', 'write resources into each task', ['limits']),
  absent('networking.k8s.io/v1', 'Ingress', publish, ['ing']),
  absent('networking.k8s.io/v1', 'NetworkPolicy', 'tasks of one worker reach each other', ['netpol']),
  absent('batch/v1', 'Job', 'write a Task with restartPolicy OnFailure or Never'),
  absent('batch/v1', 'CronJob', 'nothing here runs by the calendar', ['cj']),
  absent('apps/v1', 'StatefulSet', oneForEach, ['sts']),
  absent('apps/v1', 'DaemonSet', 'write a Task for each node, with nodeSelector', ['ds']),
  absent('autoscaling/v2', 'HorizontalPodAutoscaler', 'set spec.replicas, or use scale', ['hpa']),
  absent('policy/v1', 'PodDisruptionBudget', 'drain nodes one at a time', ['pdb']),
  absent('rbac.authorization.k8s.io/v1', 'Role', access),
  absent('rbac.authorization.k8s.io/v1', 'RoleBinding', access),
  { ...absent('rbac.authorization.k8s.io/v1', 'ClusterRole', access), namespaced: false },
  { ...absent('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding', access), namespaced: false },
];

function absent(apiVersion: string, kind: string, instead: string, shortNames: readonly string[] = []): AbsentKind {
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  const plurals = kind === 'Ingress' ? 'Ingresses' : kind.endsWith('y') ? `${kind.slice(0, -1)}ies` : `${kind}s`;
  const why = `there are no ${plurals}: ${instead}`;
  return { group, version, kind, plural: plurals.toLowerCase(), shortNames, namespaced: true, why };
}

/**
 * Why a manifest may not have this kind, and what to do instead: better than that it is unknown. Undefined when nothing is known
 * of it. Pure.
 */
export function whyAbsent(apiVersion: string, kind: string): string | undefined {
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  return absentKinds.find((candidate) => candidate.group === group && candidate.kind === kind)?.why;
}
