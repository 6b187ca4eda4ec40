// src/app/orch.ts -> dist/orch.js and its chunks. Code of this repository is bundled, so that the command starts fast;
// packages that are heavy or native stay in node_modules and are loaded by whoever needs them.
import { chmodSync, readFileSync, rmSync } from 'node:fs';
import { rolldown } from 'rolldown';

const { version, dependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
/** Every file that is loaded costs the start of a command a millisecond or two, and so do packages that it does not use. */
const bundled = [
  'ajv',
  'ajv-formats',
  'commander',
  'fast-json-patch',
  'js-yaml',
  'jsonpath-plus',
  'picocolors',
  'uuid',
  'ws',
];
const external = new Set(Object.keys(dependencies).filter((name) => !bundled.includes(name)));

const isLazy = (id, importer = '') => id === 'node:child_process' && /[\\/]commander[\\/]/.test(importer);
/**
 * commander asks for node:child_process when it loads, for subcommands that are programs of their own, which orch has none of:
 * loaded when it is used, it (and node:net with it) does not count in the start of every command.
 */
const lazyChildProcess = {
  name: 'lazy-child-process',
  resolveId: (id, importer) => (isLazy(id, importer) ? '\0lazy-child-process.cjs' : undefined),
  load: (id) =>
    id === '\0lazy-child-process.cjs'
      ? `module.exports = { get spawn() { return process.getBuiltinModule('node:child_process').spawn; } };`
      : undefined,
};

rmSync('dist', { recursive: true, force: true });
const bundle = await rolldown({
  input: { orch: 'src/app/orch.ts' },
  platform: 'node',
  external: (id, importer) => external.has(id) || (id.startsWith('node:') && !isLazy(id, importer)),
  plugins: [lazyChildProcess],
  transform: { target: 'node20.19', define: { 'process.env.ORCH_VERSION': JSON.stringify(version) } },
});
await bundle.write({
  dir: 'dist',
  format: 'esm',
  banner: ({ fileName }) => (fileName === 'orch.js' ? '#!/usr/bin/env node' : ''),
  minify: { compress: true, mangle: false, codegen: { removeWhitespace: true } },
  sourcemap: true,
  chunkFileNames: 'chunks/[name]-[hash].js',
  codeSplitting: {
    groups: [
      // Not the entry: it awaits what its chunks import, so no chunk may import it.
      {
        name: 'command-line',
        test: /src[\\/](cli[\\/]main|support[\\/](clock|random)|app[\\/]version)\.ts$/,
        priority: 3,
      },
      { name: 'connection', test: /src[\\/]client[\\/]connect\.ts$/, priority: 2 },
      { name: 'verbs', test: /src[\\/]cli[\\/](?!json-path)/, minShareCount: 2, priority: 1 },
    ],
  },
});
await bundle.close();
chmodSync('dist/orch.js', 0o755);
