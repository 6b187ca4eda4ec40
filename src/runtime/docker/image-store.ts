import type { Readable } from 'node:stream';
import type { Clock, Timer } from '../../support/clock.js';
import { errorMessage } from '../../support/errors.js';
import type { PullPolicy } from '../container-runtime.js';
import { RuntimeError } from '../container-runtime.js';
import { deadlines } from '../deadlines.js';
import type { EngineConnection } from './engine-connection.js';
import { parseLine, readLines } from './lines.js';

interface Pull {
  done: Promise<void>;
  waiters: number;
  abort: AbortController;
}

const reference = /^[a-zA-Z0-9](?:[a-zA-Z0-9._:@-]|\/(?=[a-zA-Z0-9]))*$/;

/** Whether the text may be pasted into a path of the engine's API as an image reference. */
export function isImageReference(image: string): boolean {
  return image.length <= 512 && reference.test(image) && !image.includes('..');
}

/** Name and tag (or digest) of a reference. Without a tag it is `latest`: the engine would pull every tag there is. */
export function splitReference(image: string): { name: string; tag: string } {
  const at = image.indexOf('@');
  if (at >= 0) return { name: image.slice(0, at).replace(/:[^/:]+$/, ''), tag: image.slice(at + 1) };
  const match = /^(.*):([^/:]+)$/.exec(image);
  return match ? { name: match[1] ?? '', tag: match[2] ?? '' } : { name: image, tag: 'latest' };
}

/** Makes images present. An image is pulled once at a time; who gives up waiting does not end the pull of the others. */
export class ImageStore {
  readonly #connection: EngineConnection;
  readonly #clock: Clock;
  readonly #pulls = new Map<string, Pull>();

  constructor(connection: EngineConnection, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
  }

  async ensure(image: string, policy: PullPolicy, signal?: AbortSignal): Promise<void> {
    if (!isImageReference(image)) throw new RuntimeError('InvalidImageName', `"${image}" is not an image reference`);
    if (policy !== 'Always') {
      if (await this.#isPresent(image)) return;
      if (policy === 'Never') {
        throw new RuntimeError('ImageNotFound', `image ${image} is not on this machine and imagePullPolicy is Never`);
      }
    }
    if (signal?.aborted) throw cancelled(image);
    const pull = this.#pulls.get(image) ?? this.#startPull(image);
    await this.#wait(image, pull, signal);
  }

  async #isPresent(image: string): Promise<boolean> {
    const found = await this.#connection
      .call('image inspect', deadlines.inspect, (engine, abortSignal) =>
        engine.getImage(image).inspect({ abortSignal }),
      )
      .catch((error: unknown) => {
        if (error instanceof RuntimeError && error.code === 'ImageNotFound') return undefined;
        throw error;
      });
    return found !== undefined;
  }

  #startPull(image: string): Pull {
    const abort = new AbortController();
    const done = this.#pull(image, abort.signal).finally(() => this.#pulls.delete(image));
    done.catch(() => undefined);
    const pull = { done, waiters: 0, abort };
    this.#pulls.set(image, pull);
    return pull;
  }

  async #wait(image: string, pull: Pull, signal?: AbortSignal): Promise<void> {
    pull.waiters++;
    let onAbort = (): void => undefined;
    const aborted = new Promise<never>((_resolve, reject) => {
      onAbort = () => reject(cancelled(image));
      signal?.addEventListener('abort', onAbort, { once: true });
    });
    try {
      await Promise.race([pull.done, aborted]);
    } finally {
      signal?.removeEventListener('abort', onAbort);
      if (--pull.waiters === 0) pull.abort.abort();
    }
  }

  async #pull(image: string, signal: AbortSignal): Promise<void> {
    const { name: fromImage, tag } = splitReference(image);
    try {
      const stream = await this.#connection.stream('pull', deadlines.pullWithoutProgress, (engine, abortSignal) =>
        engine.createImage({
          _query: { fromImage, tag },
          _body: {},
          abortSignal: AbortSignal.any([abortSignal, signal]),
        }),
      );
      await this.#follow(stream, signal);
    } catch (error) {
      if (signal.aborted) throw cancelled(image);
      throw pullError(image, error);
    }
    if (!(await this.#isPresent(image))) {
      throw new RuntimeError('PullFailed', `the engine ended the pull of ${image} without having the image`);
    }
  }

  /** Errors come as lines of an answer that began with 200. No line for a while means that the pull stands still. */
  async #follow(stream: Readable, signal: AbortSignal): Promise<void> {
    let failure: string | undefined;
    let timer: Timer | undefined;
    const stalled = (): void => {
      failure = `no progress for ${deadlines.pullWithoutProgress / 1000} s`;
      stream.destroy();
    };
    const expectProgress = (): void => {
      timer?.cancel();
      timer = this.#clock.setTimer(stalled, deadlines.pullWithoutProgress);
    };
    const onAbort = (): void => void stream.destroy();
    signal.addEventListener('abort', onAbort, { once: true });
    expectProgress();
    try {
      await readLines(stream, (line) => {
        expectProgress();
        const error = parseLine(line)?.['error'];
        if (typeof error === 'string') failure ??= error;
      });
    } catch (error) {
      failure ??= errorMessage(error);
    } finally {
      timer?.cancel();
      signal.removeEventListener('abort', onAbort);
    }
    if (failure !== undefined) throw new Error(failure);
  }
}

function cancelled(image: string): RuntimeError {
  return new RuntimeError('PullFailed', `the pull of ${image} was cancelled`);
}

const noSuchImage =
  /manifest unknown|manifest for .* not found|name unknown|repository does not exist|pull access denied|no matching manifest/i;
const noRegistry =
  /dial tcp|no such host|i\/o timeout|connection refused|network is unreachable|TLS handshake|Client\.Timeout|request canceled/i;

/** Says which of the three it is: no such image, no way to the registry, or something else; and what can be done. */
function pullError(image: string, error: unknown): RuntimeError {
  const text = errorMessage(error).replace(/^pull: the engine says: /, '');
  const unreachable =
    error instanceof RuntimeError && error.code === 'Unavailable' && !error.message.startsWith('pull: the engine says');
  if (unreachable) return error;
  if (error instanceof RuntimeError && ['DiskPressure', 'InvalidImageName'].includes(error.code)) return error;
  if (/no space left on device/i.test(text))
    return new RuntimeError('DiskPressure', `cannot pull ${image}: ${text}`, {}, { cause: error });
  if (noSuchImage.test(text)) {
    return new RuntimeError(
      'ImageNotFound',
      `there is no image ${image} that this machine may pull: ${text}`,
      {},
      { cause: error },
    );
  }
  const hint = noRegistry.test(text)
    ? '. The registry cannot be reached from this machine: check its network and proxy, or bring the image with "docker load" and use imagePullPolicy IfNotPresent'
    : '';
  return new RuntimeError('PullFailed', `cannot pull ${image}: ${text}${hint}`, {}, { cause: error });
}
