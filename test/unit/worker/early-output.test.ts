import { expect, it } from 'vitest';
import {
  RuntimeError,
  type ContainerRuntime,
  type ExecSession,
  type OutputListener,
} from '../../../src/runtime/container-runtime.js';
import { silentLogger } from '../../../src/support/logger.js';
import { EarlyOutput, maxEarlyBytes } from '../../../src/worker/early-output.js';

/** A container whose output the test makes. */
class Talker {
  print: OutputListener = () => undefined;
  end: () => void = () => undefined;
  closes = 0;
  readonly finished = new Promise<undefined>((resolve) => (this.end = () => resolve(undefined)));

  readonly runtime = {
    openAttach: (): Promise<ExecSession> =>
      Promise.resolve({
        write: () => undefined,
        end: () => undefined,
        resize: () => undefined,
        onOutput: (listener) => (this.print = listener),
        finished: this.finished,
        close: () => {
          this.closes += 1;
        },
      }),
  } as unknown as ContainerRuntime;
}

function readAll(session: ExecSession | undefined): { text: string } {
  const read = { text: '' };
  session?.onOutput((_channel, data) => void (read.text += Buffer.from(data).toString()));
  return read;
}

it('keeps the newest 256 KiB, and holds the container up no longer than that takes', async () => {
  const talker = new Talker();
  const early = new EarlyOutput(talker.runtime, silentLogger);
  await early.hold('c1');
  for (let count = 0; count < 40; count += 1) {
    // Nothing to wait for: the container goes on.
    expect(talker.print('stdout', Buffer.alloc(10_000, 97 + (count % 26)))).toBeUndefined();
  }
  void talker.print('stdout', Buffer.alloc(2 * maxEarlyBytes, 120));
  void talker.print('stdout', Buffer.from('last'));
  const session = early.take('c1');
  const read = readAll(session);
  void talker.print('stdout', Buffer.from(', live'));
  talker.end();
  await session?.finished;
  expect(read.text.length).toBe(maxEarlyBytes + ', live'.length);
  expect(read.text).toMatch(/^x+last, live$/);
});

it('gives it to one client, and keeps nothing of a container that has ended or did not start', async () => {
  const talker = new Talker();
  const early = new EarlyOutput(talker.runtime, silentLogger);
  await early.hold('c1');
  expect(early.take('c1')).toBeDefined();
  expect(early.take('c1')).toBeUndefined();
  await early.hold('c2');
  early.drop('c2');
  expect(early.take('c2')).toBeUndefined();
  expect(talker.closes).toBe(1);
  await early.hold('c3');
  talker.end();
  await talker.finished;
  await Promise.resolve();
  expect(early.take('c3')).toBeUndefined();
});

it('costs no start when the engine cannot be asked', async () => {
  const runtime = {
    openAttach: () => Promise.reject(new RuntimeError('Unavailable', 'away')),
  } as unknown as ContainerRuntime;
  const early = new EarlyOutput(runtime, silentLogger);
  await early.hold('c1');
  expect(early.take('c1')).toBeUndefined();
});
