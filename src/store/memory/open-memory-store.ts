import type { Random } from '../../support/random.js';
import type { JsonObject } from '../../model/json.js';
import { emptyContents, type StoreContents } from '../durable-state.js';
import type { Journal } from '../journal.js';
import { JournaledStore } from '../journaled-store.js';
import { defaultHistoryLimit, type Store } from '../store.js';

/** What a restored store begins with: these objects at this revision, and no history. */
interface RestoredMemory {
  clusterUid: string;
  restoreUid: string;
  revision: number;
  entries: readonly { key: string; value: JsonObject }[];
}

/** A store that lives as long as its process: for tests, simulations and trials. */
export async function openMemoryStore(options: {
  random: Random;
  historyLimit?: number;
  restored?: RestoredMemory;
}): Promise<Store> {
  const { restored } = options;
  return new JournaledStore({
    clusterUid: restored?.clusterUid ?? options.random.uuid(),
    ...(restored && { restoreUid: restored.restoreUid }),
    contents: restored ? contentsOf(restored) : emptyContents(),
    journal: forgetfulJournal,
    historyLimit: options.historyLimit ?? defaultHistoryLimit,
  });
}

function contentsOf({ revision, entries }: RestoredMemory): StoreContents {
  const all = entries.map(({ key, value }) => [key, Object.freeze({ key, value, revision })] as const);
  return { revision, compactedRevision: revision, entries: new Map(all), history: [] };
}

const forgetfulJournal: Journal = {
  prepare: () => 0,
  append: () => Promise.resolve(),
  recover: () => Promise.reject(new Error('memory does not fail')),
  close: () => Promise.resolve(),
};
