import type { AttachOptions, ExecSession } from '../container-runtime.js';
import { deadlines } from '../deadlines.js';
import { openDockerSession } from './docker-session.js';
import type { EngineConnection } from './engine-connection.js';

/** Joins the main process of a container of ours. How that process ends is told by the container, not here. */
export async function openDockerAttach(
  connection: EngineConnection,
  containerId: string,
  { stdin, output = true }: AttachOptions,
  hasTerminal: boolean,
): Promise<ExecSession> {
  const stream = await connection.stream('attach', deadlines.start, (engine, abortSignal) =>
    engine.getContainer(containerId).attach({
      hijack: true,
      stdin,
      _query: { stream: true, stdin, stdout: output, stderr: output },
      abortSignal,
    }),
  );
  return openDockerSession(stream, hasTerminal, {
    resize: (size) =>
      connection.call('attach', deadlines.inspect, (engine, abortSignal) =>
        engine.getContainer(containerId).resize({ ...size, abortSignal }),
      ),
    exitCode: () => Promise.resolve(undefined),
  });
}
