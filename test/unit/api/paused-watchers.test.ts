import { Writable } from 'node:stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ApiContext } from '../../../src/api/api-context.js';
import { servedAsStored } from '../../../src/api/served-resource.js';
import { WatchFrames } from '../../../src/api/watch-frames.js';
import { handleWatch } from '../../../src/api/watch-handler.js';
import { watchQueueLimits } from '../../../src/api/watch-stream.js';
import { taskKind, type Task } from '../../../src/model/task.js';
import { openRegistry, type OpenedRegistry } from '../../../src/registry/open-registry.js';
import { openMemoryStore } from '../../../src/store/memory/open-memory-store.js';
import { silentLogger } from '../../../src/support/logger.js';
import { createSystemRandom } from '../../../src/support/random.js';
import { ManualClock } from '../../support/manual-clock.js';

/** A client's end: takes what it is sent, or stops after the first write as one does that reads no more. */
class Client extends Writable {
  received = '';
  lines = 0;
  private release: (() => void) | undefined;

  constructor(private isPaused: boolean) {
    super({ highWaterMark: 16_384, decodeStrings: false });
  }

  override _write(chunk: string, _encoding: string, done: () => void): void {
    this.received += chunk;
    this.lines += chunk.split('\n').length - 1;
    if (this.isPaused) this.release = done;
    else done();
  }

  readAgain(): void {
    this.isPaused = false;
    this.release?.();
  }

  get names(): string[] {
    const lines = this.received.split('\n').filter((line) => line !== '');
    return lines.map((line) => (JSON.parse(line) as { object: Task }).object.metadata.name ?? '');
  }
}

let clock: ManualClock;
let registry: OpenedRegistry;
let context: ApiContext;

beforeEach(async () => {
  clock = new ManualClock();
  const random = createSystemRandom();
  const store = await openMemoryStore({ random });
  registry = await openRegistry({ store, clock, random, logger: silentLogger });
  const frames = new WatchFrames(clock);
  // A watch needs no worker.
  context = { registry, clock, random, logger: silentLogger, frames, openStreams: new Set() } as unknown as ApiContext;
});
afterEach(() => registry.close());

async function watch(isPaused: boolean): Promise<Client> {
  const client = new Client(isPaused);
  const request = { query: { watch: 'true' }, accept: undefined };
  await handleWatch(context, request, { stream: client, begin: () => undefined }, servedAsStored(taskKind), {});
  return client;
}

async function write(name: string, characters: number): Promise<void> {
  await registry.create<Task>(taskKind, {
    apiVersion: 'orch.dev/v1',
    kind: 'Task',
    metadata: { name, namespace: 'default' },
    spec: { image: 'busybox', command: ['x'.repeat(characters / 2), 'x'.repeat(characters / 2)] },
  });
  await clock.advance(0);
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const namesUpTo = (count: number): string[] => Array.from({ length: count }, (_, index) => `t${index}`);

it.each([
  ['large events', 200_000, 60],
  ['many events', 10, watchQueueLimits.events + 60],
])(
  'a hundred watchers that stop reading delay nobody and hold a bounded amount: %s',
  { timeout: 30_000 },
  async (_what, size, count) => {
    const reading = await watch(false);
    const paused = await Promise.all(Array.from({ length: 100 }, () => watch(true)));
    for (let round = 0; round < count; round++) {
      await write(`t${round}`, size);
      // Here before the next write: it waits for none of the others, but for turns of the loop in which they are written to.
      for (let turn = 0; turn < 100 && reading.lines <= round; turn++) await nextTurn();
      expect(reading.lines).toBe(round + 1);
    }
    expect(reading.names).toEqual(namesUpTo(count));
    // Told to go, and cut when they do not read the rest within the time that is theirs.
    expect(paused.every((client) => !client.destroyed)).toBe(true);
    await clock.advance(10_000);
    expect(paused.every((client) => client.destroyed)).toBe(true);
    expect(reading.destroyed).toBe(false);
    expect(context.openStreams.size).toBe(1);
  },
);

it('one that reads again in time gets a clean end after what was kept for it, without a gap', async () => {
  const client = await watch(true);
  for (let round = 0; round < 60; round++) await write(`t${round}`, 200_000);
  client.readAgain();
  await clock.advance(100);
  expect(client.writableFinished).toBe(true);
  expect(client.names).toEqual(namesUpTo(client.names.length));
  expect(client.received.length).toBeLessThan(watchQueueLimits.characters + 1_000_000);
  // From the last version that it has, nothing is missing.
  const last = client.received.trimEnd().split('\n').at(-1) ?? '';
  const { resourceVersion } = (JSON.parse(last) as { object: { metadata: { resourceVersion: string } } }).object
    .metadata;
  const missed: string[] = [];
  registry.watch(taskKind, { afterRevision: Number(resourceVersion) }, (events) => {
    missed.push(...events.map(({ object }) => object.metadata.name));
  });
  await clock.advance(0);
  expect([...client.names, ...missed]).toEqual(namesUpTo(60));
});
