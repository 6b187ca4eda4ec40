import { boundsOf } from '../../../src/controllers/deployments/rollout-bounds.js';
import { revisionAnnotation, type StoredDeployment } from '../../../src/model/deployment.js';
import { templateHash, templateHashLabel } from '../../../src/model/pod-template.js';
import type { StoredTask } from '../../../src/model/task.js';
import { ownerOf } from './deployment-history.js';

/** Every Deployment that has not what it asks for, once nothing goes wrong any more, and every task that one left behind. */
export function deploymentsNotConverged(
  deployments: readonly StoredDeployment[],
  tasks: readonly StoredTask[],
): string[] {
  const uids = new Set(deployments.map(({ metadata }) => metadata.uid));
  const left = tasks.filter((task) => {
    const owner = ownerOf(task);
    return owner !== undefined && !uids.has(owner);
  });
  return [
    ...left.map(({ metadata }) => `${metadata.name} is there, and its Deployment is gone`),
    ...deployments.flatMap((deployment) => {
      const own = tasks.filter((task) => ownerOf(task) === deployment.metadata.uid);
      const problem = problemOf(deployment, own);
      return problem === undefined ? [] : [`Deployment ${deployment.metadata.name}: ${problem}`];
    }),
  ];
}

function problemOf({ metadata, spec, status }: StoredDeployment, own: readonly StoredTask[]): string | undefined {
  const { replicas = 1, paused = false } = spec;
  if (metadata.deletionTimestamp !== undefined) return 'its deletion does not end';
  const hash = templateHash(spec.template);
  const updated = own.filter(({ metadata: { labels } }) => labels?.[templateHashLabel] === hash);
  // What was never brought out a paused one does not make; half-way through a rollout it keeps its surge.
  const templates = new Set(own.map(({ metadata: { labels } }) => labels?.[templateHashLabel]));
  const isHalfWay = paused && templates.size > 1;
  const isUnborn = paused && own.length === 0 && metadata.annotations?.[revisionAnnotation] === undefined;
  const most = isHalfWay ? boundsOf(spec).maxTotal : replicas;
  const isRight = (own.length >= replicas && own.length <= most) || isUnborn;
  if (!isRight) return `has ${own.length} tasks of ${replicas}`;
  if (!paused && updated.length !== own.length) return `${own.length - updated.length} tasks are of an older template`;
  if (status?.observedGeneration !== metadata.generation) return 'its status is of an older spec';
  const told = [status?.replicas ?? 0, status?.updatedReplicas ?? 0, status?.availableReplicas ?? 0];
  const actual = [own.length, updated.length, own.length];
  return told.join() === actual.join() ? undefined : `its status tells ${told.join(', ')} and not ${actual.join(', ')}`;
}
