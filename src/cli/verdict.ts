import type { ApiObject, ObjectKey, Stored } from '../model/api-object.js';
import type { Kind } from '../model/kind.js';

/** An object that is waited for. */
export interface Target {
  kind: Kind;
  key: ObjectKey;
}

/** How far it is, in words that can follow its name: `Running on n1`, `Pending: no node has 4 CPUs`. */
export interface Verdict {
  type: 'done' | 'waiting' | 'failed';
  text: string;
}

/** Judges an object as it is now; undefined: there is none. Pure. */
export type Judge = (object: Stored | undefined, target: Target) => Verdict;

export const done = (text: string): Verdict => ({ type: 'done', text });
export const waiting = (text: string): Verdict => ({ type: 'waiting', text });
export const failed = (text: string): Verdict => ({ type: 'failed', text });

/** A state with its reason and its sentence, if it has them. */
export function explainState(state: string, status: { reason?: string; message?: string } | undefined): string {
  const detail = [status?.reason === state ? undefined : status?.reason, status?.message].filter((part) => part);
  return detail.length === 0 ? state : `${state}: ${detail.join(': ')}`;
}

/** `apiVersion` and all else aside: whether a deletion has been asked for. */
export function isTerminating(object: ApiObject): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}
