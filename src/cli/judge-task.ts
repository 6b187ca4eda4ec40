import type { Task } from '../model/task.js';
import { readinessOfTask } from '../model/readiness.js';
import { isMadeFrom } from '../model/spec-hash.js';
import type { Verdict } from './verdict.js';
import { done, explainState, failed, isTerminating, waiting } from './verdict.js';

/**
 * Whether a task is where its manifest wants it: running from the present spec and ready, or ended if it is one that ends, or
 * stopped if it is to be stopped. Failed only when nothing will happen by itself any more.
 */
export function judgeTask(task: Task): Verdict {
  const { spec, status } = task;
  const state = status?.state ?? 'Pending';
  const policy = spec.restartPolicy ?? 'Always';
  if (isTerminating(task)) return failed('is being deleted');
  if (spec.desiredState === 'Completed') {
    return state === 'Completed' ? done('Completed') : waiting(`${state}, to be stopped`);
  }
  if (state === 'Pending' || state === 'Scheduled') return waiting(explainState(state, status));
  if (!isOfPresentSpec(task)) return waiting(`${state}, to be replaced`);
  if (state === 'Running' && status?.reason === 'NotReady')
    return waiting(`Running, ${explainState('NotReady', status)}`);
  const { unmet } = readinessOfTask(task);
  if (state === 'Running' && unmet.length > 0) return waiting(`Running, NotReady: ${unmet.join('; ')}`);
  if (state === 'Running') return done(spec.nodeName === undefined ? 'Running' : `Running on ${spec.nodeName}`);
  if (state === 'Completed') return policy === 'Always' ? waiting('Completed, to be started') : done('Completed');
  const exit = status?.exitCode === undefined ? '' : ` (exit code ${status.exitCode})`;
  const text = `${explainState('Failed', status)}${exit}`;
  return policy === 'Never' ? failed(text) : waiting(text);
}

/** Whether the status is about the spec as it is now. */
function isOfPresentSpec({ metadata, spec, status }: Task): boolean {
  if (status?.specHash !== undefined) return isMadeFrom(status.specHash, spec);
  return (status?.observedGeneration ?? metadata.generation ?? 0) >= (metadata.generation ?? 0);
}
