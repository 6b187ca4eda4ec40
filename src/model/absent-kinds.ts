/**
 * Kinds of Kubernetes that people bring along and that are not here: for each, what to do instead. Whoever meets one in a
 * manifest or a request says so, rather than that it is unknown.
 */
export const absentKinds = {
  Service:
    'there are no Services: publish a port on the worker, with hostPort in the ports of the task or its template',
  Ingress:
    'there are no Ingresses: publish a port on the worker, with hostPort in the ports of the task or its template',
  Pod: 'a Pod is a Task here: write a Task, or make the Pod with kubectl',
  Job: 'there are no Jobs: write a Task with restartPolicy OnFailure or Never',
  CronJob: 'there are no CronJobs: nothing here runs by the calendar',
  StatefulSet: 'there are no StatefulSets: write a Task for each, with a name and a volume of its own',
  DaemonSet: 'there are no DaemonSets: write a Task for each node, with nodeSelector',
  PersistentVolumeClaim: "there are no PersistentVolumeClaims: name a volume of the worker's engine in spec.volumes",
  ServiceAccount: 'there are no ServiceAccounts: tokens say who may do what, one for the admin and one for each worker',
} as const satisfies Record<string, string>;

/** Why there is no such kind, and what to do; undefined when nothing is known of it. Pure. */
export function whyAbsent(kind: string): string | undefined {
  return Object.entries(absentKinds).find(([name]) => name === kind)?.[1];
}
