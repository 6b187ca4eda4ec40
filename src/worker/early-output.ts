import type { ContainerRuntime, ExecSession, OutputListener } from '../runtime/container-runtime.js';
import { errorMessage } from '../support/errors.js';
import type { Logger } from '../support/logger.js';

/** How much of what nobody has asked for yet is kept of a container: the newest. */
export const maxEarlyBytes = 256 * 1024;

/**
 * What containers print before their first client attaches: `kubectl run -i` makes a pod and comes after its start. Held only of
 * those that are made for one client (stdinOnce). Always holds: at most 256 KiB of each; a container is never held up; whatever
 * fails here costs the early output and nothing else.
 */
export class EarlyOutput {
  private readonly held = new Map<string, HeldOutput>();

  constructor(
    private readonly runtime: ContainerRuntime,
    private readonly logger: Logger,
  ) {}

  /** Call it before the start. Never rejects. */
  async hold(containerId: string): Promise<void> {
    if (this.held.has(containerId)) return;
    try {
      const session = await this.runtime.openAttach(containerId, { stdin: false });
      const output = new HeldOutput(session);
      this.held.set(containerId, output);
      const forget = (): void => {
        if (this.held.get(containerId) === output) this.held.delete(containerId);
      };
      session.finished.then(forget, forget);
    } catch (error) {
      this.logger.debug('early output is not held', { container: containerId, error: errorMessage(error) });
    }
  }

  /** The first client's: everything since the start. Undefined when nothing was held, or somebody has it already. */
  take(containerId: string): ExecSession | undefined {
    const output = this.held.get(containerId);
    this.held.delete(containerId);
    return output;
  }

  /** It did not start, or it is of no interest any more. */
  drop(containerId: string): void {
    this.take(containerId)?.close();
  }

  close(): void {
    for (const id of [...this.held.keys()]) this.drop(id);
  }
}

/** A session that remembers the last of its output until it has a listener. It takes no input. */
class HeldOutput implements ExecSession {
  readonly finished: Promise<undefined>;
  private readonly pieces: { channel: 'stdout' | 'stderr'; data: Uint8Array }[] = [];
  private bytes = 0;
  private listener: OutputListener | undefined;
  /** When what came so far was taken: pieces arrive in order, one at a time. */
  private taken: Promise<void> = Promise.resolve();

  constructor(private readonly session: ExecSession) {
    session.onOutput((channel, data) => (this.listener ? this.pass(channel, data) : this.keep(channel, data)));
    this.finished = session.finished.then(async () => {
      await this.taken;
      return undefined;
    });
    this.finished.catch(() => undefined);
  }

  onOutput(listener: OutputListener): void {
    this.listener = listener;
    // What goes wrong is told by `finished`.
    for (const { channel, data } of this.pieces.splice(0)) this.pass(channel, data).catch(() => undefined);
  }

  write(): void {
    // Its input comes another way.
  }

  end(): void {
    // As above.
  }

  resize(width: number, height: number): void {
    this.session.resize(width, height);
  }

  close(): void {
    this.session.close();
  }

  private pass(channel: 'stdout' | 'stderr', data: Uint8Array): Promise<void> {
    this.taken = this.taken.then(() => this.listener?.(channel, data));
    return this.taken;
  }

  private keep(channel: 'stdout' | 'stderr', data: Uint8Array): void {
    this.pieces.push({ channel, data });
    this.bytes += data.length;
    for (let surplus = this.bytes - maxEarlyBytes; surplus > 0; surplus = this.bytes - maxEarlyBytes) {
      const [oldest] = this.pieces;
      if (!oldest) return;
      const dropped = Math.min(surplus, oldest.data.length);
      oldest.data = oldest.data.subarray(dropped);
      this.bytes -= dropped;
      if (oldest.data.length === 0) this.pieces.shift();
    }
  }
}

/** One session of two: the output of the first, since its start, and the input of the second. */
export function joinSessions(output: ExecSession, input: ExecSession): ExecSession {
  input.onOutput(() => undefined);
  return {
    write: (data) => input.write(data),
    end: () => input.end(),
    resize: (width, height) => output.resize(width, height),
    onOutput: (listener) => output.onOutput(listener),
    finished: output.finished,
    close() {
      input.close();
      output.close();
    },
  };
}
