import { endOfToken, tokenEndMessage, type StoredJoinToken } from '../../model/join-token.js';
import { hostnameLabel, workerKeyAnnotation, type StoredNode } from '../../model/node.js';
import { own } from '../../support/own.js';
import type { ErrorCode } from '../../support/errors.js';

/** A worker that wants a certificate. */
export interface JoinRequest {
  nodeName: string;
  /** Of the key that signed the request. */
  keySha256: string;
  /** That its node is to have. */
  labels: Readonly<Record<string, string>>;
  proof: JoinProof;
}

/** What entitles it. */
export type JoinProof =
  | { type: 'token'; token: StoredJoinToken }
  /** It is the worker of that very Node: it came with its certificate, or with the token of an earlier version. */
  | { type: 'member'; nodeUid: string }
  /** It runs in the manager's own process. */
  | { type: 'process' };

export type JoinDecision =
  /** The Node is to be made, with these labels. `counts`: a use of the token. */
  | { type: 'create'; labels: Record<string, string>; counts: boolean }
  /** The Node stays as it is, with its labels, taints and cordon. */
  | { type: 'keep'; nodeUid: string; labels: Record<string, string> }
  | { type: 'refuse'; code: ErrorCode; message: string };

/**
 * May it join, and as what? A name that has a Node belongs to the worker with that Node's key, until the Node is deleted. Pure.
 */
export function planJoin(request: JoinRequest, node: StoredNode | undefined, now: number): JoinDecision {
  const { nodeName, proof } = request;
  if (node?.metadata.deletionTimestamp !== undefined) {
    return refuse('Conflict', `the node "${nodeName}" is being deleted: try again when it is gone`);
  }
  if (proof.type === 'member') {
    if (node?.metadata.uid === proof.nodeUid) return keep(node);
    return refuse('Unauthorized', `the node "${nodeName}" was deleted: this worker needs a join token to join again`);
  }
  if (proof.type === 'process') return node ? keep(node, request.labels) : create(request, request.labels);
  const { token } = proof;
  const isItsWorker = node?.metadata.annotations?.[workerKeyAnnotation] === request.keySha256;
  const problem = problemOfToken(token, request, isItsWorker, now);
  if (problem) return problem;
  if (!node) return create(request, token.spec.labels ?? {}, true);
  if (isItsWorker) return keep(node);
  return refuse(
    'Conflict',
    `there is a node "${nodeName}" already, and this worker does not have its key: delete the node (\`orch delete node ${nodeName}\`), or choose another name`,
  );
}

function problemOfToken(
  token: StoredJoinToken,
  { nodeName, labels }: JoinRequest,
  isItsWorker: boolean,
  now: number,
): JoinDecision | undefined {
  const { metadata, spec } = token;
  const another = 'make another one with `orch token create`';
  const end = endOfToken(token, now);
  // Who lost the answer to its last use asks again.
  if (end !== undefined && !(end === 'usedUp' && isItsWorker)) {
    return refuse('Unauthorized', tokenEndMessage(token, end));
  }
  if (spec.nodeName !== undefined && spec.nodeName !== nodeName) {
    return refuse('Forbidden', `the join token "${metadata.name}" is for the node "${spec.nodeName}" only: ${another}`);
  }
  const beyond = Object.entries(labels).find(([name, value]) => own(spec.labels, name) !== value);
  if (!beyond || isItsWorker) return undefined;
  const [name, value] = beyond.map((word) => word.slice(0, maxShownCharacters));
  return refuse(
    'Forbidden',
    `the join token "${metadata.name}" does not give the label ${name}=${value}: make one that does (\`orch token create --labels ${name}=${value}\`), or join without and label the node as admin`,
  );
}

/** As long as a label may be: names and values from outside are shown no further. */
const maxShownCharacters = 63;

function create({ nodeName }: JoinRequest, labels: Readonly<Record<string, string>>, counts = false): JoinDecision {
  return { type: 'create', labels: { ...labels, [hostnameLabel]: nodeName }, counts };
}

function keep({ metadata }: StoredNode, labels: Readonly<Record<string, string>> = {}): JoinDecision {
  return { type: 'keep', nodeUid: metadata.uid, labels: { ...labels } };
}

function refuse(code: ErrorCode, message: string): JoinDecision {
  return { type: 'refuse', code, message };
}
