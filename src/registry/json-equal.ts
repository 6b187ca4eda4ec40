import { own } from '../support/own.js';

/** Whether two JSON values are equal; the order of members does not matter and undefined members count as absent. */
export function jsonEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, index) => jsonEqual(item, b[index]));
  }
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  let members = 0;
  for (const name of Object.keys(left)) {
    if (own(left, name) === undefined) continue;
    members += 1;
    if (!Object.hasOwn(right, name) || !jsonEqual(own(left, name), own(right, name))) return false;
  }
  return members === Object.keys(right).filter((name) => own(right, name) !== undefined).length;
}
