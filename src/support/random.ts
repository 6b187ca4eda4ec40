import { randomBytes } from 'node:crypto';
import { v4 } from 'uuid';

/** Randomness as an argument, for the same reason as Clock. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** A version 4 UUID. */
  uuid(): string;
  /** Unpredictable bytes, for tokens and keys. */
  bytes(length: number): Uint8Array;
}

export function createSystemRandom(): Random {
  return { next: () => Math.random(), uuid: () => v4(), bytes: (length) => randomBytes(length) };
}
