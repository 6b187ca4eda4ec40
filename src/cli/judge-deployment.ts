import type { Deployment } from '../model/deployment.js';
import type { Verdict } from './verdict.js';
import { done, failed, waiting } from './verdict.js';

/** How far a Deployment has been brought out, in the order in which things happen; failed when its progress deadline has passed. */
export function judgeDeployment({ metadata, spec, status = {} }: Deployment): Verdict {
  const { replicas: desired = 1 } = spec;
  const { replicas = 0, updatedReplicas: updated = 0, availableReplicas: available = 0 } = status;
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0)) return waiting('the change was not seen yet');
  const progress = status.conditions?.find(({ type }) => type === 'Progressing');
  if (progress?.reason === 'ProgressDeadlineExceeded') return failed(progress.message ?? 'makes no progress');
  if (spec.paused) return waiting('is paused');
  if (updated < desired) return waiting(`${updated} of ${desired} tasks are made from the new template`);
  if (replicas > updated) return waiting(`tasks of the old template that are still there: ${replicas - updated}`);
  if (available < updated) return waiting(`${available} of ${updated} tasks are available`);
  return done(`is rolled out: ${available} of ${desired} tasks are available`);
}
