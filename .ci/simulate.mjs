// test/simulation/main.ts, bundled and run in this process with the same arguments. Translated on the fly, with a call for the
// name of every function that is made, a simulated hour costs half as much again.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
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

// Of this process alone, and gone once it is loaded: several runs may go on at once, each over its own source.
const folder = join('node_modules', '.cache', 'simulation');
const file = join(folder, `${process.pid}.mjs`);
mkdirSync(folder, { recursive: true });
writeFileSync(file, output[0].code);
process.setSourceMapsEnabled(true);
try {
  await import(pathToFileURL(file).href);
} finally {
  rmSync(file, { force: true });
}
