/**
 * Repeats the probes of running containers. In: which container of a task runs; out: who failed, who is ready. Always
 * holds: one try at a time per probe; liveness and readiness wait for the startup probe; an engine that says nothing
 * (`unknown`) counts neither way.
 */
import { canonicalJson } from '../../model/json.js';
import type { Probe, StoredTask } from '../../model/task.js';
import type { ContainerDetails, ContainerRuntime } from '../../runtime/container-runtime.js';
import type { Clock, Timer } from '../../support/clock.js';
import { errorMessage } from '../../support/errors.js';
import type { Logger } from '../../support/logger.js';
import { isAlive } from '../container-phase.js';
import { ConfigProblem } from '../config/config-problem.js';
import { plainVariables, ReferenceExpansion } from '../config/reference-expansion.js';
import type { LeftCommand } from './exec-probe.js';
import { probeExec } from './exec-probe.js';
import { probeHttp } from './http-probe.js';
import type { ProbeResult } from './probe-result.js';
import { failure } from './probe-result.js';
import { probeTcp } from './tcp-probe.js';

export interface ProbeRunnerOptions {
  runtime: ContainerRuntime;
  clock: Clock;
  logger: Logger;
  /** What a program says without what nobody may be told. */
  maskForeign: (taskUid: string, words: string) => string;
  /** Every single failed try. */
  onFailure(taskUid: string, attempt: number, message: string): void;
  /** failureThreshold tries failed in a row; the container's probes are then over until the next container. */
  onUnhealthy(taskUid: string, attempt: number, because: ProbeFailure, message: string): void;
  /** What readiness() says of this task has changed. */
  onReadiness(taskUid: string): void;
}

export type ProbeFailure = 'LivenessProbeFailed' | 'StartupProbeFailed';

/** Whether a container is up and can do its work, as its probes found; `message` says why not. */
export interface Readiness {
  hasStarted: boolean;
  /** Absent while nothing is known of it. */
  isReady?: boolean;
  message: string;
}

type Role = 'startup' | 'liveness' | 'readiness';

interface Followed {
  task: StoredTask;
  container: ContainerDetails;
  fingerprint: string;
  timers: Map<Role, Timer>;
  /** Commands that go on although their time was over. */
  left: Record<Role, LeftCommand>;
  isStopped: boolean;
  readiness?: Readiness;
}

/** Results of one probe in a row: one of the two is 0. */
interface Count {
  successes: number;
  failures: number;
}

const second = 1000;

export class ProbeRunner {
  private readonly followed = new Map<string, Followed>();

  constructor(private readonly options: ProbeRunnerOptions) {}

  /** Probes this container of the task from now on, instead of an earlier one; undefined: none runs. */
  follow(task: StoredTask, container: ContainerDetails | undefined): void {
    const { uid } = task.metadata;
    const { startupProbe, livenessProbe, readinessProbe, ports } = task.spec;
    if (!(startupProbe ?? livenessProbe ?? readinessProbe) || !container || !isAlive(container)) return this.stop(uid);
    if (container.phase === 'paused') return this.suspend(uid, container.id);
    const { id, startedAt, ipAddress } = container;
    const fingerprint = canonicalJson({ id, startedAt, ipAddress, ports, startupProbe, livenessProbe, readinessProbe });
    if (this.followed.get(uid)?.fingerprint === fingerprint) return;
    const before = this.followed.get(uid);
    const isSame = before?.container.id === id;
    const readiness = this.readiness(uid, id);
    this.stop(uid);
    const followed: Followed = {
      task,
      container,
      fingerprint,
      timers: new Map(),
      left: isSame ? before.left : { startup: {}, liveness: {}, readiness: {} },
      isStopped: false,
      // Another probe of the same container: what is known of it holds until the new one says otherwise.
      ...(readiness ? { readiness } : {}),
    };
    this.followed.set(uid, followed);
    if (startupProbe && !readiness?.hasStarted) this.begin(followed, 'startup', startupProbe);
    else this.beginMain(followed);
  }

  /** Of this container of the task; undefined while no probe has said anything about it. */
  readiness(taskUid: string, containerId: string): Readiness | undefined {
    const followed = this.followed.get(taskUid);
    return followed?.container.id === containerId ? followed.readiness : undefined;
  }

  stop(taskUid: string): void {
    const followed = this.followed.get(taskUid);
    if (!followed) return;
    end(followed);
    this.followed.delete(taskUid);
  }

  /** What was found of it holds until it goes on. */
  private suspend(taskUid: string, containerId: string): void {
    const followed = this.followed.get(taskUid);
    if (followed?.container.id !== containerId) return this.stop(taskUid);
    end(followed);
    followed.fingerprint = '';
  }

  stopAll(): void {
    for (const uid of [...this.followed.keys()]) this.stop(uid);
  }

  private beginMain(followed: Followed): void {
    const { livenessProbe, readinessProbe } = followed.task.spec;
    if (livenessProbe) this.begin(followed, 'liveness', livenessProbe);
    if (readinessProbe) this.beginReadiness(followed, readinessProbe);
    else this.setReadiness(followed, { hasStarted: true, isReady: true, message: '' });
  }

  private beginReadiness(followed: Followed, probe: Probe): void {
    const { isReady, message = '' } = followed.readiness ?? {};
    this.setReadiness(followed, { hasStarted: true, ...(isReady === undefined ? {} : { isReady }), message });
    this.begin(followed, 'readiness', probe);
  }

