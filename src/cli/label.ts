import type { Command } from 'commander';
import type { JsonObject } from '../model/json.js';
import { OrchError } from '../support/errors.js';
import { own } from '../support/own.js';
import { addObjectFlags, changeObjects, type ObjectFlags } from './change-objects.js';
import type { Cli } from './cli.js';

interface LabelOptions extends ObjectFlags {
  overwrite?: boolean;
}

export function defineLabel(command: Command, cli: Cli): void {
  defineMetadata(command, cli, 'labels', 'labeled', 'orch label task web tier=front');
}

export function defineAnnotate(command: Command, cli: Cli): void {
  defineMetadata(command, cli, 'annotations', 'annotated', "orch annotate deployment/web note='see ticket 7'");
}

/** `label` and `annotate`: the same but for the map they change. */
function defineMetadata(
  command: Command,
  cli: Cli,
  map: 'labels' | 'annotations',
  said: string,
  example: string,
): void {
  addObjectFlags(command.argument('<what...>', 'KIND NAME or KIND/NAME, then KEY=VALUE to set and KEY- to remove'))
    .option('--overwrite', `change ${map} that are there with another value`)
    .addHelpText(
      'after',
      `
Examples:
  ${example}
  ${example.split(' ').slice(0, 2).join(' ')} node/n1 disk- --overwrite`,
    );
  cli.run<LabelOptions>(command, async (operands, options) => {
    const { objects, changes } = splitChanges(operands);
    if (changes.size === 0) throw new OrchError('BadRequest', `which ${map}? Write KEY=VALUE, or KEY- to remove one`);
    return changeObjects(cli, objects, options, async ({ object }) => {
      const present = object.metadata[map] ?? {};
      const taken = [...changes].filter(
        ([key, value]) => value !== null && Object.hasOwn(present, key) && own(present, key) !== value,
      );
      const [first] = taken;
      if (first && !options.overwrite) {
        const value = JSON.stringify(own(present, first[0]));
        throw new OrchError('BadRequest', `"${first[0]}" is ${value} already: --overwrite changes it`);
      }
      const isSame = [...changes].every(([key, value]) =>
        value === null ? !Object.hasOwn(present, key) : own(present, key) === value,
      );
      const patch: JsonObject = { metadata: { [map]: Object.fromEntries(changes) } };
      return isSame ? { said: `not ${said}: it is so already` } : { patch, said };
    });
  });
}

/** `task web a=b c-` -> the objects, and what is to be set (null: removed). */
function splitChanges(operands: readonly string[]): { objects: string[]; changes: Map<string, string | null> } {
  const objects: string[] = [];
  const changes = new Map<string, string | null>();
  for (const word of operands) {
    const equals = word.indexOf('=');
    if (equals > 0) changes.set(word.slice(0, equals), word.slice(equals + 1));
    else if (objects.length > 0 && word.endsWith('-')) changes.set(word.slice(0, -1), null);
    else objects.push(word);
  }
  return { objects, changes };
}
