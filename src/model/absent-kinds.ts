/** A kind of Kubernetes that people bring along and that is not here, and what to do instead. */
interface AbsentKind {
  group: string;
  kind: string;
  why: string;
}

const publish = 'publish a port on the worker, with hostPort in the ports of the task or its template';

/** Of Services, which are served as a list of none (api/services-resource.ts). */
export const whyNoServices = `there are no Services: ${publish}`;

const absentKinds: readonly AbsentKind[] = [
  { group: '', kind: 'Service', why: whyNoServices },
  {
    group: '',
    kind: 'PersistentVolumeClaim',
    why: "there are no PersistentVolumeClaims: name a volume of the worker's engine in spec.volumes",
  },
  {
    group: '',
    kind: 'ServiceAccount',
    why: 'there are no ServiceAccounts: tokens say who may do what, one for the admin and one for each worker',
  },
  { group: 'networking.k8s.io', kind: 'Ingress', why: `there are no Ingresses: ${publish}` },
  { group: 'batch', kind: 'Job', why: 'there are no Jobs: write a Task with restartPolicy OnFailure or Never' },
  { group: 'batch', kind: 'CronJob', why: 'there are no CronJobs: nothing here runs by the calendar' },
  {
    group: 'apps',
    kind: 'StatefulSet',
    why: 'there are no StatefulSets: write a Task for each, with a name and a volume of its own',
  },
  {
    group: 'apps',
    kind: 'DaemonSet',
    why: 'there are no DaemonSets: write a Task for each node, with nodeSelector',
  },
];

/**
 * Why a manifest may not have this kind, and what to do instead: better than that it is unknown. Undefined when nothing is known
 * of it. Pure.
 */
export function whyAbsent(apiVersion: string, kind: string): string | undefined {
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  return absentKinds.find((absent) => absent.group === group && absent.kind === kind)?.why;
}
