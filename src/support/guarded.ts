/**
 * The one way in for what comes from outside at its own time: messages of sockets, events of an engine, pieces of streams. What
 * `enter` throws, or its promise rejects with, goes to `onError` and no further: an input that nobody thought of costs
 * its own connection, never the process.
 */
export function guarded<Given extends unknown[]>(
  onError: (error: unknown) => void,
  enter: (...given: Given) => unknown,
): (...given: Given) => void {
  return (...given) => {
    try {
      const work = enter(...given);
      if (work instanceof Promise) work.catch(onError);
    } catch (error) {
      onError(error);
    }
  };
}
