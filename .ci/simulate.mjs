// test/simulation/main.ts, bundled and run in this process with the same arguments. Translated on the fly, with a call for the
// name of every function that is made, a simulated hour costs half as much again.
import { createHash } from 'node:crypto';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';

const bundle = await rolldown({
  input: 'test/simulation/main.ts',
  platform: 'node',
  external: (id) => /^(?!\.|\/|[a-z]:)/i.test(id),
  transform: { target: 'node20.19' },
});
const { output } = await bundle.generate({ format: 'esm', sourcemap: 'inline', codeSplitting: false });
await bundle.close();

// Named after its content and put there in one step: several runs may go on at once, each over its own source.
const { code } = output[0];
const folder = join('dist', 'simulation');
const file = join(folder, `${createHash('sha256').update(code).digest('hex').slice(0, 16)}.mjs`);
mkdirSync(folder, { recursive: true });
writeFileSync(`${file}.${process.pid}`, code);
renameSync(`${file}.${process.pid}`, file);
process.setSourceMapsEnabled(true);
await import(pathToFileURL(file).href);
