/**
 * The hands of a worker: executes the steps that start, stop and remove containers. In: steps of a plan; out: what
 * became of them, as a new record. Always holds: what was asked of the engine is noted in the record before (stops) or
 * right after (creates) it happens; an engine that does not answer changes no record.
 */
import { type RestrictedFeature, restrictedFeaturesOf } from '../model/restricted-features.js';
import type { StoredTask } from '../model/task.js';
import { createContainerConfigError } from '../model/task.js';
import type { ContainerRuntime, ContainerSpec, RuntimeErrorCode, TaskVolume } from '../runtime/container-runtime.js';
import { RuntimeError } from '../runtime/container-runtime.js';
import type { Clock } from '../support/clock.js';
import { errorMessage } from '../support/errors.js';
import { ConfigProblem } from './config/config-problem.js';
import type { ContainerInputs, FileHashes, InputFiles } from './config/container-inputs.js';
import { fileHashesOf } from './config/container-inputs.js';
import type { ContainerView } from './container-view.js';
import { fileSetOf, toContainerSpec } from './container-spec.js';
import type { EarlyOutput } from './early-output.js';
import type { EventRecorder } from './event-recorder.js';
import { Permits } from './permits.js';
import type { Step } from './plan-convergence.js';
import { recordProblem } from './restart-policy.js';
import type { StartStep, StopStep, Target, UpdateStep } from './step-target.js';
import { stopTask } from './stop-task.js';
import type { TaskVolumes } from './task-volumes.js';

export interface TaskRunnerOptions {
  runtime: ContainerRuntime;
  view: ContainerView;
  volumes: TaskVolumes;
  events: EventRecorder;
  earlyOutput: EarlyOutput;
  nodeName: string;
  /** What no task gets here. */
  forbidden: readonly RestrictedFeature[];
  clock: Clock;
  /** Containers created, started or removed at once: more only makes the engine slower. */
  concurrency: number;
  /** The values that the next container of the task is given. */
  inputsOf(task: StoredTask, signal: AbortSignal): Promise<ContainerInputs>;
  /** What the engine or a program says without what nobody may be told. */
  maskForeign: (taskUid: string, words: string) => string;
  onDiskPressure(isPressed: boolean): void;
}

/** What the engine says no to before it knows of any value, or in words of orch's own. */
const quotesNoValue = new Set<RuntimeErrorCode>([
  'ImageNotFound',
  'PullFailed',
  'InvalidImageName',
  'MountFailed',
  'NameConflict',
  'PortConflict',
  'NotFound',
]);

/** A pull that takes longer than this is told about. */
const slowPullMilliseconds = 1_000;

export class TaskRunner {
  private readonly permits: Permits;

  constructor(private readonly options: TaskRunnerOptions) {
    this.permits = new Permits(options.concurrency);
  }

  /** Runs steps until one of them fails for a reason of the task (noted in the record) or of the engine (rejects). */
  async startTask(target: Target & { task: StoredTask }, steps: readonly StartStep[]): Promise<void> {
    let release: (() => void) | undefined;
    let attempt = 0;
    let inputs: ContainerInputs = { env: [] };
    try {
      for (const step of steps) {
        // Before there is a permit: nobody else waits for the manager's answer.
        if (step.type === 'createContainer') inputs = await this.options.inputsOf(target.task, target.signal);
        if (step.type !== 'ensureImage') release ??= await this.permits.acquire();
        if (target.signal.aborted) return;
        if (step.type !== 'ensureImage') ({ attempt } = step);
        if (step.type === 'ensureImage') await this.ensureImage(target, step);
        else if (step.type === 'createContainer') await this.create(target, step.attempt, inputs);
        else await this.start(target, step.attempt);
      }
      this.options.onDiskPressure(false);
    } catch (error) {
      if (target.signal.aborted) return;
      await this.noteFailure(target, error, attempt);
    } finally {
      release?.();
    }
  }

  /** As stopTask of stop-task.ts. */
  async stopTask(target: Target, step: StopStep): Promise<void> {
    await stopTask(this.options, target, step);
  }

  /**
   * Of a container that runs. When this rejects, or the worker dies meanwhile, it is noted that nobody knows which files it has: so it is
   * done again, also if they are to be the old ones by then.
   */
  async updateFiles(target: Target, { id, attempt, targets }: UpdateStep, all: readonly InputFiles[]): Promise<void> {
    const { runtime, view, events } = this.options;
    const files = all.filter((set) => targets.includes(set.target));
    const note = (changed: FileHashes): void => {
      const { filled, fileHashes = {}, ...record } = target.record();
      const known = Object.entries(filled === attempt ? fileHashes : {}).filter(([at]) => !targets.includes(at));
      target.setRecord({ ...record, filled: attempt, fileHashes: { ...Object.fromEntries(known), ...changed } });
    };
    note({});
    await target.settled();
    try {
      await runtime.updateFiles(id, files.map(fileSetOf));
    } catch (error) {
      const words = this.options.maskForeign(target.uid, errorMessage(error));
      const message = `its files could not be changed, which is tried again: ${words}`;
      if (target.task) events.record(target.task, 'Warning', 'FailedMount', message, attempt);
      throw error;
    } finally {
      view.invalidate(id);
    }
    note(fileHashesOf(files));
  }

