import fc from 'fast-check';

/** Words that mean something to every object of the language, and others. */
export const hostileWord: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    'constructor',
    '__proto__',
    'toString',
    'hasOwnProperty',
    'valueOf',
    'NotFound',
    '',
    '\u0000',
    '../..',
  ),
  fc.string({ maxLength: 40 }),
);

export const hostileNumber: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(0, -0, -1, 70_000, 2 ** 31, 2 ** 53, -(2 ** 53), 1e300, 0.5),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);

/** JSON that somebody makes up who knows the protocol: the names that are used, and anything under them. */
export function hostileJson(names: readonly string[]): fc.Arbitrary<unknown> {
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(null, true, false),
      hostileNumber,
      hostileWord,
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(
        fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...names) }, { weight: 1, arbitrary: hostileWord }),
        tie('value'),
        {
          maxKeys: 6,
        },
      ),
    ),
  }));
  return value;
}
