import type { ContainerRuntime } from '../../runtime/container-runtime.js';
import { RuntimeError } from '../../runtime/container-runtime.js';
import type { ProbeResult } from './probe-result.js';
import { failure, success } from './probe-result.js';

/** The command of an earlier try of the same probe, which did not end in time and could not be stopped. */
export interface LeftCommand {
  stillRuns?: (() => Promise<boolean>) | undefined;
}

interface ExecProbeOptions {
  /** Milliseconds. */
  timeout: number;
  left: LeftCommand;
  /** What may be told of the command's output. */
  tell: (output: string) => string;
}

/**
 * Exit code 0 within the deadline is a success. An engine that does not answer, or a container that does not run, says
 * nothing about the task: that is `unknown`, so an engine in trouble restarts nobody. `left` is kept up to date: while what
 * it holds still runs the probe fails, and no other command is started beside it.
 */
export async function probeExec(
  runtime: ContainerRuntime,
  containerId: string,
  command: readonly string[],
  { timeout, left, tell }: ExecProbeOptions,
): Promise<ProbeResult> {
  try {
    if (await left.stillRuns?.()) return failure('exec probe has not ended since an earlier try');
    left.stillRuns = undefined;
    const { exitCode, output } = await runtime.exec(containerId, command, timeout);
    if (exitCode === 0) return success;
    return failure(`exec probe exited with code ${exitCode}${output.trim() === '' ? '' : `: ${tell(output.trim())}`}`);
  } catch (error) {
    if (!(error instanceof RuntimeError) || error.code !== 'Timeout') return { outcome: 'unknown' };
    left.stillRuns ??= error.details.stillRuns;
    // The command or the engine: only one of them is the task's fault.
    return runtime.ping().then(
      () => failure('exec probe did not end in time'),
      () => ({ outcome: 'unknown' }),
    );
  }
}
