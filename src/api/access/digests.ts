import { createHash, timingSafeEqual } from 'node:crypto';

/** In hexadecimal. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Compares digests of both, so neither the content nor the length of the guess shows in the time. */
export function equalSecrets(guess: string, secret: string): boolean {
  return equalDigests(sha256(guess), sha256(secret));
}

/** In a time that does not depend on where they differ. */
export function equalDigests(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
