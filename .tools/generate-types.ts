/**
 * schemas/*.schema.json -> src/model/generated/*.ts. Run by `npm run generate`; `--check` writes nothing and fails when
 * a generated file is not what the schemas say.
 */
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { compileFromFile } from 'json-schema-to-typescript';

const target = 'src/model/generated';
const check = process.argv.includes('--check');
const banner = '// Generated from schemas/ by `npm run generate`. Do not edit.';
let stale = 0;

for (const file of (await readdir('schemas')).filter((name) => name.endsWith('.schema.json')).sort()) {
  const text = await compileFromFile(`schemas/${file}`, {
    cwd: 'schemas',
    bannerComment: banner,
    additionalProperties: false,
    ignoreMinAndMaxItems: true,
    style: { singleQuote: true, printWidth: 120 },
  });
  const path = `${target}/${file.replace('.schema.json', '.ts')}`;
  const before = await readFile(path, 'utf8').catch(() => '');
  if (before === text) continue;
  if (check) {
    stale += 1;
    process.stderr.write(`${path} is out of date: run npm run generate\n`);
  } else await writeFile(path, text);
}
process.exitCode = stale > 0 ? 1 : 0;
