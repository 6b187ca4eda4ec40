import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expandReferences } from '../../../../src/worker/config/expand-references.js';

const variables = new Map([
  ['HOST', 'db'],
  ['PORT', '5432'],
  ['EMPTY', ''],
  ['TRICK', '$(HOST)$$'],
  ['a.b-c', 'odd'],
]);

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
  ])('%s becomes %s', (text, expanded) => expect(expandReferences(text, variables)).toBe(expanded));

  it('leaves a text without $ alone, however long', () => {
    const run = (text: string): void => {
      expect(expandReferences(text, variables)).toBe(text);
    };
    fc.assert(
      fc.property(
        fc.string().map((text) => text.replaceAll('$', '')),
        run,
      ),
    );
    for (const hostile of ['$('.repeat(500_000), `${'$('.repeat(500_000)})`]) {
      expect(expandReferences(hostile, variables)).toBe(hostile);
    }
  });
});
