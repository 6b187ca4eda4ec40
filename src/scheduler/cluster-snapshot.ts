import type { NodeInfo } from './node-info.js';

const chunkSize = 64;

/**
 * All nodes at one moment, sorted by name; immutable. A changed copy shares all but one chunk with the original, so a
 * placement among thousands of nodes does not copy them.
 */
export class ClusterSnapshot {
  private constructor(
    private readonly chunks: readonly (readonly NodeInfo[])[],
    private readonly indexes: ReadonlyMap<string, number>,
    readonly nodeCount: number,
  ) {}

  /** `nodes` must be sorted by name, each name once. */
  static of(nodes: readonly NodeInfo[]): ClusterSnapshot {
    const chunks: NodeInfo[][] = [];
    for (let start = 0; start < nodes.length; start += chunkSize) chunks.push(nodes.slice(start, start + chunkSize));
    return new ClusterSnapshot(chunks, new Map(nodes.map((node, index) => [node.name, index])), nodes.length);
  }

  node(name: string): NodeInfo | undefined {
    const index = this.indexes.get(name);
    return index === undefined ? undefined : this.at(index);
  }

  /** The node at a position; positions wrap around, so at(nodeCount) is at(0). */
  at(position: number): NodeInfo {
    const index = position % this.nodeCount;
    const node = this.chunks[Math.floor(index / chunkSize)]?.[index % chunkSize];
    if (node === undefined) throw new RangeError(`no node at ${position} of ${this.nodeCount}`);
    return node;
  }

  /** The position of the first node whose name comes after `name`; 0 when there is none or no name. */
  positionAfter(name: string | undefined): number {
    if (name === undefined || this.nodeCount === 0) return 0;
    let low = 0;
    let high = this.nodeCount;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.at(middle).name <= name) low = middle + 1;
      else high = middle;
    }
    return low === this.nodeCount ? 0 : low;
  }

  /** The same with one node replaced by its newer self. */
  with(node: NodeInfo): ClusterSnapshot {
    const index = this.indexes.get(node.name);
    if (index === undefined) throw new RangeError(`no node ${node.name}`);
    const chunks = this.chunks.slice();
    const chunk = (chunks[Math.floor(index / chunkSize)] ?? []).slice();
    chunk[index % chunkSize] = node;
    chunks[Math.floor(index / chunkSize)] = chunk;
    return new ClusterSnapshot(chunks, this.indexes, this.nodeCount);
  }

  *[Symbol.iterator](): IterableIterator<NodeInfo> {
    for (const chunk of this.chunks) yield* chunk;
  }
}
