import { expect, it } from 'vitest';
import { parseRestricted, restrictedFeaturesOf } from '../../../src/model/restricted-features.js';

it('names what a task asks of its machine', () => {
  expect(restrictedFeaturesOf({ image: 'a' })).toEqual([]);
  expect(
    restrictedFeaturesOf({
      image: 'a',
      hostNetwork: true,
      volumes: [
        { name: 'a', hostPath: { path: '/a' } },
        { name: 'b', emptyDir: {} },
      ],
    }),
  ).toEqual(['hostNetwork', 'hostPath']);
  expect(restrictedFeaturesOf({ image: 'a', volumes: [{ name: 'a', dockerVolume: { name: 'v' } }] })).toEqual([
    'dockerVolume',
  ]);
});

it('reads what a node forbids', () => {
  expect(parseRestricted(undefined)).toEqual([]);
  expect(parseRestricted('')).toEqual([]);
  expect(parseRestricted('hostPath,hostNetwork,ofTomorrow')).toEqual(['hostNetwork', 'hostPath']);
});
