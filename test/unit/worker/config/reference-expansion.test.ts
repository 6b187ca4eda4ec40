import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigProblem } from '../../../../src/worker/config/config-problem.js';
import { plainVariables, ReferenceExpansion } from '../../../../src/worker/config/reference-expansion.js';

const variables = new Map([
  ['HOST', 'db'],
  ['PORT', '5432'],
  ['EMPTY', ''],
  ['TRICK', '$(HOST)$$'],
  ['a.b-c', 'odd'],
]);

const expand = (text: string): string => new ReferenceExpansion(variables).expand(text, 'spec.args[0]');

// What Kubernetes' own package makes of each.
describe('references to variables', () => {
  it.each([
    ['$(HOST):$(PORT)', 'db:5432'],
    ['$(EMPTY)x', 'x'],
    ['$(NOBODY)', '$(NOBODY)'],
    ['$$(HOST)', '$(HOST)'],
    ['$$$(HOST)', '$db'],
    ['$$$$(HOST)', '$$(HOST)'],
    ['echo $$', 'echo $'],
    ['$HOST ${HOST}', '$HOST ${HOST}'],
    ['$(TRICK)', '$(HOST)$$'],
    ['$(a.b-c)', 'odd'],
    ['$(HOST', '$(HOST'],
    ['$(HOST $(PORT)', '$(HOST $(PORT)'],
    ['$()', '$()'],
    ['$(hostname -f)', '$(hostname -f)'],
    ['100$', '100$'],
    ['$', '$'],
    ['', ''],
  ])('%s becomes %s', (text, expanded) => expect(expand(text)).toBe(expanded));

  it('leaves a text without $ alone, however long', () => {
    const run = (text: string): void => {
      expect(expand(text)).toBe(text);
    };
    fc.assert(
      fc.property(
        fc.string().map((text) => text.replaceAll('$', '')),
        run,
      ),
    );
    for (const hostile of ['$('.repeat(500_000), `${'$('.repeat(500_000)})`]) {
      expect(expand(hostile)).toBe(hostile);
    }
  });

  it('refuses a text that a few references make a flood of, and many such texts together', () => {
    const large = new Map([['A', 'x'.repeat(100_000)]]);
    const refusal =
      /^spec\.args\[0\]: the variables that it refers to are more than 128 KiB, which no program can be given/;
    expect(() => new ReferenceExpansion(large).expand('$(A)'.repeat(6_000), 'spec.args[0]')).toThrow(refusal);
    const words = Array.from({ length: 10_000 }, () => '$(A)');
    expect(() => new ReferenceExpansion(large).expandAll(words, 'spec.args')).toThrow(ConfigProblem);
    expect(new ReferenceExpansion(large).expandAll(words.slice(0, 20), 'spec.args')).toHaveLength(20);
    const doubling = new Map([['V0', 'x'.repeat(100)]]);
    const expansion = new ReferenceExpansion(doubling);
    const double = (): void => {
      for (let at = 1; at < 30; at += 1) doubling.set(`V${at}`, expansion.expand(`$(V${at - 1})`.repeat(2), `V${at}`));
    };
    expect(double).toThrow(/more than 128 KiB/);
  });

  it('gives probes the plain values only, and nothing for the others', () => {
    const env = [
      { name: 'A', value: 'a' },
      { name: 'NONE' },
      { name: 'B', valueFrom: { fieldRef: { fieldPath: 'x' } } },
    ];
    expect([...plainVariables(env)]).toEqual([
      ['A', 'a'],
      ['NONE', ''],
      ['B', ''],
    ]);
  });
});
