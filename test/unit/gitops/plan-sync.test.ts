import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { identityOf } from '../../../src/gitops/identity.js';
import type { FolderSurvey, OtherSource } from '../../../src/gitops/other-sources.js';
import {
  goneEntries,
  planSync,
  type SourceFile,
  type SyncInput,
  type SyncPlan,
} from '../../../src/gitops/plan-sync.js';
import { parseText } from '../../../src/manifest/parse-manifests.js';
import type { InventoryEntry, Source } from '../../../src/model/source.js';

const file = (path: string, ...names: string[]): SourceFile => {
  const manifest = (name: string): string =>
    `apiVersion: orch.dev/v1\nkind: Task\nmetadata: { name: ${name} }\nspec: { image: busybox }\n`;
  return { path, ...parseText(names.map(manifest).join('---\n') || '# none', { file: path }) };
};
const entry = (name: string, uid = `uid-of-${name}`): InventoryEntry => ({
  apiVersion: 'orch.dev/v1',
  kind: 'Task',
  namespace: 'default',
  name,
  uid,
});
const letters = (count: number, from = 0): string[] => Array.from({ length: count }, (_, index) => `t${index + from}`);

interface Given extends Partial<Omit<SyncInput, 'source' | 'live'>> {
  spec?: Partial<Source['spec']>;
  live?: Record<string, string>;
}
/** Everything in the inventory is alive with its recorded uid unless `live` says otherwise. */
const plan = ({ spec, live, ...given }: Given): SyncPlan => {
  const inventory = given.inventory ?? [];
  const uids = live ?? Object.fromEntries(inventory.map(({ name, uid = '' }) => [name, uid]));
  return planSync({
    source: { name: 'shop', spec: { folder: { path: '/shop' }, ...spec } },
    folder: { state: 'present' },
    files: [],
    problems: [],
    allowed: { paths: ['/shop'] },
    settled: true,
    others: [],
    ...given,
    inventory,
    live: new Map(Object.entries(uids).map(([name, uid]) => [identityOf(entry(name)), { uid }])),
  });
};
const steps = (result: SyncPlan): string[] =>
  result.steps.map((step) => (step.type === 'apply' ? `apply ${step.entry.name}` : `${step.type} ${step.entry.name}`));

