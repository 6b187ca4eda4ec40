/**
 * schemas/*.schema.json -> the manifest reference in README.md, between its two markers. `--check` writes nothing and
 * fails when the README is not what the schemas say.
 */
import { readFile, writeFile } from 'node:fs/promises';

interface Schema {
  $ref?: string;
  type?: string | string[];
  description?: string;
  default?: unknown;
  enum?: string[];
  minimum?: number;
  maximum?: number;
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  definitions?: Record<string, Schema>;
}

const [begin, end] = ['<!-- reference: generated from schemas/ by npm run generate -->', '<!-- end of reference -->'];
const documents = new Map<string, Schema>();
for (const name of ['task', 'deployment', 'source']) {
  documents.set(`${name}.schema.json`, JSON.parse(await readFile(`schemas/${name}.schema.json`, 'utf8')) as Schema);
}

const sections = [
  ...section('task.schema.json', 'Task'),
  ...section('deployment.schema.json', 'Deployment'),
  ...section('source.schema.json', 'Source'),
];
const text = [begin, '', ...sections, end].join('\n');
const readme = await readFile('README.md', 'utf8');
const [from, to] = [readme.indexOf(begin), readme.indexOf(end)];
if (from < 0 || to < 0) throw new Error('README.md has lost its reference markers');
const updated = readme.slice(0, from) + text + readme.slice(to + end.length);
if (updated !== readme) {
  if (process.argv.includes('--check')) {
    process.stderr.write('the reference in README.md is out of date: run npm run generate\n');
    process.exitCode = 1;
  } else await writeFile('README.md', updated);
}

function section(file: string, title: string): string[] {
  const spec = resolve(documents.get(file)?.properties?.['spec'] ?? {}, file);
  const head = [`#### ${title}`, '', '| field | type | default | meaning |', '|---|---|---|---|'];
  return [...head, ...rows(spec, file, 'spec', new Map()), ''];
}

/** `shown`: where a definition is explained already, by name: it is not explained twice. */
function rows(schema: Schema, file: string, path: string, shown: Map<string, string>): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, raw]) => {
    const property = resolve(raw, file);
    const required = schema.required?.includes(name) ? ' **(required)**' : '';
    const here = `${path}.${name}`;
    const item = property.items ? resolve(property.items, file) : undefined;
    const meaning = property.description ?? item?.description ?? '';
    const definition = raw.$ref ?? property.items?.$ref;
    const known = definition === undefined ? undefined : shown.get(definition);
    if (definition !== undefined && known === undefined) shown.set(definition, here);
    const likeKnown = known === undefined || !(item ?? property).properties ? '' : `, as \`${known}\``;
    const cells = [`\`${here}\`${required}`, typeOf(property, file) + likeKnown, defaultOf(property), meaning];
    if (likeKnown) return [`| ${cells.join(' | ')} |`];
    const inner = item?.properties ? rows(item, file, `${here}[]`, shown) : rows(property, file, here, shown);
    return [`| ${cells.join(' | ')} |`, ...inner];
  });
}

function resolve(schema: Schema, file: string): Schema {
  const name = schema.$ref?.split('#/definitions/')[1];
  if (name === undefined) return schema;
  const found = documents.get(file)?.definitions?.[name] ?? {};
  return { ...found, ...(schema.description ? { description: schema.description } : {}) };
}

function typeOf(schema: Schema, file: string): string {
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(', ');
  if (schema.items) return `list of ${typeOf(resolve(schema.items, file), file)}`;
  const type = [schema.type ?? 'object'].flat().join(' or ');
  const { minimum, maximum } = schema;
  return minimum !== undefined && maximum !== undefined ? `${type} ${minimum} to ${maximum}` : type;
}

function defaultOf(schema: Schema): string {
  return schema.default === undefined || schema.default === '' ? '' : `\`${JSON.stringify(schema.default)}\``;
}
