import type { ContainerRuntime } from '../../runtime/container-runtime.js';
import { RuntimeError } from '../../runtime/container-runtime.js';
import type { ProbeResult } from './probe-result.js';
import { failure, success } from './probe-result.js';

/**
 * Exit code 0 within the deadline is a success. An engine that does not answer, or a container that does not run, says
 * nothing about the task: that is `unknown`, so an engine in trouble restarts nobody.
 */
export async function probeExec(
  runtime: ContainerRuntime,
  containerId: string,
  command: readonly string[],
  timeoutMilliseconds: number,
): Promise<ProbeResult> {
  try {
    const { exitCode, output } = await runtime.exec(containerId, command, timeoutMilliseconds);
    if (exitCode === 0) return success;
    return failure(`exec probe exited with code ${exitCode}${output.trim() === '' ? '' : `: ${output.trim()}`}`);
  } catch (error) {
    if (!(error instanceof RuntimeError) || error.code !== 'Timeout') return { outcome: 'unknown' };
    // The command or the engine: only one of them is the task's fault.
    return runtime.ping().then(
      () => failure('exec probe did not end in time'),
      () => ({ outcome: 'unknown' }),
    );
  }
}
