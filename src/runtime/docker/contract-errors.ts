import type { ContainerRuntime } from '../container-runtime.js';
import { RuntimeError } from '../container-runtime.js';

/**
 * The runtime with one promise more: its calls reject with RuntimeErrors only. An engine that answers in no shape that it should
 * (another program behind the socket) is as good as none: Unavailable.
 */
export function withContractErrors<Runtime extends ContainerRuntime>(runtime: Runtime): Runtime {
  return new Proxy(runtime, {
    get(target, name): unknown {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return (...given: unknown[]): unknown => {
        const result: unknown = Reflect.apply(member, target, given);
        return result instanceof Promise
          ? result.catch((error: unknown) => Promise.reject(contractError(error)))
          : result;
      };
    },
  });
}

function contractError(error: unknown): Error {
  if (error instanceof RuntimeError) return error;
  return new RuntimeError('Unavailable', 'the engine sent something that cannot be read', {}, { cause: error });
}
