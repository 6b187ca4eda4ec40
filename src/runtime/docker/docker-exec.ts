import { readFile } from 'node:fs/promises';
import type { Clock } from '../../support/clock.js';
import { sleep } from '../../support/clock.js';
import type { ExecOptions, ExecSession } from '../container-runtime.js';
import { RuntimeError } from '../container-runtime.js';
import { deadlines } from '../deadlines.js';
import { openDockerSession } from './docker-session.js';
import type { ExecState } from './engine-api.js';
import type { EngineConnection } from './engine-connection.js';

/** How often, and how long at most, the engine is asked for the exit code after the output has ended. */
const exitCodePollMilliseconds = [0, 20, 50, 100, 200, 500, 1000, 2000, 4000];

/** Starts a command in a container of ours. The end of its output is no success: only the engine knows the exit code. */
export async function openDockerExec(
  connection: EngineConnection,
  clock: Clock,
  containerId: string,
  { command, stdin, tty }: ExecOptions,
): Promise<DockerExec> {
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
  const session = openDockerSession(stream, tty, {
    resize: (size) =>
      connection.call('exec', deadlines.inspect, (engine, abortSignal) =>
        engine.getExec(execId).resize({ ...size, abortSignal }),
      ),
    exitCode: () => readExitCode(connection, clock, execId),
  });
  return { ...session, execId };
}

interface DockerExec extends ExecSession {
  execId: string;
}

/**
 * Kills a command that nobody waits for any more, as the engine itself cannot: by its process, if that is one of this machine.
 * What is returned tells whether the command goes on; it rejects when the engine does not say. `opening`: one that has not
 * begun yet may still begin.
 */
export function leaveCommand(
  connection: EngineConnection,
  containerId: string,
  opening: Promise<DockerExec>,
): () => Promise<boolean> {
  let opened: Promise<DockerExec | undefined> | undefined;
  const stillRuns = async (): Promise<boolean> => {
    if (!opened) return true;
    const session = await opened;
    if (!session) return false;
    const { Running = false, Pid = 0 } = (await inspectExec(connection, session.execId)) ?? {};
    if (Running) await killProcess(Pid, containerId);
    return Running;
  };
  const isOpen = (): void => {
    opened = opening.catch(() => undefined);
    stillRuns().catch(() => undefined);
  };
  opening.then(isOpen, isOpen);
  return stillRuns;
}

/** A number alone proves nothing, as the engine may be elsewhere: only a process of that very container is killed. */
async function killProcess(pid: number, containerId: string): Promise<void> {
  try {
    if (pid > 1 && (await readFile(`/proc/${pid}/cgroup`, 'utf8')).includes(containerId)) process.kill(pid, 'SIGKILL');
  } catch {
    // Gone, not here, or not allowed: then it goes on.
  }
}

/** Undefined for one that the engine does not know: it ended with its container, or the engine was started again. */
function inspectExec(connection: EngineConnection, execId: string): Promise<ExecState | undefined> {
  return connection.call(
    'exec',
    deadlines.inspect,
    (engine, abortSignal) => engine.getExec(execId).inspect({ abortSignal }),
    [404],
  );
}

/** Undefined when the engine cannot say: it was restarted in between, is away, or the command still runs detached. */
async function readExitCode(connection: EngineConnection, clock: Clock, execId: string): Promise<number | undefined> {
  try {
    for (const pause of exitCodePollMilliseconds) {
      if (pause > 0) await sleep(clock, pause);
      const state = await inspectExec(connection, execId);
      if (!state) return undefined;
      if (state.Running === false && typeof state.ExitCode === 'number') return state.ExitCode;
    }
  } catch {
    return undefined;
  }
  return undefined;
}
