/**
 * Stops one container of a task. In: the step; out: an engine that was asked, and a record that says why the container ended, or
 * what keeps the engine from ending it.
 */
import type { ContainerRuntime } from '../runtime/container-runtime.js';
import type { Clock } from '../support/clock.js';
import { errorMessage } from '../support/errors.js';
import type { ContainerView } from './container-view.js';
import type { EventRecorder } from './event-recorder.js';
import type { StopStep, Target } from './step-target.js';

interface StopOptions {
  runtime: ContainerRuntime;
  view: ContainerView;
  events: EventRecorder;
  clock: Clock;
  /** What the engine or a program says without what nobody may be told. */
  maskForeign: (taskUid: string, words: string) => string;
}

/** preStop, stop signal, kill: all within the grace period. Returns early when the target's signal aborts. */
export async function stopTask(options: StopOptions, target: Target, step: StopStep): Promise<void> {
  const { runtime, view, events, clock } = options;
  const { attempt, because, message } = step;
  const known = target.record().stopping;
  if (known?.attempt !== attempt || known.because !== because) {
    // The end that follows is orch's own doing: to be known even when the worker dies now.
    target.setRecord({ ...target.record(), stopping: { attempt, because, message } });
    if (target.task) events.record(target.task, 'Normal', 'Killing', `stopping the container: ${message}`, attempt);
  }
  const deadline = clock.monotonic() + step.graceSeconds * 1000;
  if (step.preStop && step.graceSeconds > 0) await preStop(options, target, step);
  const leftSeconds = Math.max(0, Math.ceil((deadline - clock.monotonic()) / 1000));
  const stopped = runtime.stopContainer(step.id, step.graceSeconds === 0 ? 0 : Math.max(1, leftSeconds));
  try {
    await Promise.race([stopped, aborted(target.signal)]);
  } catch (error) {
    await noteStuck(options, target, step, errorMessage(error));
    throw error;
  } finally {
    view.invalidate(step.id);
  }
  // Whoever aborted plans anew; the engine goes on with this stop meanwhile.
  stopped.catch(() => undefined);
}

/** The engine answers, and does not end the container: no fault of the engine alone, so the task tells it. */
async function noteStuck(options: StopOptions, target: Target, { attempt }: StopStep, words: string): Promise<void> {
  const { runtime, events, maskForeign } = options;
  const answers = await runtime.ping().then(
    () => true,
    () => false,
  );
  const record = target.record();
  if (!answers || record.stopping?.attempt !== attempt) return;
  const stuck = `the engine has not ended the container: is it paused? It is tried again (${maskForeign(target.uid, words)})`;
  target.setRecord({ ...record, stopping: { ...record.stopping, stuck } });
  if (target.task) events.record(target.task, 'Warning', 'FailedKillPod', stuck, attempt);
}

async function preStop(
  options: StopOptions,
  target: Target,
  { id, preStop: command = [], graceSeconds }: StopStep,
): Promise<void> {
  const { runtime, events, maskForeign } = options;
  const tell = (message: string): void => {
    if (target.task) events.record(target.task, 'Warning', 'PreStopFailed', message);
  };
  try {
    const { exitCode, output } = await runtime.exec(id, command, graceSeconds * 1000);
    if (exitCode !== 0) tell(`preStop exited with code ${exitCode}: ${maskForeign(target.uid, output.trim())}`);
  } catch (error) {
    tell(`preStop: ${maskForeign(target.uid, errorMessage(error))}`);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
