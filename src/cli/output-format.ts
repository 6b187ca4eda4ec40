import type { ApiObject } from '../model/api-object.js';
import { nearest } from '../manifest/nearest.js';
import { findKind } from '../model/kinds.js';
import { resourceName } from '../model/kind.js';
import { OrchError } from '../support/errors.js';
import { alignRows } from './columns.js';

/** What `-o` may say. */
export type OutputFormat =
  | { type: 'table'; wide: boolean }
  | { type: 'name' | 'json' | 'yaml' }
  | { type: 'jsonpath'; template: string }
  | { type: 'columns'; columns: { heading: string; path: string }[] };

const known = ['wide', 'name', 'json', 'yaml', 'jsonpath=TEMPLATE', 'custom-columns=HEADING:PATH,...'];

/** Throws BadRequest that lists what there is. */
export function parseOutputFormat(text: string | undefined): OutputFormat {
  if (text === undefined) return { type: 'table', wide: false };
  if (text === 'wide') return { type: 'table', wide: true };
  if (text === 'name' || text === 'json' || text === 'yaml') return { type: text };
  const [word = '', ...rest] = text.split('=');
  const argument = rest.join('=');
  if (word === 'jsonpath' && argument !== '') return { type: 'jsonpath', template: argument };
  if (word === 'custom-columns' && argument !== '') return { type: 'columns', columns: parseColumns(argument) };
  const meant = nearest(
    word,
    known.map((format) => format.split('=')[0] ?? ''),
  );
  throw new OrchError(
    'BadRequest',
    `-o ${text}: no such output${meant === undefined ? '' : ` (did you mean "${meant}"?)`}; there are ${known.join(', ')}`,
  );
}

function parseColumns(text: string): { heading: string; path: string }[] {
  return text.split(',').map((column) => {
    const colon = column.indexOf(':');
    if (colon <= 0) {
      throw new OrchError('BadRequest', `-o custom-columns: "${column}" is not HEADING:PATH, like STATE:.status.state`);
    }
    return { heading: column.slice(0, colon), path: column.slice(colon + 1) };
  });
}

/** Writes objects in one of the formats that show the object itself. A list is printed as a List unless one was asked for. */
export async function formatObjects(
  objects: readonly ApiObject[],
  format: Exclude<OutputFormat, { type: 'table' }>,
  single: boolean,
): Promise<string> {
  const [first] = objects;
  const value = single && first ? first : { apiVersion: 'v1', kind: 'List', metadata: {}, items: objects };
  switch (format.type) {
    case 'name':
      return objects.map(nameOf).join('\n');
    case 'json':
      return JSON.stringify(value, null, 2);
    case 'yaml':
      return (await toYaml(value)).trimEnd();
    case 'jsonpath': {
      const { renderJsonPath } = await import('./json-path.js');
      return renderJsonPath(format.template, value);
    }
    case 'columns': {
      const { findByPath } = await import('./json-path.js');
      const rows = objects.map((object) =>
        format.columns.map(({ path }) => {
          const found = findByPath(path, object);
          return found.length === 0
            ? '<none>'
            : found.map((item) => (typeof item === 'string' ? item : JSON.stringify(item))).join(',');
        }),
      );
      return alignRows([format.columns.map(({ heading }) => heading), ...rows]).lines.join('\n');
    }
  }
}

/** YAML as people write it: no aliases, no folded lines. */
export async function toYaml(value: unknown): Promise<string> {
  const { dump } = await import('js-yaml');
  return dump(value, { noRefs: true, lineWidth: -1 });
}

/** `task.orch.dev/web`, `node/n1`: what `-o name` prints, and what commands take. */
function nameOf(object: ApiObject): string {
  const kind = findKind(object.apiVersion, object.kind);
  const singular =
    kind === undefined ? object.kind.toLowerCase() : resourceName({ group: kind.group, plural: kind.singular });
  return `${singular}/${object.metadata.name ?? ''}`;
}
