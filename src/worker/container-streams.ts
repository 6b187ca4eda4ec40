import type { StreamEnd, StreamRequest } from '../model/worker-tunnel.js';
import type {
  ContainerDetails,
  ContainerRuntime,
  ExecSession,
  LogStream,
  PortConnection,
} from '../runtime/container-runtime.js';
import { RuntimeError } from '../runtime/container-runtime.js';
import type { Clock } from '../support/clock.js';
import { errorMessage, isOrchError, OrchError } from '../support/errors.js';
import { isAlive } from './container-phase.js';
import { joinSessions, type EarlyOutput } from './early-output.js';
import type { ServeStream } from './tunnel-client.js';

const maxWaitingInputBytes = 1024 * 1024;

/**
 * Ctrl-C, and Ctrl-D twice: what ends most commands that somebody left at a terminal, and the shell that they were typed into.
 * No engine hangs a terminal up, so without them the command would go on for as long as its container.
 */
const leavingKeys = Uint8Array.of(3, 4, 4);
/** A command that heeds none of the keys goes on, and nobody waits for it. */
const leavingMilliseconds = 2_000;

type Session = LogStream | ExecSession | PortConnection;
type TakesInput = ExecSession | PortConnection;

/**
 * Serves logs, exec, attach and port-forward from the containers of one worker. `containersOf` gives those of a task, in
 * any order; `isOver` tells whether another one will follow; input that comes before there is somebody to take it waits, up to the window of a stream and a little more.
 */
export function serveContainerStreams(
  runtime: ContainerRuntime,
  earlyOutput: EarlyOutput,
  clock: Clock,
  containersOf: (taskUid: string) => readonly ContainerDetails[],
  isOver: (taskUid: string) => boolean,
): ServeStream {
  return (request, output, end) => {
    let session: Session | undefined;
    let isCancelled = false;
    let waiting: ((session: TakesInput) => void)[] = [];
    let waitingBytes = 0;
    const cancel = (): void => {
      if (isCancelled) return;
      isCancelled = true;
      waiting = [];
      if (session) leave(session, request, clock);
    };
    const whenOpen = (act: (session: TakesInput) => void): void => {
      if (isCancelled) return;
      if (session && 'write' in session) act(session);
      else waiting.push(act);
    };
    const write = (data: Uint8Array): void | Promise<void> => {
      if (session && 'write' in session) return session.write(data);
      waitingBytes += data.length;
      if (waitingBytes > maxWaitingInputBytes) return cancel();
      return new Promise((resolve) => whenOpen((opened) => resolve(opened.write(data))));
    };
    const serve = async (): Promise<void> => {
      const container = pick(request, containersOf(request.taskUid), isOver(request.taskUid));
      session = await open(runtime, earlyOutput, container.id, request);
      session.onOutput(output);
      if (isCancelled) return leave(session, request, clock);
      if ('write' in session) for (const act of waiting.splice(0)) act(session);
      const exitCode = await session.finished;
      end(endOf(request, typeof exitCode === 'number' ? exitCode : undefined));
    };
    serve().catch((error: unknown) => end({ error: { code: codeOf(error), message: errorMessage(error) } }));
    return {
      write,
      // A terminal's input has no end: a closed one could not be typed the keys that end the command.
      endInput: () => {
        if (!isOnTerminal(request)) whenOpen((opened) => opened.end());
      },
      resize: (width, height) => whenOpen((opened) => 'resize' in opened && opened.resize(width, height)),
      cancel,
    };
  };
}

/** Whether the command reads from a terminal, whose input ends by a key. */
const isOnTerminal = (request: StreamRequest): boolean => request.type === 'exec' && request.tty && request.stdin;

/** The client is gone. A command on a terminal is told so by keys, as its input has no end that it could see. */
function leave(session: Session, request: StreamRequest, clock: Clock): void {
  if (!isOnTerminal(request) || !('write' in session)) return session.close();
  // It is closed in any case.
  Promise.resolve(session.write(leavingKeys)).catch(() => undefined);
  const close = (): void => {
    timer.cancel();
    session.close();
  };
  const timer = clock.setTimer(close, leavingMilliseconds);
  session.finished.then(close, close);
}

function open(
  runtime: ContainerRuntime,
  earlyOutput: EarlyOutput,
  id: string,
  request: StreamRequest,
): Promise<Session> {
  switch (request.type) {
    case 'logs': {
      const { follow, tailLines, since, timestamps } = request;
      return runtime.openLogs(id, {
        follow,
        timestamps,
        ...(tailLines === undefined ? {} : { tailLines }),
        ...(since === undefined ? {} : { since }),
      });
    }
    case 'exec':
      return runtime.openExec(id, { command: request.command, stdin: request.stdin, tty: request.tty });
    case 'attach':
      return attach(runtime, earlyOutput.take(id), id, request.stdin);
    case 'portForward':
      return runtime.connectPort(id, request.port);
  }
}

/** The first client of a container that is made for one gets what was printed before it came. */
async function attach(
  runtime: ContainerRuntime,
  early: ExecSession | undefined,
  id: string,
  stdin: boolean,
): Promise<ExecSession> {
  if (!early) return runtime.openAttach(id, { stdin });
  if (!stdin) return early;
  try {
    return joinSessions(early, await runtime.openAttach(id, { stdin, output: false }));
  } catch (error) {
    early.close();
    throw error;
  }
}

/** The end of a command's output is no success: without its exit code nothing is known. */
function endOf(request: StreamRequest, exitCode: number | undefined): StreamEnd {
  if (exitCode !== undefined) return { exitCode };
  if (request.type !== 'exec') return {};
  return { error: { code: 'ServiceUnavailable', message: 'the engine cannot say how the command ended' } };
}

/** Of a task that waits to be started again, the container that ended last is both the current and the previous one. */
function pick(request: StreamRequest, containers: readonly ContainerDetails[], isOver: boolean): ContainerDetails {
  const started = containers
    .filter(({ phase }) => phase !== 'created')
    .sort((a, b) => b.identity.attempt - a.identity.attempt);
  const [newest] = started;
  const isBetween = newest !== undefined && !isAlive(newest) && !isOver;
  const wanted = request.type === 'logs' && request.previous && !isBetween ? started[1] : newest;
  if (wanted && (request.type === 'logs' || wanted.phase === 'running')) return wanted;
  if (request.type !== 'logs') throw new OrchError('Conflict', 'the task has no running container on its worker');
  throw new OrchError(
    'NotFound',
    request.previous
      ? 'the task has no earlier container on its worker'
      : 'the task has no container on its worker yet',
  );
}

function codeOf(error: unknown): string {
  if (isOrchError(error)) return error.code;
  if (!(error instanceof RuntimeError)) return 'InternalError';
  return error.code === 'NotFound' ? 'NotFound' : error.code === 'NotRunning' ? 'Conflict' : 'ServiceUnavailable';
}
