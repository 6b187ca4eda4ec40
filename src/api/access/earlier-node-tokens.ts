import { createHmac } from 'node:crypto';
import { isNodeName } from '../identity.js';
import { equalSecrets } from './digests.js';

/** What credentials.json keeps of a version whose workers had tokens for ever, signed with one key. */
export interface EarlierNodes {
  /** base64url. */
  signingKey: string;
  /** The Nodes there were when this version started first, without those whose workers have a certificate by now. */
  nodeUids: readonly string[];
  /** RFC 3339: their tokens end then in any case. */
  until: string;
}

/**
 * Lets workers of an earlier version go on until they are started anew and join for a certificate: only for the Nodes of
 * then, each until its first certificate, and for 30 days at most. Pure but for the clock that it is given.
 */
export class EarlierNodeTokens {
  readonly #earlier: EarlierNodes | undefined;
  readonly #now: () => number;

  constructor(earlier: EarlierNodes | undefined, now: () => number) {
    this.#earlier = earlier;
    this.#now = now;
  }

  /** The name in a token that was issued; undefined for every other text. */
  nameOf(token: string): string | undefined {
    const [, name = '', signature = ''] = /^node-([a-z0-9.-]{1,253})\.([A-Za-z0-9_-]+)$/.exec(token) ?? [];
    if (!this.#earlier || !isNodeName(name)) return undefined;
    const key = Buffer.from(this.#earlier.signingKey, 'base64url');
    const right = createHmac('sha256', key).update(`node:${name}`).digest('base64url');
    return equalSecrets(signature, right) ? name : undefined;
  }

  /** Until when the worker of this Node may use it, in milliseconds since the epoch; undefined when it may not. */
  validUntil(nodeUid: string): number | undefined {
    if (!this.#earlier?.nodeUids.includes(nodeUid)) return undefined;
    const until = Date.parse(this.#earlier.until);
    return until > this.#now() ? until : undefined;
  }
}
