/** What one input text may cost. Everything past a limit is refused before anything walks the tree. */
export interface TextLimits {
  maxBytes: number;
  /** Nesting of mappings and lists. */
  maxDepth: number;
  /** Values in the tree, counted after aliases are expanded. */
  maxNodes: number;
}

export const defaultLimits: TextLimits = { maxBytes: 3 * 2 ** 20, maxDepth: 100, maxNodes: 100_000 };

/** How many problems of one input are told; the rest would only scroll the first ones away. */
export const maxErrorsPerInput = 20;

/** Keys that reach an object's prototype when a careless program copies them. No manifest needs them. */
export const forbiddenKeys: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);
