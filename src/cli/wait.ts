import type { Command } from 'commander';
import { keyOf } from '../model/api-object.js';
import { OrchError } from '../support/errors.js';
import type { Cli } from './cli.js';
import { withConnection } from './connection.js';
import { listAll, queryFor } from './get-query.js';
import { parseDuration } from './parse-duration.js';
import { keyIn, label, parseResourceArguments } from './resource-arguments.js';
import type { Target } from './verdict.js';

interface WaitOptions {
  for: string;
  timeout: string;
  selector?: string;
  all?: boolean;
}

export function defineWait(command: Command, cli: Cli): void {
  command
    .argument('<kind>', 'a kind, or KIND/NAME')
    .argument('[names...]', 'names of objects of that kind')
    .requiredOption('--for <what>', 'condition=TYPE[=STATUS], state=STATE, delete, create, or jsonpath=PATH[=VALUE]')
    .option('--timeout <time>', 'how long to wait; 0 looks once', '30s')
    .option('-l, --selector <labels>', 'objects with these labels')
    .option('--all', 'all of that kind in the namespace')
    .addHelpText(
      'after',
      `
Examples:
  orch wait task/web --for=state=Running
  orch wait tasks -l app=shop --for=condition=Ready --timeout=2m
  orch wait task/web --for=delete
  orch wait task/web --for=jsonpath='{.status.restartCount}'=3`,
    );
  cli.run<WaitOptions>(command, async (operands, options) => {
    const { parseFor } = await import('./wait-condition.js');
    const judge = parseFor(options.for);
    const timeout = Math.max(1, parseDuration(options.timeout, '--timeout'));
    return withConnection(cli.environment, options, async (connection) => {
      const targets: Target[] = [];
      for (const { kind, name } of parseResourceArguments(operands)) {
        if (name !== undefined) targets.push({ kind, key: keyIn(kind, connection.namespace, name) });
        else if (options.selector || options.all) {
          const objects = await listAll(cli, connection.client, kind, queryFor(kind, connection, options));
          targets.push(...objects.map((object) => ({ kind, key: keyOf(object) })));
        } else throw new OrchError('BadRequest', 'which ones? Give names, -l LABELS, or --all');
      }
      if (targets.length === 0) {
        if (options.for === 'delete') return 0;
        throw new OrchError('NotFound', 'there is no such object to wait for');
      }
      const { waitForObjects } = await import('./wait-for-objects.js');
      const results = await waitForObjects(cli, connection.client, targets, judge, timeout);
      for (const { target, verdict } of results) {
        const name = label(target.kind, target.key.name);
        if (verdict.type === 'done') cli.print(`${name} ${verdict.text}`);
        else cli.note(`${cli.colors.red('error:')} ${name} after ${options.timeout}: ${verdict.text}`);
      }
      return results.every(({ verdict }) => verdict.type === 'done') ? 0 : 1;
    });
  });
}