describe('planSync', () => {
  it('applies what the files say and deletes what left', () => {
    const result = plan({ files: [file('a.yaml', 'a', 'b')], inventory: [entry('b'), entry('c')] });
    expect(steps(result)).toEqual(['apply a', 'apply b', 'prune c']);
    expect(result.hold).toBeUndefined();
  });

  it('GO-05: knows objects by what they are, not by where they lie', () => {
    const result = plan({ files: [file('z/other.yaml', 'a')], inventory: [{ ...entry('a'), file: 'a.yaml' }] });
    expect(steps(result)).toEqual(['apply a']);
  });

  describe('whose object another source keeps or names', () => {
    const other = (keeps: string[], names: string[], state: FolderSurvey['state'] = 'clear'): OtherSource[] => {
      const ids = (all: string[]): Set<string> => new Set(all.map((name) => identityOf(entry(name))));
      return [{ name: 'other', keeps: ids(keeps), folder: { state, names: ids(names) } }];
    };
    const lost = (others: OtherSource[]): SyncPlan =>
      plan({ files: [file('a.yaml', 'a')], inventory: [entry('a'), entry('moved')], others });
    const found = (others: OtherSource[]): SyncPlan => plan({ files: [file('a.yaml', 'moved')], others });

    it('waits while the other has not taken over what was moved to its folder', () => {
      const result = lost(other([], ['moved']));
      expect(steps(result)).toEqual(['apply a']);
      expect(result.hold).toMatchObject({ reason: 'HandingOver' });
    });

    it('lets it go once the other keeps it', () => {
      expect(steps(lost(other(['moved'], ['moved'])))).toEqual(['apply a', 'forget moved']);
    });

    it('waits while nobody can say what the other folder names', () => {
      expect(steps(lost(other([], [], 'changing')))).toEqual(['apply a']);
      expect(steps(lost(other(['moved'], [], 'unknown')))).toEqual(['apply a']);
    });

    it('deletes it when no folder names it any more, whoever has it in the inventory', () => {
      expect(steps(lost(other(['moved'], [])))).toEqual(['apply a', 'prune moved']);
      expect(steps(lost(other([], [], 'unknown')))).toEqual(['apply a', 'prune moved']);
    });

    it('takes over what the other does not name any more, and nothing while that is not certain', () => {
      expect(found(other(['moved'], [])).steps).toMatchObject([{ type: 'apply', from: 'other' }]);
      for (const others of [
        other(['moved'], ['moved']),
        other(['moved'], [], 'unknown'),
        other(['moved'], [], 'changing'),
      ]) {
        expect(found(others)).toMatchObject({ steps: [], hold: { reason: 'InvalidManifests' } });
      }
    });
  });

  it('lets go of what is gone or is another object by now', () => {
    const result = plan({
      files: [file('a.yaml', 'a')],
      inventory: [entry('a'), entry('gone'), entry('anew')],
      live: { anew: 'another-uid' },
    });
    expect(steps(result)).toEqual(['apply a', 'forget gone', 'forget anew']);
  });

  it('never deletes by name alone: an entry without a uid is let go', () => {
    const unsure: InventoryEntry = { apiVersion: 'orch.dev/v1', kind: 'Task', namespace: 'default', name: 'b' };
    const result = plan({ files: [file('a.yaml', 'a')], inventory: [unsure], live: { b: 'whose' } });
    expect(steps(result)).toEqual(['apply a', 'forget b']);
  });

  it('keeps everything when prune is off', () => {
    const result = plan({ files: [file('a.yaml', 'a')], inventory: [entry('b')], spec: { prune: false } });
    expect(steps(result)).toEqual(['apply a', 'forget b']);
  });

  it.each(['missing', 'unreadable', 'tooLarge'] as const)('does nothing while the folder is %s', (state) => {
    const result = plan({ folder: { state, message: 'why' }, inventory: [entry('a')], spec: { allowEmpty: true } });
    expect(result.steps).toEqual([]);
    expect(result.hold?.message).toContain('why');
  });

  it('applies a file as a whole or not at all', () => {
    const broken = { ...file('b.yaml', 'b'), errors: [{ file: 'b.yaml', line: 3, column: 1, message: 'broken' }] };
    const result = plan({ files: [file('a.yaml', 'a'), broken], inventory: [entry('b'), entry('c')] });
    expect(steps(result)).toEqual(['apply a']);
    expect(result.hold).toEqual({
      reason: 'InvalidManifests',
      message: 'b.yaml:3:1: broken; nothing is deleted until that is put right',
    });
  });

  it('refuses what a folder must not hold', () => {
    const node = {
      path: 'n.yaml',
      ...parseText('apiVersion: v1\nkind: Node\nmetadata: { name: n1 }\n', { file: 'n.yaml' }),
    };
    const result = plan({ files: [node] });
    expect(result.steps).toEqual([]);
    expect(result.errors).toEqual([
      { file: 'n.yaml', line: 2, column: 7, message: 'a Node is made by its worker: it cannot come from a folder' },
    ]);
  });
});

