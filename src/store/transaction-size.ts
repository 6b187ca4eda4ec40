import type { JsonValue } from '../model/json.js';
import type { Transaction } from './journal.js';

/** Of a value that is no string, with what the engine keeps beside it. */
const bytesPerValue = 16;

/** About how much memory the values of a transaction take, in bytes: what a history of it keeps alive. */
export function transactionSize({ events }: Transaction): number {
  // What an event replaced is the value of an earlier one, and counted there.
  return events.reduce((sum, { key, value }) => sum + key.length + sizeOf(value), 0);
}

function sizeOf(value: JsonValue): number {
  if (typeof value === 'string') return bytesPerValue + value.length;
  if (typeof value !== 'object' || value === null) return bytesPerValue;
  let size = bytesPerValue;
  for (const [name, member] of Object.entries(value)) size += name.length + sizeOf(member);
  return size;
}
