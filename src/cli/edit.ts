import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { Client } from '../client/client.js';
import type { ApiObject, ObjectKey, Stored } from '../model/api-object.js';
import { isJsonObject } from '../model/json.js';
import type { Kind } from '../model/kind.js';
import { isOrchError, OrchError } from '../support/errors.js';
import type { Cli } from './cli.js';
import { withConnection } from './connection.js';
import { formatError } from './format-error.js';
import { toYaml } from './output-format.js';
import { keyIn, label, parseResourceArguments } from './resource-arguments.js';

export function defineEdit(command: Command, cli: Cli): void {
  command
    .argument('<what...>', 'KIND NAME or KIND/NAME')
    .option('--field-manager <name>', 'on whose behalf fields are set', 'orch-edit')
    .addHelpText(
      'after',
      `
The editor is $ORCH_EDITOR, $VISUAL, $EDITOR or vi. What is refused is opened again with the reason on top; saving it
unchanged gives up.

Examples:
  orch edit deployment/web
  ORCH_EDITOR='code --wait' orch edit task web`,
    );
  cli.run<{ fieldManager: string }>(command, async (operands, options) => {
    const [selection, ...more] = parseResourceArguments(operands);
    const { kind, name } = selection ?? {};
    if (!kind || name === undefined || more.length > 0) throw new OrchError('BadRequest', 'edit one object: KIND/NAME');
    return withConnection(cli.environment, options, async ({ client, namespace }) => {
      const key = keyIn(kind, namespace, name);
      const object = await client.get(kind, key);
      const folder = await mkdtemp(join(tmpdir(), 'orch-edit-'));
      const outcome = await editObject(cli, client, {
        kind,
        key,
        object,
        ...options,
        file: join(folder, `${name}.yaml`),
      });
      if (!outcome.isKept) await rm(folder, { recursive: true, force: true });
      return outcome.exitCode;
    });
  });
}

interface Editing {
  kind: Kind;
  key: ObjectKey;
  object: Stored;
  file: string;
  fieldManager: string;
}

/** Edits until it is taken, given up or overtaken. Never loses what was typed: a file that did not make it is kept. */
async function editObject(
  cli: Cli,
  client: Client,
  { kind, key, object, file, fieldManager }: Editing,
): Promise<{ exitCode: number; isKept: boolean }> {
  const name = label(kind, key.name);
  const original = await toYaml(withoutManagedFields(object));
  let shown = original;
  let refusal: string | undefined;
  for (;;) {
    await writeFile(file, `${commentOf(name, refusal)}${shown}`, { mode: 0o600 });
    const exitCode = (await cli.environment.openEditor?.(editorOf(cli), file)) ?? 1;
    if (exitCode !== 0) {
      cli.note(`${cli.colors.red('error:')} the editor ended with exit code ${exitCode}: nothing was changed`);
      return { exitCode: 1, isKept: refusal !== undefined };
    }
    const edited = withoutComment(await readFile(file, 'utf8'));
    if (edited.trim() === '' || edited === original) {
      cli.print(`${name} no change`);
      return { exitCode: 0, isKept: false };
    }
    if (refusal !== undefined && edited === shown) {
      cli.note(`${cli.colors.red('error:')} ${name} was not changed; what you typed is in ${file}`);
      return { exitCode: 1, isKept: true };
    }
    shown = edited;
    try {
      const wanted = await readEdited(edited, object);
      const { object: written, warnings } = await client.replace(kind, key, wanted, { fieldManager });
      for (const warning of warnings) cli.warn(warning);
      const isNews = written.metadata.resourceVersion !== object.metadata.resourceVersion;
      cli.print(`${name} ${isNews ? 'edited' : 'no change'}`);
      return { exitCode: 0, isKept: false };
    } catch (error) {
      if (!isOrchError(error)) throw error;
      if (error.code === 'Invalid' || error.code === 'BadRequest') {
        refusal = formatError(error, { ...cli.colors, red: String });
        continue;
      }
      const why = error.code === 'Conflict' ? 'somebody else has changed it meanwhile' : error.message;
      cli.note(`${cli.colors.red('error:')} ${name} was not changed: ${why}; what you typed is in ${file}`);
      return { exitCode: 1, isKept: true };
    }
  }
}

function editorOf({ environment: { env } }: Cli): string {
  return env['ORCH_EDITOR'] || env['VISUAL'] || env['EDITOR'] || 'vi';
}

function withoutManagedFields({ metadata: { managedFields: _managedFields, ...metadata }, ...object }: Stored): object {
  const { apiVersion, kind, ...rest } = object as ApiObject;
  return { apiVersion, kind, ...rest, metadata };
}

function commentOf(name: string, refusal: string | undefined): string {
  const lines = [`Edit ${name}, save and leave. An empty or unchanged file changes nothing.`];
  if (refusal !== undefined) lines.push('', ...refusal.split('\n'));
  return `${lines.map((line) => `# ${line}`.trimEnd()).join('\n')}\n#\n`;
}

/** Only the lines that were put on top: further down, a line with # may be text of a block. */
function withoutComment(text: string): string {
  return text.replace(/^(?:#.*\r?\n)*/, '');
}

async function readEdited(text: string, { apiVersion, kind, metadata }: Stored): Promise<ApiObject> {
  const { parseValue } = await import('../manifest/parse-manifests.js');
  const value = parseValue(text, 'line', {});
  const edited = isJsonObject(value) && isJsonObject(value['metadata']) ? value : undefined;
  if (!edited) throw new OrchError('BadRequest', 'it must be an object with metadata');
  const wanted = edited as unknown as ApiObject;
  const isSame =
    wanted.apiVersion === apiVersion &&
    wanted.kind === kind &&
    wanted.metadata.name === metadata.name &&
    wanted.metadata.namespace === metadata.namespace;
  if (!isSame)
    throw new OrchError(
      'BadRequest',
      'apiVersion, kind, name and namespace cannot be changed: apply a new manifest instead',
    );
  // Without it, a change by somebody else would be overwritten.
  return { ...wanted, metadata: { ...wanted.metadata, resourceVersion: metadata.resourceVersion } };
}