  async removeContainer(id: string): Promise<void> {
    const release = await this.permits.acquire();
    try {
      await this.options.runtime.removeContainer(id, { force: false });
      this.options.view.remove(id);
    } catch (error) {
      this.options.view.invalidate(id);
      throw error;
    } finally {
      release();
    }
  }

  private async ensureImage(
    { task, signal }: Target & { task: StoredTask },
    { image, policy }: Extract<Step, { type: 'ensureImage' }>,
  ): Promise<void> {
    const { runtime, events, clock } = this.options;
    let isSlow = false;
    const timer = clock.setTimer(() => {
      isSlow = true;
      events.record(task, 'Normal', 'Pulling', `pulling the image ${image}`);
    }, slowPullMilliseconds);
    try {
      await runtime.ensureImage(image, policy, signal);
      if (isSlow) events.record(task, 'Normal', 'Pulled', `the image ${image} is here`);
    } finally {
      timer.cancel();
    }
  }

  private async create(target: Target & { task: StoredTask }, attempt: number, inputs: ContainerInputs): Promise<void> {
    const { runtime, view, volumes, events, nodeName, forbidden } = this.options;
    const refused = restrictedFeaturesOf(target.task.spec).filter((feature) => forbidden.includes(feature));
    if (refused.length > 0) {
      throw new ConfigProblem(`this worker forbids ${refused.join(', ')} (--forbid): place the task on another one`);
    }
    const spec = toContainerSpec(target.task, attempt, nodeName, inputs, target.record());
    volumes.add(volumesOf(spec));
    const { id } = await runtime.createContainer(spec);
    view.add({ id, name: spec.name, identity: spec.identity, phase: 'created' });
    const { restarting, fileHashes: _others, ...record } = target.record();
    target.setRecord({
      ...record,
      attempt,
      specHash: spec.identity.specHash,
      filled: attempt,
      ...(spec.files ? { fileHashes: fileHashesOf(inputs.files ?? []) } : {}),
      restarts: record.restarts + (restarting ? 1 : 0),
    });
    events.record(target.task, 'Normal', 'Created', `created the container ${spec.name}`, attempt);
  }

  private async start(target: Target & { task: StoredTask }, attempt: number): Promise<void> {
    const { runtime, view, earlyOutput } = this.options;
    const id = view.idOf(target.uid, attempt);
    if (id === undefined) return;
    const isForOneClient = target.task.spec.stdin === true && target.task.spec.stdinOnce === true;
    if (isForOneClient) await earlyOutput.hold(id);
    try {
      await runtime.startContainer(id);
    } catch (error) {
      earlyOutput.drop(id);
      throw error;
    } finally {
      view.invalidate(id);
    }
  }

  /** Turns an error into a record that says how to go on; rejects with what is no news about the task. */
  private async noteFailure(target: Target & { task: StoredTask }, error: unknown, attempt: number): Promise<void> {
    const { view, events, clock } = this.options;
    if (!(error instanceof RuntimeError) && !(error instanceof ConfigProblem)) throw error;
    const isPlain = error instanceof ConfigProblem || quotesNoValue.has(error.code);
    const message = isPlain ? error.message : this.options.maskForeign(target.uid, error.message);
    const record = target.record();
    const problem = (reason: string, ofAttempt?: number): void => {
      target.setRecord(
        recordProblem(
          record,
          { reason, message, ...(ofAttempt === undefined ? {} : { attempt: ofAttempt }) },
          clock.now(),
        ),
      );
      events.record(target.task, 'Warning', reason, message, attempt === 0 ? undefined : attempt);
    };
    const give = (reason: string): void => {
      target.setRecord({ ...record, finished: { state: 'Failed', reason, message } });
      events.record(target.task, 'Warning', reason, message);
    };
    if (error instanceof ConfigProblem) return problem(createContainerConfigError);
    switch (error.code) {
      case 'ImageNotFound':
      case 'PullFailed':
        return problem('ImagePullFailed');
      case 'InvalidImageName':
        return problem('InvalidImageName');
      case 'InvalidSpec':
        return give('InvalidSpec');
      case 'MountFailed':
        return problem('FailedMount', view.idOf(target.uid, attempt) === undefined ? undefined : attempt);
      case 'PortConflict':
        return problem('PortConflict', attempt);
      case 'StartError':
        if (target.task.spec.restartPolicy === 'Never') return give('StartError');
        return problem('StartError', attempt);
      case 'StaleContainer':
        return problem('StaleContainer', attempt);
      case 'DiskPressure':
        this.options.onDiskPressure(true);
        return problem('DiskPressure', attempt);
      case 'NameConflict':
        if (error.details.holderIsOurs !== true) return problem('NameConflict');
        // An earlier create whose answer was lost: the list shows it, the next plan adopts it.
        return view.relist();
      case 'NotFound':
        // Removed between create and start: the next plan sees that.
        return;
      default:
        // Nothing is known: what was asked may have happened. It is asked again, and people see what for.
        events.record(target.task, 'Warning', 'EngineError', message, attempt === 0 ? undefined : attempt);
        await view.relist().catch(() => undefined);
        throw new RuntimeError(error.code, message, error.details);
    }
  }
}

function volumesOf({ identity: { taskUid, taskKey }, mounts = [] }: ContainerSpec): TaskVolume[] {
  return mounts.flatMap((mount) =>
    mount.type === 'emptyDir' ? [{ name: mount.name, volume: mount.volume, taskUid, taskKey }] : [],
  );
}
