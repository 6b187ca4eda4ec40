import { Agent, type ClientRequest, type IncomingMessage } from 'node:http';
import { inspect } from 'node:util';
import { guarded } from '../../support/guarded.js';

declare module 'node:http' {
  interface Agent {
    /** What Node calls for each request; its types leave it out. */
    addRequest(request: ClientRequest, ...rest: unknown[]): void;
  }
}

/** Far beyond any honest answer: the list of 5,000 containers with their labels and mounts takes about 20 MiB. */
export const maxAnswerBytes = 64 * 1024 * 1024;

/**
 * dockerode's modem prints the options of every request, the agent with all its sockets included, for a debug log that
 * nobody reads: two thirds of a worker's CPU while it starts containers. This agent has nothing to print.
 */
export class TerseAgent extends Agent {
  [inspect.custom](): string {
    return 'Agent';
  }
}

/**
 * For calls whose whole answer is read into memory, which the modem does without a bound, and makes text of it in a callback
 * where nobody catches (a string ends at 512 MiB). Beyond `maxAnswerBytes` the connection is destroyed: the call fails as one
 * whose connection broke, and says why.
 */
export class CallAgent extends TerseAgent {
  override addRequest(request: ClientRequest, ...rest: unknown[]): void {
    const failed = (error: unknown): void => void request.destroy(error instanceof Error ? error : undefined);
    request.prependOnceListener('response', guarded(failed, boundAnswer));
    super.addRequest(request, ...rest);
  }
}

function boundAnswer(response: IncomingMessage): void {
  let bytes = 0;
  const count = (chunk: Buffer): void => {
    bytes += chunk.length;
    if (bytes > maxAnswerBytes) throw new Error(`the answer has more than ${maxAnswerBytes / 2 ** 20} MiB`);
  };
  const tooLong = (error: unknown): void => void response.destroy(error instanceof Error ? error : undefined);
  response.on('data', guarded(tooLong, count));
}
