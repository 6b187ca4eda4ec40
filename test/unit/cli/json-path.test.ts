import { describe, expect, it } from 'vitest';
import { findByPath, renderJsonPath } from '../../../src/cli/json-path.js';

const list = {
  items: [
    { metadata: { name: 'web', labels: { 'orch.dev/app': 'shop' } }, status: { state: 'Running', restartCount: 0 } },
    { metadata: { name: 'db' }, status: { state: 'Failed', restartCount: 3 } },
  ],
  conditions: [
    { type: 'Ready', status: 'True' },
    { type: 'Scheduled', status: 'False' },
  ],
};

describe('renderJsonPath', () => {
  it.each([
    ['{.items[0].metadata.name}', 'web'],
    ['{.items[*].metadata.name}', 'web db'],
    ['.items[*].metadata.name', 'web db'],
    ['{.items[-1:].metadata.name}', 'db'],
    ['{..name}', 'web db'],
    ['{.items[0].status}', '{"state":"Running","restartCount":0}'],
    ['{.nothing}', ''],
    ['names: {.items[*].metadata.name}{"\\n"}', 'names: web db\n'],
    ['{range .items[*]}{.metadata.name}={.status.state};{end}', 'web=Running;db=Failed;'],
    ['{.conditions[?(@.type=="Ready")].status}', 'True'],
    ["{.items[?(@.status.state!='Running')].metadata.name}", 'db'],
    ['{.items[?(@.status.restartCount>1)].metadata.name}', 'db'],
    ['{.items[?(@.metadata.labels)].metadata.name}', 'web'],
    ['{.items[0].metadata.labels.orch\\.dev/app}', 'shop'],
    ['{"}"}', '}'],
  ])('makes of %s: %s', (template, text) => {
    expect(renderJsonPath(template, list)).toBe(text);
  });

  it.each(['{.items', '{end}', '{range .items[*]}x', '{.items[?(process.exit())]}', '{items*}'])(
    'refuses %s with a hint',
    (template) => {
      expect(() => renderJsonPath(template, list)).toThrow(/jsonpath .*write it like \{\.status\.state\}/);
    },
  );

  it('evaluates nothing as code', () => {
    const before = Object.keys(globalThis);
    for (const path of [
      '{.items[(globalThis.stolen=1)]}',
      '{.items[?(globalThis.stolen=1)]}',
      '{$..[?(@.constructor.constructor("globalThis.stolen=1")())]}',
    ]) {
      expect(() => renderJsonPath(path, list)).toThrow();
    }
    expect(Object.keys(globalThis)).toEqual(before);
  });
});

it('finds values by a path with or without its dot and braces', () => {
  for (const path of ['.items[1].status.state', 'items[1].status.state', '{.items[1].status.state}']) {
    expect(findByPath(path, list)).toEqual(['Failed']);
  }
});
