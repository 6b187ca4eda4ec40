import { findCondition, setCondition } from '../../model/conditions.js';
import { isJsonObject } from '../../model/json.js';
import { podKind } from '../../model/pod.js';
import { assignedByHand, disruptionTarget, taskKind, type StoredTask } from '../../model/task.js';
import { forbidden, preconditionFailed } from '../../registry/registry-errors.js';
import { toTimestamp } from '../../support/clock.js';
import { bodyOf, identityOf, keyOfPath, type ApiContext, type Handler } from '../api-context.js';
import { deleteOptions } from '../delete-body.js';
import { eventSourceOf } from '../identity.js';
import { sendJson } from '../object-response.js';
import type { Query } from '../query.js';
import { readObject } from '../request-body.js';
import { successStatus } from '../status.js';
import { podUidOf } from '../../model/pod-identity.js';

/**
 * POST pods/NAME/eviction, as kubectl drain sends it: asks that a Task leave its node. orch moves a Task that is evicted to
 * another node, and does not end it as Kubernetes ends a bare pod: whoever wants it ended deletes it. The Pod of that name
 * is another one then. Only the wish is written here, as the condition DisruptionTarget; the manager carries it out.
 */
export function evictionHandler(context: ApiContext): Handler {
  return async (request, response) => {
    const { deleteOptions: given } = readObject(bodyOf(request));
    const bytes = Buffer.from(isJsonObject(given) ? JSON.stringify(given) : '');
    const options = deleteOptions({ bytes, contentType: 'application/json' }, request.query as Query);
    const at = toTimestamp(context.clock.now());
    const wanted = options.preconditions?.uid;
    if (options.dryRun) {
      const task: StoredTask = await context.registry.get(taskKind, keyOfPath(request));
      evictTask(task, wanted, at);
    } else {
      const source = eventSourceOf(identityOf(response));
      await context.registry.mutate<StoredTask>(taskKind, keyOfPath(request), (task) => evictTask(task, wanted, at), {
        source,
      });
    }
    sendJson(response, 201, successStatus(201, { name: keyOfPath(request).name, kind: podKind.plural }));
  };
}

/** The Task with the wish, or undefined when it is on no node, on its way out, or asked already. Throws Forbidden, Conflict. */
function evictTask(task: StoredTask, wantedUid: string | undefined, at: string): StoredTask | undefined {
  const { name, deletionTimestamp } = task.metadata;
  const uid = podUidOf(task);
  if (wantedUid !== undefined && wantedUid !== uid) throw preconditionFailed(podKind, name, 'UID', wantedUid, uid);
  const { conditions } = task.status ?? {};
  if (!task.spec.nodeName || deletionTimestamp !== undefined) return undefined;
  if (findCondition(conditions, disruptionTarget)?.status === 'True') return undefined;
  if (findCondition(conditions, 'Scheduled')?.reason === assignedByHand) {
    const why = `it was put on ${task.spec.nodeName} by hand (spec.nodeName), so orch does not move it: delete it instead`;
    throw forbidden(podKind, name, why);
  }
  const wish = { type: disruptionTarget, status: 'True', reason: 'EvictionByEvictionAPI' } as const;
  return { ...task, status: { ...task.status, conditions: setCondition(conditions, wish, at) } };
}
