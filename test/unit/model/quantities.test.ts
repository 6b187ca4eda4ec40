import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatMillicores,
  parseBytes,
  parseMillicores,
  parseQuantity,
} from '../../../src/model/quantities.js';

describe('quantities as Kubernetes reads them', () => {
  it.each<[string | number, number]>([
    ['0', 0],
    ['1', 1],
    [0.5, 0.5],
    ['0.5', 0.5],
    ['.5', 0.5],
    ['1.', 1],
    ['+1', 1],
    ['-1', -1],
    ['250m', 0.25],
    ['100u', 0.0001],
    ['5n', 5e-9],
    ['1k', 1000],
    ['1M', 1e6],
    ['1G', 1e9],
    ['1E', 1e18],
    ['1e3', 1000],
    ['1E3', 1000],
    ['1e-3', 0.001],
    ['12.5e2', 1250],
    ['64Ki', 65536],
    ['64Mi', 67108864],
    ['1.5Gi', 1610612736],
    ['1Ei', 2 ** 60],
  ])('%s', (quantity, value) => {
    expect(parseQuantity(quantity)).toBeCloseTo(value, 12);
  });

  it.each([
    '',
    ' 1',
    '1 ',
    '64MB',
    '64mi',
    '1Kb',
    '1K',
    'Mi',
    '.',
    'e3',
    '1e',
    '1e3Mi',
    '1ee3',
    '0x10',
    '1,5',
    '--1',
    '1_0',
  ])('MF-03: refuses "%s"', (quantity) => {
    expect(parseQuantity(quantity)).toBeUndefined();
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, '1e400', `1${'0'.repeat(100)}`, '9'.repeat(1_000_000)])(
    'refuses what is no finite number',
    (quantity) => {
      expect(parseQuantity(quantity)).toBeUndefined();
    },
  );

  it('rounds up, and binary fractions are no reason to', () => {
    expect(parseMillicores('0.1')).toBe(100);
    expect(parseMillicores(0.29)).toBe(290);
    expect(parseMillicores('1u')).toBe(1);
    expect(parseBytes('0.5')).toBe(1);
    expect(parseBytes('1m')).toBe(1);
    expect(parseBytes('100.1M')).toBe(100_100_000);
  });
});

describe('parse(print(x)) = x', () => {
  it('for millicores', () => {
    fc.assert(
      fc.property(fc.nat({ max: 1e9 }), (millicores) => {
        expect(parseMillicores(formatMillicores(millicores))).toBe(millicores);
      }),
    );
  });

  it('for bytes, round ones in their shortest form', () => {
    fc.assert(
      fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), (bytes) => {
        expect(parseBytes(formatBytes(bytes))).toBe(bytes);
      }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1023 }), fc.integer({ min: 1, max: 4 }), (count, power) => {
        expect(formatBytes(count * 1024 ** power)).toBe(`${count}${['Ki', 'Mi', 'Gi', 'Ti'][power - 1]}`);
      }),
    );
  });

  it('orders as the numbers do', () => {
    const quantity = fc.tuple(fc.nat({ max: 1e6 }), fc.constantFrom('', 'k', 'M', 'G', 'Ki', 'Mi', 'Gi'));
    const sizes: Record<string, bigint> = {
      '': 1n,
      k: 1000n,
      M: 1_000_000n,
      G: 1_000_000_000n,
      Ki: 1024n,
      Mi: 1024n ** 2n,
      Gi: 1024n ** 3n,
    };
    fc.assert(
      fc.property(quantity, ([count, suffix]) => {
        expect(BigInt(parseBytes(`${count}${suffix}`) ?? -1)).toBe(BigInt(count) * (sizes[suffix] ?? 0n));
      }),
    );
  });
});