describe('deletions that look like an accident', () => {
  it.each([
    ['1 of 2', 2, 1, {}, false],
    ['3 of 4', 4, 3, {}, false],
    ['4 of 8', 8, 4, {}, false],
    ['5 of 8', 8, 5, {}, true],
    ['20 of 100', 100, 20, {}, false],
    ['21 of 100', 100, 21, {}, true],
    ['21 of 100 when 30 are allowed', 100, 21, { maxPrune: 30 }, false],
    ['1 of 2 when none is allowed', 2, 1, { maxPrune: 0 }, true],
    ['5 of 8 when 90 % are allowed', 8, 5, { maxPrunePercent: 90 }, false],
  ])('%s', (_, all, gone, spec, blocked) => {
    const result = plan({
      files: [file('a.yaml', ...letters(all - gone, gone))],
      inventory: letters(all).map((name) => entry(name)),
      spec,
    });
    expect(result.pruneBlocked?.count).toBe(blocked ? gone : undefined);
    expect(steps(result).filter((step) => step.startsWith('prune'))).toHaveLength(blocked ? 0 : gone);
  });

  it('is allowed by its token, which allows nothing else', () => {
    const given = { files: [file('a.yaml', ...letters(3, 5))], inventory: letters(8).map((name) => entry(name)) };
    const token = plan(given).pruneBlocked?.token ?? '';
    expect(
      steps(plan({ ...given, spec: { allowPruneOf: token } })).filter((step) => step.startsWith('prune')),
    ).toHaveLength(5);
    const fewerFiles = { ...given, files: [file('a.yaml', ...letters(2, 6))] };
    expect(plan({ ...fewerFiles, spec: { allowPruneOf: token } }).pruneBlocked?.count).toBe(6);
    const anew = given.inventory.map((one) => (one.name === 't0' ? entry('t0', 'new-uid') : one));
    expect(plan({ ...given, inventory: anew, spec: { allowPruneOf: token } }).pruneBlocked?.count).toBe(5);
  });

  it.each([
    ['no files', []],
    ['only comments', [file('a.yaml')]],
  ])('holds an empty folder: %s', (_, files) => {
    const result = plan({ files, inventory: [entry('a')] });
    expect(result.steps).toEqual([]);
    expect(result.hold?.reason).toBe('SourceEmpty');
    expect(steps(plan({ files, inventory: [entry('a')], spec: { allowEmpty: true } }))).toEqual(['prune a']);
  });
});

describe('whatever the input', () => {
  const names = letters(12);
  const subset = fc.subarray(names);
  const inputs = fc.record({
    wanted: subset,
    recorded: subset,
    alive: subset,
    replaced: subset,
    broken: fc.boolean(),
    settled: fc.boolean(),
    problem: fc.boolean(),
    state: fc.constantFrom('present' as const, 'present' as const, 'missing' as const, 'unreadable' as const),
    spec: fc.record({
      prune: fc.boolean(),
      maxPrune: fc.nat({ max: 12 }),
      maxPrunePercent: fc.nat({ max: 100 }),
      allowEmpty: fc.boolean(),
    }),
  });

  it('GO-11: deletes only what was recorded, is not wanted and is the very object, and nothing while in doubt', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const wanted = file('a.yaml', ...input.wanted);
        const files = input.broken ? [{ ...wanted, errors: [{ message: 'broken' }] }] : [wanted];
        const uidOf = (name: string): string => (input.replaced.includes(name) ? 'other' : `uid-of-${name}`);
        const result = plan({
          files,
          folder: { state: input.state },
          settled: input.settled,
          problems: input.problem ? [{ file: 'x.yaml', message: 'unreadable' }] : [],
          inventory: input.recorded.map((name) => entry(name)),
          live: Object.fromEntries(input.alive.map((name) => [name, uidOf(name)])),
          spec: input.spec,
        });
        const pruned = result.steps.filter((step) => step.type === 'prune');
        for (const step of pruned) {
          const { name } = step.entry;
          expect(input.recorded).toContain(name);
          expect(input.wanted).not.toContain(name);
          expect(input.alive).toContain(name);
          expect(input.replaced).not.toContain(name);
        }
        const doubt = input.broken || input.problem || !input.settled || input.state !== 'present' || !input.spec.prune;
        if (doubt) expect(pruned).toEqual([]);
        if (input.wanted.length > 0) expect(pruned.length).toBeLessThanOrEqual(input.spec.maxPrune);
        if (input.wanted.length === 0 && !input.spec.allowEmpty) expect(pruned).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('is at rest once its steps were taken', () => {
    fc.assert(
      fc.property(subset, subset, (wanted, recorded) => {
        fc.pre(wanted.length > 0);
        const files = [file('a.yaml', ...wanted)];
        const spec = { maxPrune: 100, maxPrunePercent: 100 };
        const first = plan({ files, inventory: recorded.map((name) => entry(name)), spec });
        const kept = new Map(recorded.map((name) => [name, entry(name)]));
        for (const step of first.steps) {
          if (step.type === 'apply') kept.set(step.entry.name, entry(step.entry.name));
          else kept.delete(step.entry.name);
        }
        expect(goneEntries(files, [...kept.values()])).toEqual([]);
        const second = plan({ files, inventory: [...kept.values()], spec });
        expect(second.steps.every((step) => step.type === 'apply')).toBe(true);
      }),
    );
  });
});
