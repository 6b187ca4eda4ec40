import { kinds } from '../model/kinds.js';
import { namespaceKind, defaultNamespace } from '../model/namespace.js';
import { taskEventKind, type StoredTaskEvent } from '../model/task-event.js';
import type { Clock } from '../support/clock.js';
import { isOrchError } from '../support/errors.js';
import type { Logger } from '../support/logger.js';
import type { Random } from '../support/random.js';
import type { Store } from '../store/store.js';
import { CreationGate } from './creation-gate.js';
import { GarbageCollector } from './garbage/garbage-collector.js';
import { Janitor } from './janitor.js';
import { ObjectReader } from './object-reader.js';
import { ObjectWriter } from './object-writer.js';
import type { Registry } from './registry.js';
import { storeKey } from './store-keys.js';
import { StoreRegistry } from './store-registry.js';
import { indexEntry, TaskEventIndex } from './task-event-index.js';
import { TaskEventRecorder } from './task-event-recorder.js';
import { TaskEventWriter } from './task-event-writer.js';

/** A registry with something to finish: close it before its store. */
export interface OpenedRegistry extends Registry {
  /** Writes what is counted in memory only and waits for the deletions under way. The store stays open. */
  close(): Promise<void>;
}

/**
 * Opens the write path over a store that is open: reads the index of task events, makes the namespace default, and goes on
 * with deletions that an earlier manager left half done.
 */
export async function openRegistry(options: {
  store: Store;
  clock: Clock;
  random: Random;
  logger: Logger;
}): Promise<OpenedRegistry> {
  const { store, clock, random } = options;
  const logger = options.logger.with({ component: 'registry' });
  const index = new TaskEventIndex();
  const gate = new CreationGate();
  const events = new TaskEventWriter({ clock, random, index });
  const reader = new ObjectReader(store);
  const collector = new GarbageCollector({ clock, random, logger, reader, registry: () => registry });
  const recorder = new TaskEventRecorder({ store, clock, logger, index, events, gate, registry: () => registry });
  const janitor = new Janitor({
    store,
    clock,
    logger,
    gate,
    index,
    registry: () => registry,
    onNamespaceGone: (namespace) => collector.onWritten(namespaceKind, namespace, 'gone'),
  });
  const writer = new ObjectWriter({
    store,
    reader,
    index,
    events,
    gate,
    onWritten: (kind, object, fate) => {
      janitor.onWritten(kind, object, fate);
      collector.onWritten(kind, object, fate);
    },
  });
  const registry: StoreRegistry = new StoreRegistry({
    store,
    clock,
    random,
    reader,
    writer,
    recordTaskEvent: (event) => recorder.record(event),
    hasDependents: (owner) => collector.hasDependents(owner),
  });
  await loadIndex(registry, index);
  await makeDefaultNamespace(registry);
  await janitor.resume();
  await collector.resume();
  return Object.assign(registry, {
    close: async () => {
      await recorder.close();
      await janitor.close();
      await collector.close();
    },
  });
}

async function loadIndex(registry: Registry, index: TaskEventIndex): Promise<void> {
  for (const kind of kinds) {
    if (!kind.hasEvents) continue;
    for (const { metadata } of (await registry.list(kind)).items) index.addSubject(metadata.uid);
  }
  for (const event of (await registry.list<StoredTaskEvent>(taskEventKind)).items) {
    index.add(indexEntry(storeKey(taskEventKind, event.metadata), event));
  }
}

async function makeDefaultNamespace(registry: Registry): Promise<void> {
  try {
    await registry.create(namespaceKind, { metadata: { name: defaultNamespace } });
  } catch (error) {
    if (!isOrchError(error, 'AlreadyExists')) throw error;
  }
}
