import { OrchError } from '../support/errors.js';
import { bodyOf, pathParameter, type ApiContext, type Handler } from './api-context.js';
import type { HeartbeatSink } from './heartbeat-sink.js';
import type { Authenticator } from './identity.js';
import { sendJson } from './object-response.js';
import { readObject } from './request-body.js';

/** POST workers/NAME/join: turns the join token into the worker's own. */
export function joinHandler(context: ApiContext, authenticator: Authenticator): Handler {
  return (request, response) => {
    const name = pathParameter(request, 'name') ?? '';
    const token = authenticator.issueNodeToken(name);
    context.logger.info('worker joined', { node: name });
    response.set('Cache-Control', 'no-store');
    sendJson(response, 200, { token });
  };
}

/** POST workers/NAME/heartbeat {sessionId}: 200 {periodSeconds}, or 409 while another live session has this name. */
export function heartbeatHandler(heartbeats: HeartbeatSink): Handler {
  return (request, response) => {
    const name = pathParameter(request, 'name') ?? '';
    const { sessionId } = readObject(bodyOf(request));
    if (typeof sessionId !== 'string' || sessionId === '' || sessionId.length > 128) {
      throw new OrchError(
        'BadRequest',
        'the body of a heartbeat must be {"sessionId": "..."} with at most 128 characters',
      );
    }
    if (heartbeats.beat(name, sessionId) === 'conflict') {
      throw new OrchError(
        'Conflict',
        `another worker named "${name}" is alive: stop it, or start this one with another --name`,
        {
          name,
          kind: 'workers',
          group: 'orch.dev',
        },
      );
    }
    sendJson(response, 200, { periodSeconds: heartbeats.heartbeatPeriodSeconds });
  };
}
