import type { Command } from 'commander';
import { ageOf } from '../model/age.js';
import type { Kind } from '../model/kind.js';
import { defaultNamespace } from '../model/namespace.js';
import type { StoredTaskEvent, TaskEvent } from '../model/task-event.js';
import { lastSeenOf, subjectOf, taskEventKind, timesOf } from '../model/task-event.js';
import { taskKind } from '../model/task.js';
import { OrchError } from '../support/errors.js';
import type { Cli } from './cli.js';
import { alignRows } from './columns.js';
import { withConnection } from './connection.js';
import { listAll } from './get-query.js';
import { formatObjects, parseOutputFormat } from './output-format.js';
import { label, parseResourceArguments } from './resource-arguments.js';

interface EventsOptions {
  allNamespaces?: boolean;
  for?: string;
  watch?: boolean;
  types?: string;
  headers: boolean;
  output?: string;
}

export function defineEvents(command: Command, cli: Cli): void {
  command
    .option('--for <object>', 'only those about this object: KIND/NAME')
    .option('-A, --all-namespaces', 'of all namespaces')
    .option('-w, --watch', 'go on and print what happens')
    .option('--types <types>', 'only these: Normal, Warning')
    .option('--no-headers', 'leave the headings out')
    .option('-o, --output <format>', 'json, yaml, name, jsonpath=TEMPLATE')
    .addHelpText(
      'after',
      `
Examples:
  orch events
  orch events --for task/web -w
  orch events --for deployment/shop
  orch events -A --types=Warning`,
    );
  cli.run<EventsOptions>(command, async (_operands, options) => {
    const format = parseOutputFormat(options.output);
    const types = options.types?.split(',').map((type) => type.trim().toLowerCase());
    const unknown = types?.find((type) => type !== 'normal' && type !== 'warning');
    if (unknown !== undefined) throw new OrchError('BadRequest', `--types ${unknown}: choose Normal or Warning`);
    const about = options.for === undefined ? undefined : parseSubject(options.for);
    await withConnection(cli.environment, options, async ({ client, namespace }) => {
      const query = {
        ...(options.allNamespaces
          ? {}
          : { namespace: about?.kind.namespaced === false ? defaultNamespace : namespace }),
        ...(about && { fieldSelector: `regarding.kind=${about.kind.kind},regarding.name=${about.name}` }),
      };
      const isWanted = (event: TaskEvent): boolean => types?.includes((event.type ?? 'Normal').toLowerCase()) ?? true;
      const printer = createEventPrinter(cli, {
        withNamespace: options.allNamespaces === true,
        headers: options.headers,
      });
      if (!options.watch) {
        const events = sortEvents((await listAll(cli, client, taskEventKind, query)) as StoredTaskEvent[]).filter(
          isWanted,
        );
        if (format.type !== 'table') cli.printData(`${await formatObjects(events, format, false)}\n`);
        else if (events.length === 0)
          cli.note(`No events${options.allNamespaces ? '' : ` in the namespace ${namespace}`}.`);
        else printer.print(events);
        return;
      }
      if (format.type !== 'table') throw new OrchError('BadRequest', '-w prints a table: leave out -o');
      const { createInformer } = await import('../client/informer.js');
      const { silentLogger } = await import('../support/logger.js');
      const { clock, random } = cli.environment;
      let before: StoredTaskEvent[] = [];
      const informer = createInformer<StoredTaskEvent>({
        client,
        kind: taskEventKind,
        options: query,
        clock,
        random,
        logger: silentLogger,
        onEvent: ({ type, object }) => {
          if (type === 'DELETED' || !isWanted(object)) return;
          if (informer.hasSynced) printer.print([object]);
          else before.push(object);
        },
        onSync: () => {
          if (before.length > 0) printer.print(sortEvents(before));
          before = [];
        },
      });
      informer.start();
      await new Promise<void>((resolve) => {
        if (cli.signal.aborted) resolve();
        else cli.signal.addEventListener('abort', () => resolve(), { once: true });
      });
      await informer.stop();
    });
  });
}

/** KIND/NAME, or the name of a task. */
function parseSubject(word: string): { kind: Kind; name: string } {
  const [selection] = parseResourceArguments([word.includes('/') ? word : label(taskKind, word)]);
  if (selection?.name === undefined) throw new OrchError('BadRequest', '--for is about one object: KIND/NAME');
  return { kind: selection.kind, name: selection.name };
}

/** Oldest first. */
export function sortEvents<T extends TaskEvent>(events: readonly T[]): T[] {
  return [...events].sort((a, b) => timeOf(a).localeCompare(timeOf(b)) || versionOf(a) - versionOf(b));
}

function timeOf(event: TaskEvent): string {
  return lastSeenOf(event);
}

function versionOf(event: TaskEvent): number {
  return Number(event.metadata.resourceVersion ?? 0);
}

/** `Pending -> Scheduled`, or the state it stayed in. */
export function formatMove(event: TaskEvent): string {
  return event.previousState === undefined || event.previousState === event.state
    ? (event.state ?? '')
    : `${event.previousState} -> ${event.state}`;
}

/** What an event says, with how often. */
export function formatMessage(event: TaskEvent): string {
  const times = timesOf(event) > 1 ? ` (${timesOf(event)} times)` : '';
  return `${event.message ?? ''}${times}`;
}

function createEventPrinter(
  cli: Cli,
  options: { withNamespace: boolean; headers: boolean },
): { print(events: readonly TaskEvent[]): void } {
  let widths: number[] = [];
  let headed = !options.headers;
  return {
    print(events) {
      const rows = events.map((event) => {
        const { kind = '', name = '' } = subjectOf(event);
        return [
          ...(options.withNamespace ? [event.metadata.namespace ?? ''] : []),
          ageOf(timeOf(event), cli.environment.clock.now()),
          event.type ?? 'Normal',
          label({ singular: kind.toLowerCase() }, name),
          formatMove(event),
          event.reason,
          formatMessage(event),
        ];
      });
      if (!headed) {
        rows.unshift([
          ...(options.withNamespace ? ['NAMESPACE'] : []),
          ...['AGE', 'TYPE', 'OBJECT', 'STATE', 'REASON', 'MESSAGE'],
        ]);
      }
      headed = true;
      const aligned = alignRows(rows, widths);
      widths = aligned.widths;
      for (const line of aligned.lines) cli.print(/\bWarning\b/.test(line) ? cli.colors.yellow(line) : line);
    },
  };
}
