const maxChunkLength = 512;

/**
 * A sorted set of strings (by UTF-16 code unit, as `<` compares). Kept in short chunks, so that adding a key moves a
 * few hundred references at most, however many keys there are.
 */
export class SortedKeys {
  private readonly chunks: string[][] = [];

  constructor(keys: readonly string[] = []) {
    const sorted = [...new Set(keys)].sort(compare);
    for (let start = 0; start < sorted.length; start += maxChunkLength / 2) {
      this.chunks.push(sorted.slice(start, start + maxChunkLength / 2));
    }
  }

  add(key: string): void {
    const chunkIndex = Math.max(0, this.chunkOf(key));
    const chunk = this.chunks[chunkIndex];
    if (chunk === undefined) {
      this.chunks.push([key]);
      return;
    }
    const at = lowerBound(chunk, key);
    if (chunk[at] === key) return;
    chunk.splice(at, 0, key);
    if (chunk.length > maxChunkLength) {
      this.chunks.splice(chunkIndex + 1, 0, chunk.splice(maxChunkLength / 2));
    }
  }

  delete(key: string): void {
    const chunkIndex = this.chunkOf(key);
    const chunk = this.chunks[chunkIndex];
    if (chunk === undefined) return;
    const at = lowerBound(chunk, key);
    if (chunk[at] !== key) return;
    chunk.splice(at, 1);
    if (chunk.length === 0) this.chunks.splice(chunkIndex, 1);
  }

  /** The keys that start with `prefix`, in order. */
  withPrefix(prefix: string): string[] {
    const found: string[] = [];
    const first = Math.max(0, this.chunkOf(prefix));
    for (let chunkIndex = first; chunkIndex < this.chunks.length; chunkIndex++) {
      const chunk = this.chunks[chunkIndex] ?? [];
      for (let at = chunkIndex === first ? lowerBound(chunk, prefix) : 0; at < chunk.length; at++) {
        const key = chunk[at] as string;
        if (!key.startsWith(prefix)) return found;
        found.push(key);
      }
    }
    return found;
  }

  /** Index of the last chunk whose first key is not after `key`; -1 when there is none. */
  private chunkOf(key: string): number {
    let low = 0;
    let high = this.chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.chunks[middle]?.[0] as string) <= key) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] as string) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
