import type { Clock } from '../../support/clock.js';
import { sleep } from '../../support/clock.js';
import type { ExecOptions, ExecSession } from '../container-runtime.js';
import { RuntimeError } from '../container-runtime.js';
import { deadlines } from '../deadlines.js';
import { openDockerSession } from './docker-session.js';
import type { EngineConnection } from './engine-connection.js';

/** How often, and how long at most, the engine is asked for the exit code after the output has ended. */
const exitCodePollMilliseconds = [0, 20, 50, 100, 200, 500, 1000, 2000, 4000];

/** Starts a command in a container of ours. The end of its output is no success: only the engine knows the exit code. */
export async function openDockerExec(
  connection: EngineConnection,
  clock: Clock,
  containerId: string,
  { command, stdin, tty }: ExecOptions,
): Promise<ExecSession> {
  const created = await connection.call('exec', deadlines.create, (engine, abortSignal) =>
    engine.getContainer(containerId).exec({
      AttachStdin: stdin,
      AttachStdout: true,
      AttachStderr: true,
      Tty: tty,
      Cmd: [...command],
      abortSignal,
    }),
  );
  const execId = created?.id ?? '';
  if (!/^[0-9a-f]{64}$/.test(execId)) throw new RuntimeError('Unavailable', 'exec: the engine gave no id');
  const stream = await connection.stream('exec', deadlines.start, (engine, abortSignal) =>
    engine.getExec(execId).start({ hijack: true, stdin, _body: { Detach: false, Tty: tty }, abortSignal }),
  );
  return openDockerSession(stream, tty, {
    resize: (size) =>
      connection.call('exec', deadlines.inspect, (engine, abortSignal) =>
        engine.getExec(execId).resize({ ...size, abortSignal }),
      ),
    exitCode: () => readExitCode(connection, clock, execId),
  });
}

/** Undefined when the engine cannot say: it was restarted in between, is away, or the command still runs detached. */
async function readExitCode(connection: EngineConnection, clock: Clock, execId: string): Promise<number | undefined> {
  try {
    for (const pause of exitCodePollMilliseconds) {
      if (pause > 0) await sleep(clock, pause);
      const state = await connection.call('exec', deadlines.inspect, (engine, abortSignal) =>
        engine.getExec(execId).inspect({ abortSignal }),
      );
      if (state?.Running === false && typeof state.ExitCode === 'number') return state.ExitCode;
    }
  } catch {
    return undefined;
  }
  return undefined;
}
