import type { Agent } from 'node:http';
import type { Readable } from 'node:stream';
import Docker from 'dockerode';
import type { Clock } from '../../support/clock.js';
import { withDeadline } from '../../support/clock.js';
import { RuntimeError } from '../container-runtime.js';
import { deadlines } from '../deadlines.js';
import { negotiateApiVersion } from './api-version.js';
import { CallAgent, TerseAgent } from './call-agent.js';
import type { EngineApi } from './engine-api.js';
import type { EngineCall } from './engine-errors.js';
import { asRefusal, EngineRefusal, isVersionRefusal, toRuntimeError } from './engine-errors.js';
import { takePlainRefusals } from './plain-refusals.js';

interface Negotiated {
  apiVersion: string;
  calls: EngineApi;
  streams: EngineApi;
}

/**
 * The way to one Docker Engine: calls with deadlines over a few kept connections, streams over connections of their
 * own without any. Every rejection is a RuntimeError. dockerode alone would wait for a frozen engine for ever, and its
 * own timeout would cut idle streams.
 */
export class EngineConnection {
  readonly socketPath: string;
  readonly #clock: Clock;
  readonly #callAgent = new CallAgent({ keepAlive: true, maxSockets: 256, maxFreeSockets: 8 });
  readonly #streamAgent = new TerseAgent({ keepAlive: false });
  readonly #closing = new AbortController();
  #negotiated: Promise<Negotiated> | undefined;

  constructor(socketPath: string, clock: Clock) {
    this.socketPath = socketPath;
    this.#clock = clock;
  }

  /** The version of the API that both sides speak. */
  async apiVersion(deadlineMilliseconds: number): Promise<string> {
    return this.#withDeadline('version', deadlineMilliseconds, async () => (await this.#negotiate()).apiVersion);
  }

  /**
   * One call. `doneStatuses` are refusals that mean success (304: it is so already); then it resolves with undefined.
   */
  async call<T>(
    call: EngineCall,
    deadlineMilliseconds: number,
    use: (engine: EngineApi, abortSignal: AbortSignal) => Promise<T>,
    doneStatuses: readonly number[] = [],
  ): Promise<T | undefined> {
    return this.#withDeadline(call, deadlineMilliseconds, async (abortSignal) => {
      const { calls } = await this.#negotiate();
      return unlessDone(use(calls, abortSignal), doneStatuses);
    });
  }

  /** One call whose answer is read as it comes, and no further than `read` wants; the deadline is for all of it. */
  async read<T>(
    call: EngineCall,
    deadlineMilliseconds: number,
    open: (engine: EngineApi, abortSignal: AbortSignal) => Promise<Readable>,
    read: (answer: Readable) => Promise<T>,
    doneStatuses: readonly number[] = [],
  ): Promise<T | undefined> {
    return this.#withDeadline(call, deadlineMilliseconds, async (abortSignal) => {
      const { streams } = await this.#negotiate();
      const answer = await unlessDone(open(streams, abortSignal), doneStatuses);
      return answer && read(answer).finally(() => answer.destroy());
    });
  }

  /** Opens a stream; the deadline is for its beginning only. Destroy the stream to close it; close() destroys it too. */
  async stream<S extends Readable>(
    call: EngineCall,
    deadlineMilliseconds: number,
    use: (engine: EngineApi, abortSignal: AbortSignal) => Promise<S>,
  ): Promise<S> {
    const stream = await this.#withDeadline(call, deadlineMilliseconds, async (abortSignal) => {
      const { streams } = await this.#negotiate();
      return use(streams, abortSignal);
    });
    // Until the owner listens, and after it has stopped, a broken connection must not become an uncaught error.
    stream.on('error', () => undefined);
    const destroy = (): void => void stream.destroy();
    this.#closing.signal.addEventListener('abort', destroy, { once: true });
    stream.once('close', () => this.#closing.signal.removeEventListener('abort', destroy));
    if (this.#closing.signal.aborted) destroy();
    return stream;
  }

  close(): void {
    this.#closing.abort();
    this.#callAgent.destroy();
    this.#streamAgent.destroy();
  }

  async #withDeadline<T>(
    call: EngineCall,
    milliseconds: number,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    if (this.#closing.signal.aborted) throw new RuntimeError('Unavailable', `${call}: this runtime was closed`);
    const abort = new AbortController();
    const cancel = (): void => abort.abort();
    this.#closing.signal.addEventListener('abort', cancel, { once: true });
    const onTimeout = (): RuntimeError => {
      cancel();
      return new RuntimeError(
        'Timeout',
        `${call}: the Docker Engine at ${this.socketPath} did not answer within ${milliseconds / 1000} s`,
      );
    };
    try {
      return await withDeadline(this.#clock, milliseconds, work(abort.signal), onTimeout);
    } catch (error) {
      const refusal = asRefusal(error);
      const failure = toRuntimeError(call, refusal, this.socketPath);
      // The engine that comes back may be another version.
      if (isVersionRefusal(refusal) || !(refusal instanceof EngineRefusal)) this.#negotiated = undefined;
      throw failure;
    } finally {
      this.#closing.signal.removeEventListener('abort', cancel);
    }
  }

  #negotiate(): Promise<Negotiated> {
    this.#negotiated ??= this.#askVersion();
    return this.#negotiated;
  }

  async #askVersion(): Promise<Negotiated> {
    // With a deadline of its own: the call that asks first may give up without ending this for the others.
    const answer = await this.#withDeadline('version', deadlines.ping, (abortSignal) =>
      this.#client(this.#callAgent).version({ abortSignal }),
    );
    const apiVersion = negotiateApiVersion(answer);
    return {
      apiVersion,
      calls: this.#client(this.#callAgent, apiVersion),
      streams: this.#client(this.#streamAgent, apiVersion),
    };
  }

  #client(agent: Agent, apiVersion?: string): EngineApi {
    // `host: undefined`: DOCKER_HOST of the environment would win over the socket path otherwise.
    const options = {
      socketPath: this.socketPath,
      host: undefined,
      protocol: 'http' as const,
      agent,
      ...(apiVersion !== undefined && { version: `v${apiVersion}` }),
    };
    const docker = new Docker(options);
    takePlainRefusals(docker);
    return docker as unknown as EngineApi;
  }
}

async function unlessDone<T>(work: Promise<T>, doneStatuses: readonly number[]): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    const refusal = asRefusal(error);
    if (refusal instanceof EngineRefusal && doneStatuses.includes(refusal.status)) return undefined;
    throw refusal;
  }
}
