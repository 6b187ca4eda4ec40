import { describe, expect, it } from 'vitest';
import type { ApiObject } from '../../../src/model/api-object.js';
import {
  compileSelectors,
  matchesLabels,
  parseFieldSelector,
  parseLabelSelector,
} from '../../../src/model/selectors.js';
import { taskKind } from '../../../src/model/task.js';

const labels = { app: 'web', tier: 'front', 'example.com/owner': 'alice', empty: '', size: '5' };

describe('label selectors', () => {
  it.each([
    ['', true],
    ['app=web', true],
    ['app==web', true],
    ['app = web , tier = front', true],
    ['app=db', false],
    ['app!=db', true],
    ['app!=web', false],
    ['missing!=x', true],
    ['app in (web,db)', true],
    ['app in ( db , web )', true],
    ['app in (db)', false],
    ['app notin (db,cache)', true],
    ['app notin (web)', false],
    ['missing notin (x)', true],
    ['app', true],
    ['missing', false],
    ['!missing', true],
    ['! app', false],
    ['empty=', true],
    ['app=', false],
    ['example.com/owner=alice', true],
    ['app in (web,db),tier,!gone,example.com/owner!=bob', true],
    ['app in (web,db),tier=back', false],
    ['constructor', false],
    ['size>3', true],
    ['size > 5', false],
    ['size<10,size>-1', true],
    ['size<5', false],
    ['missing>1', false],
    ['app>1', false],
    ['empty<1', false],
  ])('%s -> %s', (text, expected) => {
    expect(matchesLabels(parseLabelSelector(text), labels)).toBe(expected);
  });

  it.each([
    ['app=web,'],
    [',app'],
    ['app in web'],
    ['app in (web'],
    ['app=a b'],
    ['=web'],
    ['a=b=c'],
    ['app>x'],
    ['app>'],
    ['>1'],
    ['app>1>2'],
    [`app>${'9'.repeat(40)}`],
    ['-app=web'],
    ['app=-web'],
    [`app=${'x'.repeat(64)}`],
    ['a'.repeat(20_000)],
    [Array.from({ length: 65 }, () => '!a').join(',')],
    ['((((((('],
  ])('refuses %s', (text) => {
    expect(() => parseLabelSelector(text)).toThrow(expect.objectContaining({ code: 'BadRequest' }));
  });

  it('takes no object to be without labels for one with any', () => {
    expect(matchesLabels(parseLabelSelector('app'), undefined)).toBe(false);
    expect(matchesLabels(parseLabelSelector('!app'), undefined)).toBe(true);
  });
});

describe('field selectors', () => {
  it('are equalities joined by commas, with escapes', () => {
    expect(parseFieldSelector('metadata.name=x,status.state!=Running,spec.nodeName==a\\,b\\=c')).toEqual([
      { field: 'metadata.name', operator: '=', value: 'x' },
      { field: 'status.state', operator: '!=', value: 'Running' },
      { field: 'spec.nodeName', operator: '=', value: 'a,b=c' },
    ]);
    expect(parseFieldSelector('')).toEqual([]);
  });

  it.each([['name'], ['a=b=c'], ['a=b,'], ['=x'], ['a in (b)']])('refuses %s', (text) => {
    expect(() => parseFieldSelector(text)).toThrow(expect.objectContaining({ code: 'BadRequest' }));
  });
});

describe('compiled selectors', () => {
  const object = {
    apiVersion: 'orch.dev/v1',
    kind: 'Task',
    metadata: { name: 'web', namespace: 'default', labels },
    spec: { image: 'x' },
  } as ApiObject;

  it.each([
    [{}, true],
    [{ fieldSelector: 'metadata.name=web,metadata.namespace=default' }, true],
    [{ fieldSelector: 'metadata.name!=web' }, false],
    [{ fieldSelector: 'spec.nodeName=' }, true],
    [{ fieldSelector: 'status.state=Pending', labelSelector: 'app=web' }, true],
    [{ fieldSelector: 'status.state=Pending', labelSelector: 'app=db' }, false],
  ])('%j -> %s', (selectors, expected) => {
    expect(compileSelectors(taskKind, selectors)(object)).toBe(expected);
  });

  it.each([['spec.image=x'], ['constructor=x'], ['toString=x']])('refuses the field of %s', (fieldSelector) => {
    expect(() => compileSelectors(taskKind, { fieldSelector })).toThrow(/^field label not supported: /);
  });
});
