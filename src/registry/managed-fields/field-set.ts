import type { JsonObject, JsonValue } from '../../model/json.js';
import { isJsonObject } from '../../model/json.js';

const maxDepth = 100;

/**
 * A set of paths into an object, as a tree. A path is a list of elements in the notation of Kubernetes' FieldsV1:
 * `f:name` a member, `k:{"name":"A"}` an item of a list with keys, `v:"x"` an item of a set. `member` says whether the
 * path that ends here belongs to the set.
 */
export class FieldSet {
  member = false;
  /** Absent while there are none: most sets are leaves. */
  private below: Map<string, FieldSet> | undefined;

  get children(): ReadonlyMap<string, FieldSet> {
    return this.below ?? noChildren;
  }

  static of(...paths: readonly (readonly string[])[]): FieldSet {
    const set = new FieldSet();
    for (const path of paths) set.insert(path);
    return set;
  }

  insert(path: readonly string[]): void {
    this.at(path).member = true;
  }

  /** The node of a path, made when missing. */
  at(path: readonly string[]): FieldSet {
    return path.reduce((node: FieldSet, element) => node.child(element), this);
  }

  child(element: string): FieldSet {
    const known = this.below?.get(element);
    if (known) return known;
    const made = new FieldSet();
    this.put(element, made);
    return made;
  }

  private put(element: string, child: FieldSet): void {
    this.below ??= new Map();
    this.below.set(element, child);
  }

  isEmpty(): boolean {
    if (this.member) return false;
    for (const child of this.children.values()) if (!child.isEmpty()) return false;
    return true;
  }

  union(other: FieldSet): FieldSet {
    return this.combine(other, (mine, others) => mine || others);
  }

  intersection(other: FieldSet): FieldSet {
    return this.combine(other, (mine, others) => mine && others);
  }

  difference(other: FieldSet): FieldSet {
    return this.combine(other, (mine, others) => mine && !others);
  }

  equals(other: FieldSet): boolean {
    return this.difference(other).isEmpty() && other.difference(this).isEmpty();
  }

  /** Every path of the set, parents before children. */
  paths(prefix: readonly string[] = []): string[][] {
    const own = this.member ? [[...prefix]] : [];
    return [...own, ...[...this.children].flatMap(([element, child]) => child.paths([...prefix, element]))];
  }

  toFieldsV1(): JsonObject {
    const fields: JsonObject = {};
    if (this.member && this.children.size > 0) fields['.'] = {};
    for (const [element, child] of [...this.children].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (!child.isEmpty()) fields[element] = child.toFieldsV1();
    }
    return fields;
  }

  /** Undefined when this is no FieldsV1. */
  static fromFieldsV1(fields: JsonValue | undefined): FieldSet | undefined {
    if (!isJsonObject(fields)) return undefined;
    const set = new FieldSet();
    return readInto(set, fields, 0) ? set : undefined;
  }

  /** Paths that `keep` keeps, from those in either set. Branches that end up without a path are left out. */
  private combine(other: FieldSet, keep: (mine: boolean, others: boolean) => boolean): FieldSet {
    const result = new FieldSet();
    result.member = keep(this.member, other.member);
    const take = (element: string, mine: FieldSet, others: FieldSet): void => {
      const child = mine.combine(others, keep);
      if (child.member || child.children.size > 0) result.put(element, child);
    };
    for (const [element, mine] of this.children) take(element, mine, other.children.get(element) ?? nothing);
    for (const [element, others] of other.children) {
      if (!this.children.has(element)) take(element, nothing, others);
    }
    return result;
  }
}

const noChildren: ReadonlyMap<string, FieldSet> = new Map();
const nothing = new FieldSet();

/** As Kubernetes writes a path in messages: .spec.env[name="A"].value */
export function formatPath(path: readonly string[]): string {
  return path
    .map((element) => {
      const rest = element.slice(2);
      if (element.startsWith('f:')) return `.${rest}`;
      if (element.startsWith('v:')) return `[=${rest}]`;
      const keys = JSON.parse(rest) as Record<string, unknown>;
      return `[${Object.entries(keys)
        .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
        .join(',')}]`;
    })
    .join('');
}

function readInto(set: FieldSet, fields: JsonObject, depth: number): boolean {
  if (depth > maxDepth) return false;
  return Object.entries(fields).every(([element, below]) => {
    if (!isJsonObject(below)) return false;
    if (element === '.') {
      set.member = true;
      return true;
    }
    if (!isElement(element)) return false;
    const child = set.child(element);
    if (Object.keys(below).length === 0) child.member = true;
    return readInto(child, below, depth + 1);
  });
}

function isElement(element: string): boolean {
  if (element.startsWith('f:')) return true;
  try {
    if (element.startsWith('k:')) return isJsonObject(JSON.parse(element.slice(2)));
    if (element.startsWith('v:')) return JSON.parse(element.slice(2)) !== undefined;
    return false;
  } catch {
    return false;
  }
}
