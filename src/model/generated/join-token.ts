// Generated from schemas/ by `npm run generate`. Do not edit.

import type { ObjectMeta } from './object-meta.js';

/**
 * Lets workers join the cluster until it expires, is used up or is deleted. Its name is the token's id; the token itself is stored nowhere.
 */
export interface JoinToken {
  apiVersion: 'orch.dev/v1';
  kind: 'JoinToken';
  metadata: ObjectMeta;
  spec: JoinTokenSpec;
  status?: JoinTokenStatus;
}
/**
 * What the token is good for. It cannot be changed: delete it and create another.
 */
export interface JoinTokenSpec {
  /**
   * SHA-256 of the whole token (join-ID.SECRET), in hexadecimal.
   */
  tokenSha256: string;
  /**
   * From when on it lets nobody join, such as 2026-01-31T12:00:00Z. Workers that have joined stay.
   */
  expirationTimestamp: string;
  /**
   * The only name that a worker may join under.
   */
  nodeName?: string;
  /**
   * Labels that the node of each worker gets that joins with it.
   */
  labels?: {
    [k: string]: string;
  };
  /**
   * How many workers may join with it; any number when absent.
   */
  uses?: number;
}
/**
 * What it was used for.
 */
export interface JoinTokenStatus {
  /**
   * How many workers have joined with it.
   */
  used?: number;
  /**
   * The node that joined last.
   */
  lastNodeName?: string;
  /**
   * When that was.
   */
  lastUsedTime?: string;
}
