import type { Command } from 'commander';
import { nodeKind, type Node } from '../model/node.js';
import { OrchError } from '../support/errors.js';
import { addObjectFlags, changeObjects, type Change, type ObjectFlags } from './change-objects.js';
import type { Cli } from './cli.js';
import { label } from './resource-arguments.js';

type Taint = NonNullable<NonNullable<Node['spec']>['taints']>[number];

interface TaintOptions extends ObjectFlags {
  overwrite?: boolean;
}

const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'] as const;

export function defineTaint(command: Command, cli: Cli): void {
  addObjectFlags(
    command.argument('<what...>', 'NODE or node/NODE, then KEY=VALUE:EFFECT to set and KEY:EFFECT- to remove'),
  )
    .option('--overwrite', 'change taints that are there with another value')
    .addHelpText(
      'after',
      `
EFFECT is ${effects.join(', ')}; KEY- removes all taints of the key.

Examples:
  orch taint node n1 disk=slow:NoSchedule
  orch taint n1 disk:NoSchedule-`,
    );
  cli.run<TaintOptions>(command, async (operands, options) => {
    const words = operands.filter((word) => word !== 'node' && word !== 'nodes' && word !== 'no');
    const isChange = (word: string): boolean => word.endsWith('-') || word.includes(':');
    const changes = words.filter(isChange).map(parseTaint);
    if (changes.length === 0)
      throw new OrchError('BadRequest', 'which taint? Write KEY=VALUE:EFFECT, or KEY- to remove');
    const nodes = words.filter((word) => !isChange(word));
    const named =
      nodes.length === 0 ? ['nodes'] : nodes.map((word) => (word.includes('/') ? word : label(nodeKind, word)));
    return changeObjects(cli, named, options, ({ object }) =>
      Promise.resolve(taintChange((object as unknown as Node).spec?.taints ?? [], changes, options.overwrite === true)),
    );
  });
}

interface TaintWord {
  key: string;
  value?: string;
  effect?: Taint['effect'];
  removes: boolean;
}

function parseTaint(word: string): TaintWord {
  const [, key = '', value, effect, minus] = /^([^=:]+?)(?:=([^:]*))?(?::([A-Za-z]+))?(-)?$/.exec(word) ?? [];
  const known = effects.find((each) => each === effect);
  if (key === '' || (effect !== undefined && !known) || (minus === undefined && !known)) {
    throw new OrchError('BadRequest', `"${word}" is no taint: write KEY=VALUE:EFFECT, with ${effects.join(', ')}`);
  }
  return { key, ...(value && { value }), ...(known && { effect: known }), removes: minus !== undefined };
}

function taintChange(present: readonly Taint[], words: readonly TaintWord[], overwrite: boolean): Change {
  let taints = [...present];
  for (const { key, value, effect, removes } of words) {
    const isSame = (taint: Taint): boolean => taint.key === key && (effect === undefined || taint.effect === effect);
    const old = taints.find(isSame);
    if (removes && !old) throw new OrchError('BadRequest', `there is no taint ${key}${effect ? `:${effect}` : ''}`);
    if (!removes && old && old.value !== value && !overwrite) {
      throw new OrchError('BadRequest', `the taint ${key}:${effect} is there already: --overwrite changes its value`);
    }
    taints = taints.filter((taint) => !isSame(taint));
    if (!removes && effect) taints.push({ key, effect, ...(value === undefined ? {} : { value }) });
  }
  return {
    patch: { spec: { taints: taints as never } },
    said: words.every(({ removes }) => removes) ? 'untainted' : 'tainted',
  };
}
