import { validateSchema } from '../manifest/validate-schema.js';
import { isJsonObject } from '../model/json.js';
import { taskEventKind, type TaskReport } from '../model/task-event.js';
import { taskKind } from '../model/task.js';
import { OrchError } from '../support/errors.js';
import { bodyOf, identityOf, pathParameter, type ApiContext, type Handler } from './api-context.js';
import { eventSourceOf } from './identity.js';
import { checkVisible, taskKeyOf } from './node-scope.js';
import { sendJson } from './object-response.js';
import { isDryRun, queryValues, type Query } from './query.js';
import { readObject } from './request-body.js';
import { successStatus } from './status.js';

/**
 * POST of a TaskEvent: a report, counted together with the same report before. A worker reports on its own tasks only,
 * and under its own name. Answers a Status, as the record may be an older one that was counted up.
 */
export function taskEventHandler(context: ApiContext): Handler {
  return async (request, response) => {
    const identity = identityOf(response);
    const event = readTaskEvent(readObject(bodyOf(request)), pathParameter(request, 'namespace') ?? '');
    const task = await context.registry.get(taskKind, taskKeyOf(event));
    checkVisible(identity, taskKind, task);
    if (task.metadata.uid !== event.task.uid) {
      throw new OrchError('Conflict', `task "${event.task.name}" is another one now: its uid is ${task.metadata.uid}`, {
        name: event.task.name,
        group: taskKind.group,
        kind: taskKind.plural,
      });
    }
    const nodeName = identity.role === 'node' ? identity.nodeName : event.nodeName;
    if (!isDryRun(queryValues(request.query as Query, 'dryRun'))) {
      await context.registry.recordTaskEvent({
        task: event.task,
        state: event.state,
        type: event.type ?? 'Normal',
        reason: event.reason,
        message: event.message ?? '',
        source: identity.role === 'node' ? eventSourceOf(identity) : (event.source ?? identity.name),
        ...(nodeName === undefined ? {} : { nodeName }),
        ...(event.attempt === undefined ? {} : { attempt: event.attempt }),
      });
    }
    sendJson(response, 201, successStatus(201, { kind: taskEventKind.plural, group: taskEventKind.group }, 'recorded'));
  };
}

function readTaskEvent(body: Record<string, unknown>, namespace: string): TaskReport {
  const metadata = isJsonObject(body['metadata']) ? body['metadata'] : {};
  const event = { apiVersion: 'orch.dev/v1', kind: 'TaskEvent', ...body, metadata: { ...metadata, namespace } };
  const issues = validateSchema(taskEventKind, event);
  if (issues.length > 0) {
    throw new OrchError(
      'Invalid',
      `the TaskEvent is invalid: ${issues
        .map((issue) => issue.message)
        .join('; ')
        .slice(0, 1000)}`,
      {
        group: taskEventKind.group,
        kind: taskEventKind.kind,
        causes: issues.slice(0, 20).map(({ reason, message, field }) => ({ reason, message, field })),
      },
    );
  }
  const valid = event as unknown as TaskReport;
  if ((valid.task as unknown) === undefined) {
    throw new OrchError(
      'BadRequest',
      'a TaskEvent is reported of a task: write an Event (core/v1) about anything else',
    );
  }
  if (valid.task.namespace !== namespace) {
    throw new OrchError('BadRequest', 'task.namespace must be the namespace on the request');
  }
  return valid;
}
