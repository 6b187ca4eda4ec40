import { joinTokenKind, endOfToken, type JoinToken } from '../../model/join-token.js';
import { nodeKind, workerKeyAnnotation, type Node, type StoredNode } from '../../model/node.js';
import type { Registry } from '../../registry/registry.js';
import { toTimestamp, type Clock } from '../../support/clock.js';
import { isOrchError, OrchError } from '../../support/errors.js';
import type { Logger } from '../../support/logger.js';
import type { Authority } from '../certificates.js';
import { isNodeName } from '../identity.js';
import { issueNodeCertificate, readCertificateRequest } from './node-certificate.js';
import { RefusalLog } from './refusal-log.js';
import { planJoin, type JoinDecision, type JoinProof } from './plan-join.js';

export interface AdmissionOptions {
  registry: Registry;
  authority: Authority;
  clock: Clock;
  logger: Logger;
  /** Each time a worker has got a certificate, before it is handed out. */
  onCertified: (nodeUid: string) => Promise<void>;
}

/** What a worker sends to join. */
export interface JoinApplication {
  nodeName: string;
  /** A certificate request in PEM. */
  csr: unknown;
  /** Labels that its node is to have. */
  labels: Readonly<Record<string, string>>;
  proof: JoinProof;
  /** Where it comes from, for the log. */
  address: string;
}

/**
 * Makes members: an application in, a Node and a certificate for its worker out. Always holds: what planJoin or the Node's own rules
 * refuse changes nothing; a use of a token is on disk before the Node is made; each join is logged with node, token and
 * address, and refusals as far as RefusalLog goes.
 */
export class NodeAdmissions {
  readonly #options: AdmissionOptions;
  /** People without a good token are told of elsewhere, and do not crowd these out. */
  readonly #refusals: RefusalLog;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#refusals = new RefusalLog(options.logger, options.clock);
  }

  /** Resolves with the certificate in PEM. Asked again with the same key it answers again. Rejects with what planJoin refuses. */
  async join(application: JoinApplication): Promise<string> {
    const { logger, clock, authority, onCertified } = this.#options;
    const { nodeName, proof, address } = application;
    const facts = {
      node: nodeName,
      by: proof.type,
      ...(proof.type === 'token' ? { token: proof.token.metadata.name } : {}),
      address,
    };
    try {
      if (!isNodeName(nodeName)) {
        throw new OrchError(
          'BadRequest',
          `"${nodeName.slice(0, 80)}" cannot name a worker: use lower-case letters, digits, "-" and ".", at most 63 characters`,
        );
      }
      const { publicKey, keySha256 } = await readCertificateRequest(application.csr);
      const node = await this.#find(nodeName);
      const decision = planJoin({ ...application, keySha256 }, node, clock.now());
      const member = await this.#carryOut(decision, application, keySha256);
      const { uid } = member.metadata;
      const certificate = await issueNodeCertificate(authority, { name: nodeName, uid }, publicKey, clock.now());
      await onCertified(uid);
      logger.info(decision.type === 'create' ? 'worker joined' : 'worker certificate issued', { ...facts, uid });
      return certificate;
    } catch (error) {
      if (isOrchError(error)) this.#refusals.tell('join refused', { ...facts, reason: error.message });
      throw error;
    }
  }

  async #carryOut(decision: JoinDecision, application: JoinApplication, keySha256: string): Promise<StoredNode> {
    const { registry } = this.#options;
    const { nodeName: name } = application;
    if (decision.type === 'refuse') throw new OrchError(decision.code, decision.message);
    const annotations = { [workerKeyAnnotation]: keySha256 };
    if (decision.type === 'create') {
      const node = { apiVersion: 'v1', kind: 'Node', metadata: { name, labels: decision.labels, annotations } };
      await registry.create<Node>(nodeKind, node, { dryRun: true });
      if (decision.counts) await this.#countUse(application);
      try {
        return (await registry.create<Node>(nodeKind, node)).object;
      } catch (error) {
        if (decision.counts && isOrchError(error, 'AlreadyExists')) await this.#giveUseBack(application);
        throw error;
      }
    }
    const { object } = await registry.mutate<Node>(nodeKind, { name }, (node) => {
      if (node.metadata.uid !== decision.nodeUid) return undefined;
      const labels = { ...node.metadata.labels, ...decision.labels };
      return {
        ...node,
        metadata: { ...node.metadata, labels, annotations: { ...node.metadata.annotations, ...annotations } },
      };
    });
    if (object.metadata.uid === decision.nodeUid) return object;
    throw new OrchError('Conflict', `the node "${name}" was deleted and made again meanwhile: try again`);
  }

  async #countUse({ nodeName, proof }: JoinApplication): Promise<void> {
    if (proof.type !== 'token') return;
    const { registry, clock } = this.#options;
    const { name, uid } = proof.token.metadata;
    await registry.mutate<JoinToken>(joinTokenKind, { name }, (token) => {
      if (token.metadata.uid !== uid || endOfToken(token, clock.now()) !== undefined) {
        throw new OrchError('Unauthorized', `the join token "${name}" lets nobody join any more`);
      }
      const used = (token.status?.used ?? 0) + 1;
      return { ...token, status: { used, lastNodeName: nodeName, lastUsedTime: toTimestamp(clock.now()) } };
    });
  }

  /** Another one was faster with this name: nobody has joined for that use. */
  async #giveUseBack({ proof }: JoinApplication): Promise<void> {
    if (proof.type !== 'token') return;
    const { name, uid } = proof.token.metadata;
    const giveBack = this.#options.registry.mutate<JoinToken>(joinTokenKind, { name }, (token) => {
      const used = token.status?.used ?? 0;
      if (token.metadata.uid !== uid || used === 0) return undefined;
      return { ...token, status: { ...token.status, used: used - 1 } };
    });
    await giveBack.catch((error: unknown) => {
      if (!isOrchError(error, 'NotFound')) throw error;
    });
  }

  async #find(name: string): Promise<StoredNode | undefined> {
    try {
      return await this.#options.registry.get<Node>(nodeKind, { name });
    } catch (error) {
      if (isOrchError(error, 'NotFound')) return undefined;
      throw error;
    }
  }
}
