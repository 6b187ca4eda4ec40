import type { StreamRequest } from '../model/worker-tunnel.js';
import type { ContainerDetails, ContainerRuntime, ExecSession, LogStream } from '../runtime/container-runtime.js';
import { RuntimeError } from '../runtime/container-runtime.js';
import { errorMessage, isOrchError, OrchError } from '../support/errors.js';
import type { ServeStream } from './tunnel-client.js';

const maxWaitingInputBytes = 1024 * 1024;

/**
 * Serves logs and exec from the containers of one worker. `containersOf` gives those of a task, in any order; input that
 * comes before the command runs waits, up to 1 MiB.
 */
export function serveContainerStreams(
  runtime: ContainerRuntime,
  containersOf: (taskUid: string) => readonly ContainerDetails[],
): ServeStream {
  return (request, output, end) => {
    let session: LogStream | ExecSession | undefined;
    let isCancelled = false;
    let waiting: ((exec: ExecSession) => void)[] = [];
    let waitingBytes = 0;
    const cancel = (): void => {
      isCancelled = true;
      waiting = [];
      session?.close();
    };
    const whenOpen = (act: (exec: ExecSession) => void, bytes = 0): void => {
      if (isCancelled) return;
      if (session && 'write' in session) return act(session);
      waitingBytes += bytes;
      if (waitingBytes > maxWaitingInputBytes) return cancel();
      waiting.push(act);
    };
    const serve = async (): Promise<void> => {
      const container = pick(request, containersOf(request.taskUid));
      if (request.type === 'logs') {
        const { follow, tailLines, since, timestamps } = request;
        session = await runtime.openLogs(container.id, {
          follow,
          timestamps,
          ...(tailLines === undefined ? {} : { tailLines }),
          ...(since === undefined ? {} : { since }),
        });
      } else {
        const { command, stdin, tty } = request;
        session = await runtime.openExec(container.id, { command, stdin, tty });
      }
      if (isCancelled) return session.close();
      session.onOutput(output);
      if ('write' in session) for (const act of waiting.splice(0)) act(session);
      const exitCode = await session.finished;
      end(typeof exitCode === 'number' ? { exitCode } : {});
    };
    serve().catch((error: unknown) => end({ error: { code: codeOf(error), message: errorMessage(error) } }));
    return {
      write: (data) => whenOpen((exec) => exec.write(data), data.length),
      endInput: () => whenOpen((exec) => exec.end()),
      resize: (width, height) => whenOpen((exec) => exec.resize(width, height)),
      cancel,
    };
  };
}

function pick(request: StreamRequest, containers: readonly ContainerDetails[]): ContainerDetails {
  const started = containers
    .filter(({ phase }) => phase !== 'created')
    .sort((a, b) => b.identity.attempt - a.identity.attempt);
  const wanted = request.type === 'logs' && request.previous ? started[1] : started[0];
  if (wanted && (request.type === 'logs' || wanted.phase === 'running')) return wanted;
  if (request.type === 'exec') throw new OrchError('Conflict', 'the task has no running container on its worker');
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
