import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

// test/fault-coverage.md says which test proves which row of the catalogue of faults; this keeps it true.
const testFolder = resolve(import.meta.dirname, '..');
const idList = /['"`]((?:[A-Z]{2}-\d\d)(?:, [A-Z]{2}-\d\d)*): /g;

/** Row id -> files with a test whose title begins with it. */
function idsInTitles(): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  const files = readdirSync(testFolder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  for (const file of files) {
    for (const [, ids = ''] of readFileSync(join(testFolder, file), 'utf8').matchAll(idList)) {
      for (const id of ids.split(', ')) found.set(id, (found.get(id) ?? new Set()).add(file));
    }
  }
  return found;
}

interface Row {
  id: string;
  state: string;
  files: string[];
}

function rowsOfTable(): Row[] {
  const text = readFileSync(join(testFolder, 'fault-coverage.md'), 'utf8');
  return [...text.matchAll(/^\| ([A-Z]{2}-\d\d) \|[^|]*\| P\d \| ([a-z ]+?) *\| (.*) \|$/gm)].map(
    ([, id = '', state = '', where = '']) => ({
      id,
      state,
      files: [...where.matchAll(/`([^`]+\.ts)`/g)].map(([, file = '']) => file),
    }),
  );
}

const rows = rowsOfTable();
const titles = idsInTitles();
const proven = rows.filter(({ state }) => state === 'tested' || state === 'partly');

describe('the table of faults', () => {
  it('has each row once, in a state that it explains', () => {
    expect(rows.length).toBeGreaterThan(80);
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
    expect(rows.filter(({ state }) => !['tested', 'partly', 'not yet', 'does not apply'].includes(state))).toEqual([]);
  });

  it('names, for what is tested, every file that has a test with that id, and no other', () => {
    const inTable = proven.map(({ id, files }) => `${id} ${[...files].sort().join(' ')}`);
    const inTests = proven.map(({ id }) => `${id} ${[...(titles.get(id) ?? [])].sort().join(' ')}`);
    expect(inTable).toEqual(inTests);
  });

  it('holds every id that is in the title of a test', () => {
    expect([...titles.keys()].filter((id) => !proven.some((row) => row.id === id))).toEqual([]);
  });
});
