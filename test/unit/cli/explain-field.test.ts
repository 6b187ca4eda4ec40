import { describe, expect, it } from 'vitest';
import { explainField, listFields } from '../../../src/cli/explain-field.js';
import { kinds } from '../../../src/model/kinds.js';
import { nodeKind } from '../../../src/model/node.js';
import { taskKind } from '../../../src/model/task.js';
import { runCli } from '../../support/run-cli.js';

describe('orch explain', () => {
  it('says what a field means, what is in it, and what a value may be', async () => {
    const { exitCode, stdout } = await runCli(['explain', 'task.spec.ports']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^KIND: +Task\nVERSION: +orch.dev\/v1\nFIELD: +spec.ports <list of object>\n/);
    expect(stdout).toContain('  containerPort <integer> -required-\n    The port inside the container.');
    expect(stdout).toContain('One of: "TCP", "UDP".\n    Default: "TCP".');
  });

  it('prefers what is said where a field is declared, and follows references into other documents', () => {
    expect(explainField(taskKind, ['spec', 'readinessProbe']).join('\n')).toContain('its condition Ready');
    expect(explainField(taskKind, ['metadata', 'labels'])[2]).toBe('FIELD:    metadata.labels <map of string>');
    expect(listFields(nodeKind, ['status']).join('\n')).toMatch(/ {2}conditions <list of object>.*\n {4}type <string>/);
  });

  it('leaves out no field of any kind', () => {
    for (const kind of kinds) {
      const properties = kind.schema['properties'] as Record<string, unknown>;
      const shown = listFields(kind, []).flatMap((line) => /^ {2}(\w+)/.exec(line)?.[1] ?? []);
      expect(shown, kind.kind).toEqual(Object.keys(properties));
    }
  });

  it.each([
    [['explain', 'task.spec.imagee'], 'task.spec has no field "imagee": did you mean "image"?'],
    [['explain', 'task.spec.image.name'], 'task.spec.image has no field "name": there are no fields in it'],
    [['explain', 'tasc'], 'did you mean "task"?'],
    [['explain', 'all,nodes'], 'which kind?'],
  ])('%j is refused with a hint', async (words, hint) => {
    const { exitCode, stderr } = await runCli(words);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(hint);
  });
});
