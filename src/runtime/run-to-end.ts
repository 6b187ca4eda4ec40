import type { Clock } from '../support/clock.js';
import { withDeadline } from '../support/clock.js';
import type { ExecResult, ExecSession } from './container-runtime.js';
import { maxExecOutputBytes, RuntimeError } from './container-runtime.js';

/**
 * Collects the output of a session, up to `maxExecOutputBytes`, and its exit code. Rejects with Timeout, and with
 * Unavailable when the session ended without an exit code: the end of the output alone says nothing.
 */
export async function runToEnd(session: ExecSession, clock: Clock, timeoutMilliseconds: number): Promise<ExecResult> {
  const pieces: Uint8Array[] = [];
  let room = maxExecOutputBytes;
  session.onOutput((_channel, data) => {
    if (room > 0) pieces.push(data.subarray(0, room));
    room -= data.length;
  });
  const timeout = (): Error => new RuntimeError('Timeout', `the command did not end within ${timeoutMilliseconds} ms`);
  try {
    const exitCode = await withDeadline(clock, timeoutMilliseconds, session.finished, timeout);
    if (exitCode === undefined) {
      throw new RuntimeError('Unavailable', 'the engine cannot say how the command ended');
    }
    return { exitCode, output: Buffer.concat(pieces).toString('utf8') };
  } finally {
    session.close();
  }
}
