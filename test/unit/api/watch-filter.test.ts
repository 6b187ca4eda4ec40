import { describe, expect, it } from 'vitest';
import { visibleEvent, visibleEvents } from '../../../src/api/watch-filter.js';
import type { Stored } from '../../../src/model/api-object.js';
import type { ObjectEvent } from '../../../src/registry/registry.js';

const object = (team: string, resourceVersion: string): Stored => ({
  apiVersion: 'orch.dev/v1',
  kind: 'Task',
  metadata: { name: 'a', uid: 'u', resourceVersion, creationTimestamp: '', generation: 1, labels: { team } },
});
const isRed = (candidate: Stored): boolean => candidate.metadata.labels?.['team'] === 'red';
const see = (type: ObjectEvent['type'], now: string, before?: string): unknown => {
  const previous = before === undefined ? {} : { previous: object(before, '1') };
  const event = visibleEvent({ type, revision: 2, object: object(now, '2'), ...previous }, isRed);
  return event && [event.type, event.object.metadata.labels?.['team'], event.object.metadata.resourceVersion];
};

describe('visibleEvent', () => {
  it.each([
    ['ADDED', 'red', undefined, ['ADDED', 'red', '2']],
    ['ADDED', 'blue', undefined, undefined],
    ['MODIFIED', 'red', 'red', ['MODIFIED', 'red', '2']],
    ['MODIFIED', 'red', 'blue', ['ADDED', 'red', '2']],
    ['MODIFIED', 'blue', 'red', ['DELETED', 'red', '2']],
    ['MODIFIED', 'blue', 'blue', undefined],
    ['DELETED', 'red', 'red', ['DELETED', 'red', '2']],
    ['DELETED', 'blue', 'blue', undefined],
  ] as const)('%s now %s, before %s', (type, now, before, expected) => {
    expect(see(type, now, before)).toEqual(expected);
  });
});

describe('visibleEvents of a view', () => {
  const uidOf = (candidate: Stored): string => candidate.metadata.labels?.['uid'] ?? '';
  const version = (uid: string, resourceVersion: string, team = 'red'): Stored => {
    const { metadata, ...rest } = object(team, resourceVersion);
    return { ...rest, metadata: { ...metadata, labels: { team, uid } } };
  };
  const seen = (before: Stored, after: Stored): unknown =>
    visibleEvents({ type: 'MODIFIED', revision: 2, object: after, previous: before }, isRed, uidOf).map((event) => [
      event.type,
      uidOf(event.object),
      event.object.metadata.resourceVersion,
    ]);

  it('shows another identity as a deletion and an addition at once', () => {
    expect(seen(version('a', '1'), version('b', '2'))).toEqual([
      ['DELETED', 'a', '2'],
      ['ADDED', 'b', '2'],
    ]);
    expect(seen(version('a', '1'), version('a', '2'))).toEqual([['MODIFIED', 'a', '2']]);
  });

  it('shows of both only what matches', () => {
    expect(seen(version('a', '1', 'blue'), version('b', '2'))).toEqual([['ADDED', 'b', '2']]);
    expect(seen(version('a', '1'), version('b', '2', 'blue'))).toEqual([['DELETED', 'a', '2']]);
  });
});
