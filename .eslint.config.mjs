import js from '@eslint/js';
import tseslint from 'typescript-eslint';
import { guardedEntry } from './.tools/guarded-entry.mjs';
import { noForeignLookup } from './.tools/no-foreign-lookup.mjs';

// Clock, timers and randomness enter through support/ only: the simulation depends on it.
const injectedOnly = ['setTimeout', 'setInterval', 'setImmediate'].map((name) => ({
  name,
  message: 'Take a Clock from support/clock.ts as an argument instead.',
}));

const orch = { rules: { 'no-foreign-lookup': noForeignLookup, 'guarded-entry': guardedEntry } };

const namedExports = { selector: 'ExportDefaultDeclaration', message: 'Use named exports.' };

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', '**/*.mjs', '.*.cjs'] },
  js.configs.recommended,
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'no-restricted-syntax': ['error', namedExports],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/support/**'],
    rules: {
      'no-restricted-globals': ['error', ...injectedOnly],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'Use the injected Clock.' },
        { object: 'Math', property: 'random', message: 'Use the injected Random.' },
      ],
    },
  },
  { files: ['src/**/*.ts'], ignores: ['src/cli/**'], rules: { 'no-console': 'error' } },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/support/own.ts'],
    plugins: { orch },
    rules: {
      'orch/no-foreign-lookup': 'error',
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/cli/**'],
    plugins: { orch },
    rules: {
      'orch/guarded-entry': 'error',
      // `void` does not handle a rejection, and one that nobody handles ends the process.
      '@typescript-eslint/no-floating-promises': ['error', { ignoreVoid: false }],
    },
  },
  {
    files: ['test/**/*.ts', '.tools/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
);
