import { parsePointer } from './field-path.js';
import { own } from '../support/own.js';

/** Offsets of one member or item in the text. `key` is -1 for an item of a list. */
export interface Spot {
  key: number;
  value: number;
  /** Where a scalar ends; -1 for mappings and lists. */
  end: number;
}

/** Where each value of a parsed text stands. Kept beside the tree, so the tree stays plain data. */
export class SourceMap {
  readonly #spots = new WeakMap<object, Map<string, Spot>>();
  #lineStarts: number[] | undefined;

  constructor(readonly text: string) {}

  note(container: object, key: string | number, spot: Spot): void {
    const spots = this.#spots.get(container) ?? new Map<string, Spot>();
    if (spots.size === 0) this.#spots.set(container, spots);
    spots.set(String(key), spot);
  }

  /** The member stands where the same one of another mapping does. */
  noteAgain(container: object, original: object, key: string): void {
    const spot = this.#spots.get(original)?.get(key);
    if (spot) this.note(container, key, spot);
  }

  /** The spot of what `pointer` names under `root`, or of its nearest ancestor that is in the text. */
  find(root: unknown, pointer: string): { spot: Spot; exact: boolean } | undefined {
    let current = root;
    let found: Spot | undefined;
    for (const part of parsePointer(pointer)) {
      const spot = typeof current === 'object' && current !== null ? this.#spots.get(current)?.get(part) : undefined;
      if (!spot) return found && { spot: found, exact: false };
      found = spot;
      current = own(current as Record<string, unknown>, part);
    }
    return found && { spot: found, exact: true };
  }

  /** A deep copy of a tree that this map knows, its parts known at the same places. */
  copy<T>(tree: T): T {
    if (typeof tree !== 'object' || tree === null) return tree;
    const copy = (
      Array.isArray(tree)
        ? tree.map((item: unknown) => this.copy(item))
        : Object.fromEntries(Object.entries(tree).map(([key, member]) => [key, this.copy<unknown>(member)]))
    ) as T & object;
    const spots = this.#spots.get(tree);
    if (spots) this.#spots.set(copy, spots);
    return copy;
  }

  /** Line and column, from 1, of an offset. */
  position(offset: number): { line: number; column: number } {
    const starts = (this.#lineStarts ??= findLineStarts(this.text));
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: Math.max(0, offset - (starts[low] ?? 0)) + 1 };
  }
}

function findLineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}
