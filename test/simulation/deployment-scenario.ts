import type { JsonObject } from '../../src/model/json.js';
import type { Action } from './scenario.js';
import type { SeededRandom } from './seeded-random.js';

/**
 * What users do to one or two Deployments: make, scale, roll out, change how, pause and delete them. Their tasks ask for nothing, so
 * there is always room for one more.
 */
export function addDeployments(
  random: SeededRandom,
  faultsEndSeconds: number,
  add: (atSeconds: number, action: Action) => void,
): boolean {
  if (random.chance(0.7)) return false;
  const at = (): number => 5 + random.next() * (faultsEndSeconds - 10);
  for (const deployment of random.pick([['d1'], ['d1', 'd2']] as const)) {
    add(random.next() * 10, { do: 'applyDeployment', deployment, spec: wholeSpec(random, deployment) });
    for (let count = random.between(2, 10); count > 0; count--) add(at(), change(random, deployment));
    // Who deleted it may make it again.
    if (random.chance(0.3)) {
      const deletedAt = at();
      add(deletedAt, { do: 'deleteDeployment', deployment });
      const [soon, later] = [0.05, 20];
      const madeAt = Math.min(faultsEndSeconds - 1, deletedAt + random.pick([soon, later]));
      if (random.chance(0.5)) {
        add(madeAt, { do: 'applyDeployment', deployment, spec: wholeSpec(random, deployment) });
      }
    }
  }
  if (random.chance(0.4)) addClockedRollout(random, faultsEndSeconds, add);
  return true;
}

/** A rollout whose tasks are to be ready for a while, and meanwhile somebody sets the manager's wall clock. */
function addClockedRollout(
  random: SeededRandom,
  faultsEndSeconds: number,
  add: (atSeconds: number, action: Action) => void,
): void {
  const deployment = 'clocked';
  const spec = wholeSpec(random, deployment);
  const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };
  add(2, { do: 'applyDeployment', deployment, spec: { ...spec, replicas: 3, minReadySeconds: 30, strategy } });
  const rolledAt = 40 + random.next() * (faultsEndSeconds - 60);
  const template = { spec: { containers: [container(random)] } };
  add(rolledAt, { do: 'editDeployment', deployment, spec: { template } });
  const jumpAt = Math.min(faultsEndSeconds - 1, rolledAt + random.between(2, 20));
  add(jumpAt, { do: 'jumpClock', who: 'manager', seconds: random.pick([-3_600, 3_600]) });
}

function wholeSpec(random: SeededRandom, deployment: string): JsonObject {
  const labels = { app: deployment };
  return {
    replicas: random.between(0, 5),
    selector: { matchLabels: labels },
    minReadySeconds: random.pick([0, 0, 5, 30]),
    strategy: strategy(random),
    template: {
      metadata: { labels },
      spec: {
        terminationGracePeriodSeconds: random.pick([0, 1, 5]),
        containers: [container(random)],
      },
    },
  };
}

function container(random: SeededRandom): JsonObject {
  const readinessProbe = { exec: { command: ['true'] }, periodSeconds: random.pick([2, 10]) };
  return {
    name: 'main',
    image: 'busybox',
    command: ['sh', '-c', random.pick(['trap "exit 0" TERM; sleep infinity', 'sleep infinity'])],
    env: [{ name: 'VERSION', value: String(random.between(1, 4)) }],
    ...(random.chance(0.3) ? { readinessProbe } : {}),
  };
}

function strategy(random: SeededRandom): JsonObject {
  if (random.chance(0.15)) return { type: 'Recreate', rollingUpdate: null };
  const [maxSurge, maxUnavailable] = random.pick([
    [1, 0],
    [0, 1],
    [2, 1],
    ['25%', '25%'],
    ['100%', 0],
    ['50%', '50%'],
  ]);
  return { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } };
}

function change(random: SeededRandom, deployment: string): Action {
  const edit = (spec: JsonObject): Action => ({ do: 'editDeployment', deployment, spec });
  switch (random.between(0, 9)) {
    case 0:
    case 1:
    case 2:
      return edit({ replicas: random.between(0, 6) });
    case 3:
      return edit({ strategy: strategy(random) });
    case 4:
      return edit({ minReadySeconds: random.pick([0, 5, 30]) });
    case 5:
      return edit({ paused: random.chance(0.4) });
    default:
      return edit({ template: { spec: { containers: [container(random)] } } });
  }
}
