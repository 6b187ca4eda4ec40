import type { Random } from '../../support/random.js';
import { emptyContents } from '../durable-state.js';
import type { Journal } from '../journal.js';
import { JournaledStore } from '../journaled-store.js';
import { defaultHistoryLimit, type Store } from '../store.js';

/** A store that lives as long as its process: for tests, simulations and trials. */
export async function openMemoryStore(options: { random: Random; historyLimit?: number }): Promise<Store> {
  return new JournaledStore({
    clusterUid: options.random.uuid(),
    contents: emptyContents(),
    journal: forgetfulJournal,
    historyLimit: options.historyLimit ?? defaultHistoryLimit,
  });
}

const forgetfulJournal: Journal = {
  prepare: () => 0,
  append: () => Promise.resolve(),
  recover: () => Promise.reject(new Error('memory does not fail')),
  close: () => Promise.resolve(),
};
