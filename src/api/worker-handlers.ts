import { OrchError } from '../support/errors.js';
import { isJsonObject, type JsonValue } from '../model/json.js';
import type { JoinProof } from './access/plan-join.js';
import type { JoinApplication } from './access/node-admissions.js';
import { bodyOf, identityOf, pathParameter, type Handler } from './api-context.js';
import type { HeartbeatSink } from './heartbeat-sink.js';
import type { Identity } from './identity.js';
import { sendJson } from './object-response.js';
import { readObject } from './request-body.js';

/** Makes a worker a member, or renews its certificate. Resolves with the certificate in PEM. */
export interface Admissions {
  join(application: JoinApplication): Promise<string>;
}

/**
 * POST workers/NAME/join {csr, labels}: 200 {certificate}. With a join token it makes the Node; over the certificate of before it
 * renews that one.
 */
export function joinHandler(admissions: Admissions): Handler {
  return async (request, response) => {
    const nodeName = pathParameter(request, 'name') ?? '';
    const { csr, labels } = readObject(bodyOf(request));
    const certificate = await admissions.join({
      nodeName,
      csr,
      labels: readLabels(labels),
      proof: proofOf(identityOf(response)),
      address: request.socket.remoteAddress ?? '',
    });
    response.set('Cache-Control', 'no-store');
    sendJson(response, 200, { certificate });
  };
}

function proofOf(identity: Identity): JoinProof {
  if (identity.role === 'join') return { type: 'token', token: identity.token };
  if (identity.role === 'node') return { type: 'member', nodeUid: identity.nodeUid };
  throw new OrchError('BadRequest', 'a worker joins with a join token: make one with `orch token create`');
}

function readLabels(labels: JsonValue | undefined): Record<string, string> {
  if (labels === undefined) return {};
  if (isJsonObject(labels) && Object.values(labels).every((value) => typeof value === 'string')) {
    return labels as Record<string, string>;
  }
  throw new OrchError('BadRequest', 'labels must be a mapping of strings');
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
