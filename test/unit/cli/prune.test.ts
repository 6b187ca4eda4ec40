import { expect, it } from 'vitest';
import { selectPrunable } from '../../../src/cli/prune.js';
import type { Stored } from '../../../src/model/api-object.js';

function stored(name: string, manager: string, extra: { operation?: string; deleting?: boolean } = {}): Stored {
  return {
    apiVersion: 'orch.dev/v1',
    kind: 'Task',
    metadata: {
      name,
      namespace: 'default',
      uid: name,
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
      generation: 1,
      managedFields: [{ manager, operation: extra.operation ?? 'Apply' }],
      ...(extra.deleting ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
  };
}

it('takes only what this command line applied, and what is no longer in the input', () => {
  const found = [
    stored('kept', 'orch-cli'),
    stored('left-out', 'orch-cli'),
    stored('of-a-folder', 'orch-source/shop'),
    stored('patched-only', 'orch-cli', { operation: 'Update' }),
    stored('going', 'orch-cli', { deleting: true }),
  ];
  const names = selectPrunable(found, new Set(['default/kept']), 'orch-cli').map(({ metadata }) => metadata.name);
  expect(names).toEqual(['left-out']);
});
