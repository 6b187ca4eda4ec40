import fc from 'fast-check';
import { expect, it } from 'vitest';
import { foreignNodeChange } from '../../../../src/api/access/node-write-rule.js';
import type { Stored } from '../../../../src/model/api-object.js';
import type { JsonObject } from '../../../../src/model/json.js';
import { reportedLabels } from '../../../../src/model/node.js';

const metadata = {
  ...{ name: 'w1', uid: 'u1', resourceVersion: '7' },
  labels: { zone: 'a', 'kubernetes.io/hostname': 'w1' },
  annotations: { note: 'x' },
};
const current = { apiVersion: 'v1', kind: 'Node', metadata, spec: { unschedulable: true } } as unknown as Stored;
const changed = (change: object, spec: object = { unschedulable: true }): string | undefined =>
  foreignNodeChange('w1', current, { metadata: { ...metadata, ...change }, spec } as unknown as JsonObject);

it('lets a worker tell of its machine', () => {
  expect(changed({})).toBeUndefined();
  const labels = { ...metadata.labels, 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'arm64' };
  expect(changed({ labels })).toBeUndefined();
  expect(changed({ finalizers: [], ownerReferences: [] })).toBeUndefined();
});

it('keeps it from saying what others say of its node', () => {
  expect(changed({ labels: { ...metadata.labels, zone: 'pci' } })).toBe('the label "zone" of its node');
  expect(changed({ labels: { ...metadata.labels, new: '' } })).toBe('the label "new" of its node');
  expect(changed({ labels: { 'kubernetes.io/hostname': 'w1' } })).toBe('the label "zone" of its node');
  expect(changed({ labels: { ...metadata.labels, 'kubernetes.io/hostname': 'w2' } })).toContain('to another name');
  expect(changed({ labels: { ...metadata.labels, __proto__: undefined, constructor: 'x' } })).toContain('constructor');
  expect(changed({ finalizers: ['evil/keep'] })).toBe('the finalizers of its node');
  const owner = { apiVersion: 'v1', kind: 'Node', name: 'w2', uid: 'u2' };
  expect(changed({ ownerReferences: [owner] })).toBe('the ownerReferences of its node');
  expect(changed({ annotations: { note: 'y' } })).toBe('the annotations of its node');
  expect(changed({}, {})).toBe('the spec of its node');
  expect(changed({}, { unschedulable: true, taints: [{ key: 'a', effect: 'NoSchedule' }] })).toBe(
    'the spec of its node',
  );
});

it('never lets a label through that is not the machine’s', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (name, value) => {
      fc.pre(
        !reportedLabels.includes(name) && name !== '__proto__' && (metadata.labels as object)[name as never] !== value,
      );
      expect(changed({ labels: { ...metadata.labels, [name]: value } })).toBeDefined();
    }),
  );
});
