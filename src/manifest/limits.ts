/** What one input text may cost. Everything past a limit is refused before anything walks the tree. */
export interface TextLimits {
  maxBytes: number;
  /** Nesting of mappings and lists. */
  maxDepth: number;
  /** Values in the tree, counted after aliases are expanded. */
  maxNodes: number;
  /** Of YAML, in one text, the empty ones included. */
  maxDocuments: number;
}

/**
 * Collects the paths of fields that a text says more than once; then the last one counts, as in Kubernetes. Where there is none,
 * such a text is refused.
 */
export type DuplicateFields = string[];

/** More are not told, and not kept. */
export const maxDuplicateFields = 100;

export const defaultLimits: TextLimits = {
  maxBytes: 3 * 2 ** 20,
  maxDepth: 100,
  maxNodes: 100_000,
  maxDocuments: 5_000,
};

/**
 * What one request may carry. A manager reads for everybody, in one thread: whatever comes, reading it, checking it and
 * working out who owns what of it must stay below 50 ms. An object with more values than this is no object that people
 * write; 900 kB of data under one key are.
 */
export const requestLimits: TextLimits = { maxBytes: 2 * 2 ** 20, maxDepth: 100, maxNodes: 3_500, maxDocuments: 8 };

/** YAML is read a hundred times slower than JSON, which kubectl and orch send. */
export const maxYamlRequestBytes = 32 * 2 ** 10;

/** How many problems of one input are told; the rest would only scroll the first ones away. */
export const maxErrorsPerInput = 20;

/** Keys that reach an object's prototype when a careless program copies them. No manifest needs them. */
export const forbiddenKeys: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);
