import type { Command } from 'commander';
import type { Stored } from '../model/api-object.js';
import { keyOf } from '../model/api-object.js';
import type { Condition } from '../model/conditions.js';
import { nearest } from '../manifest/nearest.js';
import { taskStates } from '../model/task-state.js';
import { OrchError } from '../support/errors.js';
import type { Cli } from './cli.js';
import { withConnection } from './connection.js';
import { listAll, queryFor } from './get-query.js';
import { findByPath } from './json-path.js';
import { parseDuration } from './parse-duration.js';
import { keyIn, label, parseResourceArguments } from './resource-arguments.js';
import type { Judge, Target } from './verdict.js';
import { done, explainState, waiting } from './verdict.js';
import { waitForObjects } from './wait-for-objects.js';

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
    const judge = parseFor(options.for);
    const timeout = Math.max(1, parseDuration(options.timeout, '--timeout'));
    return withConnection(cli.environment, options, async (connection) => {
      const targets: Target[] = [];
      for (const { kind, name } of parseResourceArguments(operands)) {
        if (name !== undefined) targets.push({ kind, key: keyIn(kind, connection.namespace, name) });
        else if (options.selector || options.all) {
          const objects = await listAll(connection.client, kind, queryFor(kind, connection, options));
          targets.push(...objects.map((object) => ({ kind, key: keyOf(object) })));
        } else throw new OrchError('BadRequest', 'which ones? Give names, -l LABELS, or --all');
      }
      if (targets.length === 0) {
        if (options.for === 'delete') return 0;
        throw new OrchError('NotFound', 'there is no such object to wait for');
      }
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

/** `condition=Ready`, `state=Running`, ... -> a judge. Throws BadRequest that lists what there is. */
export function parseFor(text: string): Judge {
  const [word = '', ...rest] = text.split('=');
  const argument = rest.join('=');
  if (word === 'delete' && argument === '') {
    return (object) => (object === undefined ? done('deleted') : waiting(describe(object)));
  }
  if (word === 'create' && argument === '') {
    return (object) => (object === undefined ? waiting('does not exist') : done('exists'));
  }
  if (word === 'condition' && argument !== '') {
    const [type = '', status = 'True'] = argument.split('=');
    return ifPresent((object) => {
      const condition = conditionsOf(object).find((each) => each.type.toLowerCase() === type.toLowerCase());
      if (condition?.status.toLowerCase() === status.toLowerCase()) return done(`condition ${type} met`);
      const now = condition === undefined ? 'absent' : explainState(condition.status, condition);
      return waiting(`condition ${type} is ${now}`);
    });
  }
  if (word === 'state' && argument !== '') {
    const wanted = taskStates.find((state) => state.toLowerCase() === argument.toLowerCase());
    if (wanted === undefined) {
      const meant = nearest(argument, taskStates);
      throw new OrchError(
        'BadRequest',
        `--for state=${argument}: the states are ${taskStates.join(', ')}${meant ? ` (did you mean "${meant}"?)` : ''}`,
      );
    }
    return ifPresent((object) => (stateOf(object) === wanted ? done(wanted) : waiting(describe(object))));
  }
  if (word === 'jsonpath' && argument !== '') {
    const match = /^(\{.*\}|[^{=]+)(?:=(.*))?$/s.exec(argument);
    if (!match) throw new OrchError('BadRequest', `--for jsonpath=${argument}: write it like {.status.state}=Running`);
    const [, path = '', value] = match;
    // A mistake in the path shows now and not after the timeout.
    findByPath(path, {});
    const wanted = value?.replace(/^(["'])(.*)\1$/s, '$2');
    return ifPresent((object) => {
      const found = findByPath(path, object).map((item) => (typeof item === 'string' ? item : JSON.stringify(item)));
      const met = wanted === undefined ? found.length > 0 : found.includes(wanted);
      return met ? done(`condition met`) : waiting(`${path} is ${found.length === 0 ? 'absent' : found.join(', ')}`);
    });
  }
  throw new OrchError(
    'BadRequest',
    `--for ${text}: write condition=TYPE, state=STATE, delete, create, or jsonpath=PATH=VALUE`,
  );
}

function ifPresent(judge: (object: Stored) => ReturnType<Judge>): Judge {
  return (object) => (object === undefined ? waiting('does not exist') : judge(object));
}

interface WithStatus {
  status?: { state?: string; reason?: string; message?: string; conditions?: Condition[] };
}

function conditionsOf(object: Stored): Condition[] {
  return (object as WithStatus).status?.conditions ?? [];
}

function stateOf(object: Stored): string {
  return (object as WithStatus).status?.state ?? 'Pending';
}

function describe(object: Stored): string {
  const { status } = object as WithStatus;
  if (object.metadata.deletionTimestamp) return 'is being deleted';
  return status?.state === undefined ? 'exists' : explainState(status.state, status);
}
