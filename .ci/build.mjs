// src/app/orch.ts -> dist/orch.js and its chunks. Code of this repository is bundled, so that the command starts fast;
// packages that are heavy or native stay in node_modules and are loaded by whoever needs them.
import { chmodSync, readFileSync, rmSync } from 'node:fs';
import { build } from 'esbuild';

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
/**
 * commander asks for node:child_process when it loads, for subcommands that are programs of their own, which orch has none of:
 * loaded when it is used, it (and node:net with it) does not count in the start of every command.
 */
const lazyChildProcess = {
  name: 'lazy-child-process',
  setup(builder) {
    builder.onResolve({ filter: /^node:child_process$/ }, ({ importer, path }) =>
      /[\\/]commander[\\/]/.test(importer) ? { path, namespace: 'lazy' } : undefined,
    );
    builder.onLoad({ filter: /.*/, namespace: 'lazy' }, ({ path }) => ({
      contents: `module.exports = { get spawn() { return process.getBuiltinModule('${path}').spawn; } };`,
    }));
  },
};

rmSync('dist', { recursive: true, force: true });
await build({
  entryPoints: { orch: 'src/app/orch.ts' },
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  minifySyntax: true,
  minifyWhitespace: true,
  sourcemap: 'linked',
  chunkNames: 'chunks/[name]-[hash]',
  external: [
    'classic-level',
    'dockerode',
    'pino',
    'express',
    'helmet',
    '@peculiar/x509',
    'reflect-metadata',
    'chokidar',
  ],
  plugins: [lazyChildProcess],
  define: { 'process.env.ORCH_VERSION': JSON.stringify(version) },
  banner: {
    js: "#!/usr/bin/env node\nimport { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  logLevel: 'warning',
});
chmodSync('dist/orch.js', 0o755);