  private begin(followed: Followed, role: Role, probe: Probe): void {
    const delay = (probe.initialDelaySeconds ?? 0) * second - this.ageOf(followed);
    const first = delay > 0 ? delay : role === 'liveness' ? periodOf(probe) : second;
    this.schedule(followed, role, probe, { successes: 0, failures: 0 }, first);
  }

  /** How long the container has run: 0 where the clocks of engine and worker do not agree about it. */
  private ageOf({ container }: Followed): number {
    const age = this.options.clock.now() - Date.parse(container.startedAt ?? '');
    return age > 0 ? age : 0;
  }

  private schedule(followed: Followed, role: Role, probe: Probe, before: Count, delayMilliseconds: number): void {
    const timer = this.options.clock.setTimer(() => {
      this.tryOnce(followed, role, probe)
        // What cannot even be tried has failed.
        .catch((error: unknown) => failure(errorMessage(error)))
        .then((result) => this.take(followed, role, probe, before, result))
        .catch((error: unknown) => this.options.logger.error('probe is given up', { role, error }));
    }, delayMilliseconds);
    followed.timers.set(role, timer);
  }

  private take(followed: Followed, role: Role, probe: Probe, before: Count, result: ProbeResult): void {
    if (followed.isStopped) return;
    const count = countResult(before, result);
    if (result.outcome === 'failure') this.onFailure(followed, `${role} probe failed: ${result.message}`);
    if (this.judge(followed, role, probe, count, result)) {
      this.schedule(followed, role, probe, count, periodOf(probe));
    }
  }

  /** Acts on the results so far. True: go on with this probe. */
  private judge(followed: Followed, role: Role, probe: Probe, count: Count, result: ProbeResult): boolean {
    const succeeded = count.successes >= (probe.successThreshold ?? 1);
    const failed = count.failures >= (probe.failureThreshold ?? 3);
    const message = result.outcome === 'failure' ? `${result.message} (${count.failures} times in a row)` : '';
    switch (role) {
      case 'readiness':
        if (succeeded) this.setReadiness(followed, { hasStarted: true, isReady: true, message: '' });
        // Before it was ready once, the first failure already says what is missing.
        else if (failed || (result.outcome === 'failure' && !followed.readiness?.isReady)) {
          this.setReadiness(followed, {
            hasStarted: true,
            isReady: false,
            message: result.outcome === 'failure' ? result.message : '',
          });
        }
        return true;
      case 'startup':
        if (succeeded) this.beginMain(followed);
        else if (failed) this.onUnhealthy(followed, 'StartupProbeFailed', message);
        return !succeeded && !failed;
      case 'liveness':
        if (failed) this.onUnhealthy(followed, 'LivenessProbeFailed', message);
        return !failed;
    }
  }

  private onFailure({ task, container }: Followed, message: string): void {
    this.options.onFailure(task.metadata.uid, container.identity.attempt, message);
  }

  /** It stays followed, so that the same container is not probed afresh. */
  private onUnhealthy(followed: Followed, because: ProbeFailure, message: string): void {
    end(followed);
    const { task, container } = followed;
    this.options.onUnhealthy(task.metadata.uid, container.identity.attempt, because, message);
  }

  private setReadiness(followed: Followed, readiness: Readiness): void {
    const old = followed.readiness;
    if (old && canonicalJson(old) === canonicalJson(readiness)) return;
    followed.readiness = readiness;
    this.options.onReadiness(followed.task.metadata.uid);
  }

  private async tryOnce({ task, container, left }: Followed, role: Role, probe: Probe): Promise<ProbeResult> {
    const { runtime, clock } = this.options;
    const timeout = (probe.timeoutSeconds ?? 1) * second;
    if (probe.exec) {
      const command = commandOf(task, role, probe.exec.command);
      if (!Array.isArray(command)) return command;
      const tell = (output: string): string => this.options.maskForeign(task.metadata.uid, output);
      return probeExec(runtime, container.id, command, { timeout, left: left[role], tell });
    }
    const host = container.ipAddress ?? '127.0.0.1';
    const port = portOf(task, probe.httpGet?.port ?? probe.tcpSocket?.port);
    if (port === undefined) return failure('the probe names a port that the task does not have');
    if (probe.httpGet) return probeHttp({ host, port, path: probe.httpGet.path ?? '/' }, timeout, clock);
    return probeTcp({ host, port }, timeout, clock);
  }
}

/** The command with the task's variables put in; a failure of the probe when it becomes too long. */
function commandOf({ spec }: StoredTask, role: Role, command: readonly string[]): string[] | ProbeResult {
  try {
    return new ReferenceExpansion(plainVariables(spec.env)).expandAll(command, `spec.${role}Probe.exec.command`);
  } catch (error) {
    if (error instanceof ConfigProblem) return failure(error.message);
    throw error;
  }
}

function end(followed: Followed): void {
  followed.isStopped = true;
  for (const timer of followed.timers.values()) timer.cancel();
}

function countResult(before: Count, { outcome }: ProbeResult): Count {
  switch (outcome) {
    case 'success':
      return { successes: before.successes + 1, failures: 0 };
    case 'failure':
      return { successes: 0, failures: before.failures + 1 };
    case 'unknown':
      return before;
  }
}

function periodOf(probe: Probe): number {
  return (probe.periodSeconds ?? 10) * second;
}

function portOf(task: StoredTask, port: number | string | undefined): number | undefined {
  return typeof port === 'string' ? task.spec.ports?.find(({ name }) => name === port)?.containerPort : port;
}
