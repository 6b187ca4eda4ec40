/**
 * schemas/*.schema.json -> src/model/generated/*.ts. Run by `npm run generate`; `--check` writes nothing and fails when
 * a generated file is not what the schemas say.
 */
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { compile, type JSONSchema } from 'json-schema-to-typescript';

const target = 'src/model/generated';
const check = process.argv.includes('--check');
const banner = '// Generated from schemas/ by `npm run generate`. Do not edit.';
let stale = 0;

/** Definitions that several schemas refer to are declared once: file -> what it lends to the others. */
const lenders: Record<string, readonly string[]> = {
  'object-meta': ['ObjectMeta'],
  task: [
    ...['Condition', 'EnvVar', 'EnvVarSource', 'EnvFromSource', 'ConfigMapKeySelector', 'SecretKeySelector'],
    ...['ObjectFieldSelector', 'ConfigMapEnvSource', 'SecretEnvSource', 'VolumeMount', 'HostPathVolumeSource'],
    ...['EmptyDirVolumeSource', 'ConfigMapVolumeSource', 'SecretVolumeSource', 'KeyToPath'],
    ...['TaskPort', 'ExecAction', 'Probe', 'ReadinessGate', 'Toleration', 'Quantity'],
  ],
  'task-event': ['ObjectReference', 'EventSeries'],
  deployment: ['LabelSelector', 'LabelSelectorRequirement', 'PodTemplate', 'PodTemplateMetadata'],
  pod: [
    'PodSpec',
    'PodVolume',
    'Container',
    'ContainerPort',
    'PodResources',
    'ContainerResources',
    'PodLifecycle',
    'PodPreStop',
  ],
};

/** A description beside a $ref makes the compiler declare the type once more under another name; around it, it does not. */
function wrapReferences(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(wrapReferences);
  if (typeof schema !== 'object' || schema === null) return schema;
  const { $ref, ...rest } = schema as { $ref?: unknown };
  if ($ref !== undefined) return Object.keys(rest).length === 0 ? schema : { ...rest, allOf: [{ $ref }] };
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, wrapReferences(value)]));
}

/** The compiler repeats what a schema refers to (as Probe1, Probe2 in places); here the repetition becomes an import. */
function importShared(name: string, text: string): string {
  let result = text;
  const declared: [lender: string, type: string][] = [];
  for (const [lender, types] of Object.entries(lenders)) {
    if (lender === name) continue;
    for (const type of types) {
      const declaration = new RegExp(
        `(/\\*\\*(?:(?!\\*/)[\\s\\S])*\\*/\\n)?export (?:interface ${type}\\d* \\{\\n[\\s\\S]*?\\n\\}|type ${type}\\d* = [^;]*;)\\n`,
        'g',
      );
      const without = result.replace(declaration, '');
      if (without !== result) declared.push([lender, type]);
      result = without;
    }
  }
  // What only another borrowed type refers to is not needed here.
  for (const [lender, type] of declared) {
    if (!new RegExp(`\\b${type}\\b`).test(result)) continue;
    result = result.replace(banner, `${banner}\n\nimport type { ${type} } from './${lender}.js';`);
  }
  return result;
}

for (const file of (await readdir('schemas')).filter((name) => name.endsWith('.schema.json')).sort()) {
  const schema = wrapReferences(JSON.parse(await readFile(`schemas/${file}`, 'utf8'))) as JSONSchema;
  const compiled = await compile(schema, file, {
    cwd: 'schemas',
    bannerComment: banner,
    additionalProperties: false,
    ignoreMinAndMaxItems: true,
    style: { singleQuote: true, printWidth: 120 },
  });
  const text = importShared(file.replace('.schema.json', ''), compiled);
  const path = `${target}/${file.replace('.schema.json', '.ts')}`;
  const before = await readFile(path, 'utf8').catch(() => '');
  if (before === text) continue;
  if (check) {
    stale += 1;
    process.stderr.write(`${path} is out of date: run npm run generate\n`);
  } else await writeFile(path, text);
}
process.exitCode = stale > 0 ? 1 : 0;
