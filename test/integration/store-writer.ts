/**
 * A process that writes to a store until it is killed: `node --import tsx store-writer.ts DIRECTORY ROUND`. It prints a
 * line for each write that was acknowledged, `ack KEY REVISION`, and `refused CODE REASON` for one that was not.
 */
import { errorMessage, isOrchError } from '../../src/support/errors.js';
import { createSystemClock } from '../../src/support/clock.js';
import { silentLogger } from '../../src/support/logger.js';
import { createSystemRandom } from '../../src/support/random.js';
import { openLevelStore } from '../../src/store/level/open-level-store.js';
import type { StoreOperation } from '../../src/store/store.js';

const [directory = '', round = '0'] = process.argv.slice(2);
const store = await openLevelStore({
  directory,
  random: createSystemRandom(),
  clock: createSystemClock(),
  logger: silentLogger,
  historyLimit: 50,
});
process.stdout.write(`open ${store.clusterUid} ${store.currentRevision()}\n`);

async function write(writer: number): Promise<void> {
  for (let n = 0; ; n++) {
    const key = `round-${round}/${writer}/${n}`;
    const value = { key, padding: 'x'.repeat((n * 97) % 3_000) };
    // A pair in one transaction, and a key that is written over and over, so that history is dropped all the time.
    const operations: StoreOperation[] = [
      { type: 'put', key, value, expect: 'absent' },
      { type: 'put', key: `${key}/twin`, value, expect: 'absent' },
      { type: 'put', key: `hot/${writer}`, value: { n }, expect: 'any' },
    ];
    try {
      const { revision } = await store.commit(operations);
      process.stdout.write(`ack ${key} ${revision}\n`);
    } catch (error) {
      const code = isOrchError(error) ? error.code : 'unknown';
      process.stdout.write(`refused ${code} ${errorMessage(error)}\n`);
      process.stdout.write(`read-only ${store.readOnlyReason() ?? 'no'}\n`);
      const { entries, revision } = await store.list('round-');
      process.stdout.write(`readable ${entries.length / 2} ${revision}\n`);
      return;
    }
  }
}

await Promise.all(Array.from({ length: 8 }, (_, writer) => write(writer)));
// Held open until it is killed, as a manager would.
process.stdin.resume();
