/** Randomness as an argument, for the same reason as Clock. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** A version 4 UUID. */
  uuid(): string;
  /** Unpredictable bytes, for tokens and keys. At most 65,536. */
  bytes(length: number): Uint8Array;
}

/** Of the global `crypto`, which loads when it is first asked: most commands need none, and it is a tenth of their start. */
export function createSystemRandom(): Random {
  return {
    next: () => Math.random(),
    uuid: () => crypto.randomUUID(),
    bytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
  };
}
