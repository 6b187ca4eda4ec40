import type { JsonObject } from '../../src/model/json.js';
import type { Action } from './scenario.js';
import type { SeededRandom } from './seeded-random.js';

/** What a task may be. */
export function makeSpec(random: SeededRandom): JsonObject {
  const kind = random.pick(['service', 'service', 'service', 'job', 'failingJob', 'retriedJob'] as const);
  const runs = random.between(1, 60);
  const script = {
    service: random.pick(['trap "exit 0" TERM; sleep infinity', 'sleep infinity']),
    job: `sleep ${runs}`,
    failingJob: `sleep ${runs}; exit 3`,
    retriedJob: `sleep ${runs}`,
  }[kind];
  return {
    image: 'busybox',
    command: ['sh', '-c', script],
    restartPolicy: { service: 'Always', job: 'Never', failingJob: 'Never', retriedJob: 'OnFailure' }[kind],
    terminationGracePeriodSeconds: random.pick([0, 1, 5, 30]),
    env: [{ name: 'VERSION', value: String(random.between(1, 3)) }],
    ...(random.chance(0.6) ? { resources: { cpu: random.pick(['500m', '1500m', '2500m']) } } : {}),
    ...(random.chance(0.2) ? { ports: [{ containerPort: 80, hostPort: 8080 }] } : {}),
  };
}

/** What a user may do to one of these tasks. */
export function userAction(random: SeededRandom, tasks: readonly string[]): Action {
  const task = random.pick(tasks);
  switch (random.between(0, 9)) {
    case 0:
    case 1:
      return { do: 'apply', task, spec: makeSpec(random) };
    case 2:
    case 3:
      return { do: 'edit', task, spec: { env: [{ name: 'VERSION', value: String(random.between(1, 3)) }] } };
    case 4:
      return { do: 'edit', task, spec: { resources: { cpu: random.pick(['500m', '1500m', '2500m']) } } };
    case 5:
      return { do: 'edit', task, spec: { desiredState: 'Completed' } };
    case 6:
    case 7:
      return { do: 'edit', task, spec: { desiredState: 'Running' } };
    case 8:
      return { do: 'delete', task };
    default:
      return random.chance(0.5) ? { do: 'delete', task, gracePeriodSeconds: 0 } : { do: 'delete', task };
  }
}
