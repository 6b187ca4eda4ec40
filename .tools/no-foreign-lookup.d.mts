import type { Rule } from 'eslint';

export const noForeignLookup: Rule.RuleModule;
