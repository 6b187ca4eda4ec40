/**
 * Edit distance where swapping two neighbours is one step (Damerau-Levenshtein, restricted), or `limit + 1` as soon as it
 * is more than `limit`.
 */
export function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    let best = row;
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      );
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        cost = Math.min(cost, (beforeLast[column - 2] ?? 0) + 1);
      }
      current.push(cost);
      best = Math.min(best, cost);
    }
    if (best > limit) return limit + 1;
    beforeLast = last;
    last = current;
  }
  return Math.min(last[b.length] ?? 0, limit + 1);
}

/**
 * The candidate that somebody who typed `word` most likely meant, or undefined when none is near: case is ignored, one
 * step in three letters is allowed, and a plural or a word that the candidate starts with counts as near.
 */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  if (word.length === 0 || word.length > 64) return undefined;
  const wanted = word.toLowerCase();
  const limit = Math.max(1, Math.floor(wanted.length / 3));
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const candidate of candidates) {
    const other = candidate.toLowerCase();
    const isBeginning = wanted.length >= 3 && (other.startsWith(wanted) || wanted.startsWith(other));
    // A beginning is near, but a slip of the finger is nearer: imagePullPolcy is not image.
    const distance = Math.min(editDistance(wanted, other, limit), isBeginning ? limit : limit + 1);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  if (best !== undefined) return best;
  return wanted.length < 3
    ? undefined
    : candidates.find((candidate) => candidate.toLowerCase().startsWith(wanted) && candidate.length <= 3 * word.length);
}
