import type { ContainerRuntime } from '../container-runtime.js';
import { RuntimeError } from '../container-runtime.js';

/** The calls that faults can be aimed at. */
export type RuntimeCall = Exclude<keyof ContainerRuntime, 'watchHints' | 'close'>;

/** Faults that a test arms on a simulated engine. Without any, the engine is perfect. */
export class SimulatedFaults {
  readonly #failures = new Map<RuntimeCall, Error[]>();
  readonly #lostReplies = new Map<RuntimeCall, number>();
  #thaw: (() => void) | undefined;
  #thawed: Promise<void> | undefined;
  #unavailable = false;
  #stalledPulls = false;

  /** The next call of this kind does nothing and rejects with the error. Several queue up. */
  failNext(call: RuntimeCall, error: Error): void {
    this.#failures.set(call, [...(this.#failures.get(call) ?? []), error]);
  }

  /** The next call of this kind takes effect, yet rejects with Timeout: its outcome is unknown to the caller. */
  loseReplyNext(call: RuntimeCall): void {
    this.#lostReplies.set(call, (this.#lostReplies.get(call) ?? 0) + 1);
  }

  /**
   * While hung, calls run into their deadlines, as with a frozen engine. What was asked meanwhile is done when it
   * thaws, even though nobody waits for the answer any more.
   */
  setHung(hung: boolean): void {
    if (hung && !this.#thawed) this.#thawed = new Promise((resolve) => (this.#thaw = resolve));
    if (!hung) {
      this.#thaw?.();
      this.#thaw = this.#thawed = undefined;
    }
  }

  /** While unavailable, calls reject at once with Unavailable, as when no engine listens. Containers go on. */
  setUnavailable(unavailable: boolean): void {
    this.#unavailable = unavailable;
  }

  /** While stalled, a pull of a missing image goes on until it is cancelled, as from a registry that sends nothing. */
  setPullsStalled(stalled: boolean): void {
    this.#stalledPulls = stalled;
  }

  /** Resolves at once, or, while pulls are stalled, when `signal` cancels this one. */
  async pull(signal: AbortSignal | undefined): Promise<void> {
    if (!this.#stalledPulls || signal?.aborted) return;
    await new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true }));
  }

  /** Runs one call under the armed faults. */
  async perform<T>(call: RuntimeCall, effect: () => T | Promise<T>): Promise<T> {
    await this.#thawed;
    if (this.#unavailable) throw new RuntimeError('Unavailable', 'the simulated engine does not answer');
    const failure = this.#failures.get(call)?.shift();
    if (failure) throw failure;
    const result = await effect();
    const lost = this.#lostReplies.get(call) ?? 0;
    if (lost > 0) {
      this.#lostReplies.set(call, lost - 1);
      throw new RuntimeError('Timeout', `${call}: the reply was lost`);
    }
    return result;
  }
}
