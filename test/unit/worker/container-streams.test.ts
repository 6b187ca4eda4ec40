import { beforeEach, describe, expect, it } from 'vitest';
import type { StreamRequest } from '../../../src/model/worker-tunnel.js';
import type { ContainerDetails, ContainerRuntime, ExecSession } from '../../../src/runtime/container-runtime.js';
import { serveContainerStreams } from '../../../src/worker/container-streams.js';
import { EarlyOutput } from '../../../src/worker/early-output.js';
import type { ServedStream } from '../../../src/worker/tunnel-client.js';
import { silentLogger } from '../../../src/support/logger.js';
import { ManualClock } from '../../support/manual-clock.js';

/** What somebody leaves behind in a container, in the hand of the test. */
class LeftCommand implements ExecSession {
  readonly typed: number[] = [];
  isClosed = false;
  hasInput = true;
  exit: (code: number) => void = () => undefined;
  readonly finished = new Promise<number | undefined>((resolve) => (this.exit = resolve));

  write(data: Uint8Array): void {
    if (this.hasInput) this.typed.push(...data);
  }
  end(): void {
    this.hasInput = false;
  }
  resize(): void {
    // It has any size.
  }
  onOutput(): void {
    // It writes nothing.
  }
  close(): void {
    this.isClosed = true;
  }
}

const container = { id: 'c1', phase: 'running', identity: { attempt: 1 } } as unknown as ContainerDetails;
const onTerminal: StreamRequest = { type: 'exec', taskUid: 'u', command: ['sh'], stdin: true, tty: true };

let clock: ManualClock;
let command: LeftCommand;

beforeEach(() => {
  clock = new ManualClock();
  command = new LeftCommand();
});

function serve(request: StreamRequest): ServedStream {
  const open = (): Promise<ExecSession> => Promise.resolve(command);
  const runtime = { openExec: open, openAttach: open } as unknown as ContainerRuntime;
  const earlyOutput = new EarlyOutput(runtime, silentLogger);
  return serveContainerStreams(
    runtime,
    earlyOutput,
    clock,
    () => [container],
    () => false,
  )(
    request,
    () => undefined,
    () => undefined,
  );
}

describe('a command whose client has left its terminal', () => {
  it('is typed Ctrl-C and Ctrl-D, and let go once it has ended', async () => {
    const stream = serve(onTerminal);
    await clock.advance(0);
    stream.cancel();
    expect(command.typed).toEqual([3, 4, 4]);
    expect(command.isClosed).toBe(false);
    command.exit(130);
    await clock.advance(0);
    expect(command.isClosed).toBe(true);
    expect(clock.pendingTimers).toBe(0);
  });

  it('is let go after two seconds when it heeds no key', async () => {
    const stream = serve(onTerminal);
    await clock.advance(0);
    stream.cancel();
    await clock.advance(1_999);
    expect(command.isClosed).toBe(false);
    await clock.advance(1);
    expect(command.isClosed).toBe(true);
  });

  it('is typed them also when the client left before it was there', async () => {
    serve(onTerminal).cancel();
    await clock.advance(0);
    expect(command.typed).toEqual([3, 4, 4]);
  });

  it('is typed them also when its input ended first, as that of a closed window does', async () => {
    const stream = serve(onTerminal);
    await clock.advance(0);
    stream.endInput();
    expect(command.hasInput).toBe(true);
    stream.cancel();
    expect(command.typed).toEqual([3, 4, 4]);
  });

  it.each<[string, StreamRequest]>([
    ['without a terminal: its input ends', { ...onTerminal, tty: false }],
    ['of which it only saw the output', { ...onTerminal, stdin: false }],
    ['when it is the main process, which is not theirs to end', { type: 'attach', taskUid: 'u', stdin: true }],
  ])('is typed nothing %s', async (_what, request) => {
    const stream = serve(request);
    await clock.advance(0);
    stream.cancel();
    expect([command.typed, command.isClosed]).toEqual([[], true]);
  });
});

it('a command without a terminal sees the end of its input', async () => {
  const stream = serve({ ...onTerminal, tty: false });
  await clock.advance(0);
  stream.endInput();
  expect(command.hasInput).toBe(false);
});
