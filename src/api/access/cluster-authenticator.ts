import type { Socket } from 'node:net';
import {
  endOfToken,
  joinTokenId,
  joinTokenKind,
  tokenEndMessage,
  type StoredJoinToken,
} from '../../model/join-token.js';
import { nodeKind, type StoredNode } from '../../model/node.js';
import type { Registry } from '../../registry/registry.js';
import type { Clock } from '../../support/clock.js';
import { isOrchError, OrchError } from '../../support/errors.js';
import type { Credentials } from '../credentials.js';
import {
  adminIdentity,
  joinIdentity,
  nodeIdentity,
  type Authenticator,
  type Caller,
  type Identity,
} from '../identity.js';
import type { ApiObject, Stored } from '../../model/api-object.js';
import type { Kind } from '../../model/kind.js';
import type { NodeConnections } from './node-connections.js';
import { equalDigests, sha256 } from './digests.js';

/** What identities are made from. */
export interface AuthenticatorOptions {
  registry: Registry;
  credentials: Pick<Credentials, 'isAdminToken' | 'earlierNode'>;
  connections: NodeConnections;
  clock: Clock;
}

const maxTokenLength = 512;
const joinPath = /^\/apis\/orch\.dev\/v1\/workers\/([^/?]+)\/join$/;

/**
 * Knows the admin by token, who wants to join by token, and workers by the certificate of their connection. Members are the
 * Nodes that are stored: a certificate counts while the very Node is there that it was made out to.
 */
export class ClusterAuthenticator implements Authenticator {
  readonly #options: AuthenticatorOptions;

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
  }

  async authenticate(token: string | undefined, caller: Caller): Promise<Identity | undefined> {
    const { socket } = caller;
    if (token === undefined) return this.#byCertificate(socket);
    if (token.length > maxTokenLength) return undefined;
    const { credentials } = this.#options;
    if (credentials.isAdminToken(token)) return adminIdentity;
    const id = joinTokenId(token);
    if (id !== undefined) return this.#byJoinToken(id, token, caller);
    return this.#byEarlierToken(token, socket, credentials);
  }

  async #byCertificate(socket: Socket): Promise<Identity | undefined> {
    const claim = this.#options.connections.claimOf(socket);
    return claim && this.#member(claim.nodeName, claim.nodeUid, socket, claim.notAfter);
  }

  async #byJoinToken(id: string, token: string, { url = '' }: Caller): Promise<Identity | undefined> {
    const stored = await this.#find<StoredJoinToken>(joinTokenKind, id);
    if (!stored || !equalDigests(sha256(token), stored.spec.tokenSha256)) return undefined;
    const end = endOfToken(stored, this.#options.clock.now());
    if (end === undefined || (end === 'usedUp' && (await this.#mayLackAnswer(stored, url))))
      return joinIdentity(stored);
    throw new OrchError('Unauthorized', tokenEndMessage(stored, end));
  }

  /** Whether this asks again for what the last use of the token brought: the worker that it let in was never heard of. */
  async #mayLackAnswer({ status }: StoredJoinToken, url: string): Promise<boolean> {
    const nodeName = joinPath.exec(url)?.[1];
    if (nodeName === undefined || nodeName !== status?.lastNodeName) return false;
    const node = await this.#find<StoredNode>(nodeKind, nodeName);
    return node !== undefined && node.status?.nodeInfo === undefined;
  }

  /** A worker of a version without certificates, until it has joined anew. */
  async #byEarlierToken(
    token: string,
    socket: Socket,
    credentials: AuthenticatorOptions['credentials'],
  ): Promise<Identity | undefined> {
    const nodeName = credentials.earlierNode.nameOf(token);
    const node = nodeName === undefined ? undefined : await this.#find<StoredNode>(nodeKind, nodeName);
    const until = node && credentials.earlierNode.validUntil(node.metadata.uid);
    return node && until !== undefined ? this.#member(node.metadata.name, node.metadata.uid, socket, until) : undefined;
  }

  async #member(name: string, uid: string, socket: Socket, notAfter: number): Promise<Identity | undefined> {
    const { connections } = this.#options;
    // Held before it is looked up: a deletion in between cuts the connection, one before it is seen.
    connections.hold(socket, uid, notAfter);
    const node = await this.#find<StoredNode>(nodeKind, name);
    if (node?.metadata.uid !== uid || node.metadata.deletionTimestamp !== undefined) return undefined;
    return nodeIdentity(name, uid);
  }

  async #find<T extends Stored>(kind: Kind, name: string): Promise<T | undefined> {
    try {
      return (await this.#options.registry.get<ApiObject>(kind, { name })) as T;
    } catch (error) {
      if (isOrchError(error, 'NotFound')) return undefined;
      throw error;
    }
  }
}
