import { openRegistry, type OpenedRegistry } from '../../../src/registry/open-registry.js';
import { openMemoryStore } from '../../../src/store/memory/open-memory-store.js';
import type { Store } from '../../../src/store/store.js';
import { silentLogger } from '../../../src/support/logger.js';
import { createSystemRandom } from '../../../src/support/random.js';
import { ManualClock } from '../../support/manual-clock.js';

export interface Fixture {
  registry: OpenedRegistry;
  store: Store;
  clock: ManualClock;
}

/** A registry over a fresh store in memory, or over one that is there already. */
export async function openFixture(existing?: { store: Store; clock: ManualClock }): Promise<Fixture> {
  const random = createSystemRandom();
  const clock = existing?.clock ?? new ManualClock();
  const store = existing?.store ?? (await openMemoryStore({ random }));
  const registry = await openRegistry({ store, clock, random, logger: silentLogger });
  return { registry, store, clock };
}

/** A manifest of a task. */
export function task(name: string, spec: Record<string, unknown> = {}, metadata: Record<string, unknown> = {}) {
  return {
    apiVersion: 'orch.dev/v1',
    kind: 'Task',
    metadata: { name, namespace: 'default', ...metadata },
    spec: { image: 'busybox:latest', ...spec },
  };
}

export function node(name: string) {
  return { apiVersion: 'v1', kind: 'Node', metadata: { name } };
}

export const inDefault = (name: string) => ({ namespace: 'default', name });
