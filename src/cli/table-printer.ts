import type { ApiObject } from '../model/api-object.js';
import type { Cli } from './cli.js';
import { alignRows } from './columns.js';
import type { Table } from './table-request.js';

/** Prints tables of one kind below each other: headings once, columns that stay in line. */
export interface TablePrinter {
  print(table: Table): void;
}

export function createTablePrinter(
  cli: Cli,
  options: { wide: boolean; withNamespace: boolean; withLabels: boolean; headers: boolean; prefix: string },
): TablePrinter {
  let columns: Table['columnDefinitions'] = [];
  let widths: number[] = [];
  let headed = !options.headers;
  return {
    print(table) {
      if (table.columnDefinitions.length > 0) columns = table.columnDefinitions;
      const shown = columns.flatMap((column, index) => (options.wide || (column.priority ?? 0) === 0 ? [index] : []));
      const rows = table.rows.map(({ cells, object }) => {
        const texts = shown.map((index) => cellText(cells[index]));
        texts[0] = `${options.prefix}${texts[0] ?? ''}`;
        if (options.withNamespace) texts.unshift(object?.metadata.namespace ?? '');
        if (options.withLabels) texts.push(formatLabels(object));
        return texts;
      });
      if (!headed) {
        const headings = shown.map((index) => (columns[index]?.name ?? '').toUpperCase());
        if (options.withNamespace) headings.unshift('NAMESPACE');
        if (options.withLabels) headings.push('LABELS');
        rows.unshift(headings);
      }
      const aligned = alignRows(rows, widths);
      widths = aligned.widths;
      aligned.lines.forEach((line, index) =>
        cli.print(!headed && index === 0 ? cli.colors.bold(line) : colorState(cli, line)),
      );
      headed = true;
    },
  };
}

/** The words that mean that something is wrong or well stand out; piped output is plain. */
function colorState(cli: Cli, line: string): string {
  if (!cli.colors.isColorSupported) return line;
  return line
    .replace(
      /\b(Failed|NotReady|BackOff|ImagePullFailed|ImagePullBackOff|InvalidImageName|StartError|Create(Container|ContainerConfig)?Error|PortConflict)\b/,
      (word) => cli.colors.red(word),
    )
    .replace(/\b(Pending|Scheduled|Terminating)\b/, (word) => cli.colors.yellow(word))
    .replace(/\b(Running|Ready)\b/, (word) => cli.colors.green(word));
}

function cellText(cell: unknown): string {
  return typeof cell === 'string' ? cell : cell === null || cell === undefined ? '' : JSON.stringify(cell);
}

function formatLabels(object: ApiObject | undefined): string {
  const labels = Object.entries(object?.metadata.labels ?? {});
  return labels.length === 0 ? '<none>' : labels.map(([name, value]) => `${name}=${value}`).join(',');
}
