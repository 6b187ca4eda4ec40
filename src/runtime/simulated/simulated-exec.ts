import type { ExecOptions, ExecSession } from '../container-runtime.js';
import { RuntimeError } from '../container-runtime.js';
import { OutputQueue } from '../output-queue.js';
import { programOf } from './command-language.js';
import type { SimulatedContainer, SimulatedEngine } from './simulated-engine.js';
import { environmentOf, filesOf, isRunning, mayWrite } from './simulated-engine.js';
import { SimulatedProcess } from './simulated-process.js';

/** Runs a command beside the main process. It ends with its container, as an exec does. */
export function openSimulatedExec(
  engine: SimulatedEngine,
  container: SimulatedContainer,
  options: ExecOptions,
): ExecSession {
  if (container.phase !== 'running') {
    throw new RuntimeError(
      'NotRunning',
      `container ${container.id} is ${container.phase}: it must run to exec a command in it`,
    );
  }
  const { spec } = container;
  const program = programOf(options.command, environmentOf(spec), filesOf(spec), (path) => mayWrite(spec, path));
  const queue = new OutputQueue();
  if (program.missing !== undefined) {
    queue.push('stdout', Buffer.from(`OCI runtime exec failed: ${program.missing}\r\n`));
    program.steps = [{ do: 'exit', code: 126 }];
  }
  let exitCode: number | undefined;
  const listeners = {
    onOutput: (channel: 'stdout' | 'stderr', data: Uint8Array): void => {
      queue.push(options.tty ? 'stdout' : channel, data);
    },
    onExit: (code: number): void => {
      exitCode = code;
      unsubscribe();
      queue.end();
    },
  };
  const process = new SimulatedProcess(program, engine.clock, listeners, { stdin: options.stdin });
  const unsubscribe = engine.onChange((changed) => {
    if (changed === container && !isRunning(container)) process.kill(137);
  });
  process.start();
  return {
    write: (data) => {
      process.write(data);
      // On a terminal the end of the input is a key, Ctrl-D.
      if (options.tty && data.includes(4)) process.endInput();
    },
    end: () => process.endInput(),
    resize: (width, height) => process.resize(width, height),
    onOutput: (listener) => queue.onOutput(listener),
    finished: queue.finished.then(
      () => exitCode,
      () => undefined,
    ),
    close: () => {
      queue.close();
      process.kill(137);
    },
  };
}
