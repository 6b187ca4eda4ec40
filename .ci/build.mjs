// src/app/orch.ts -> dist/orch.js and its chunks. Code of this repository is bundled, so that the command starts fast;
// packages that are heavy or native stay in node_modules and are loaded by whoever needs them.
import { chmodSync, readFileSync, rmSync } from 'node:fs';
import { build } from 'esbuild';

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
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
  define: { 'process.env.ORCH_VERSION': JSON.stringify(version) },
  banner: {
    js: "#!/usr/bin/env node\nimport { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  logLevel: 'warning',
});
chmodSync('dist/orch.js', 0o755);
