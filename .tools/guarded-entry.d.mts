import type { Rule } from 'eslint';

export const guardedEntry: Rule.RuleModule;
