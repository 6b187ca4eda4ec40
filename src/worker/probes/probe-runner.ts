import type { Probe, StoredTask } from '../../model/task.js';
import { canonicalJson } from '../../model/json.js';
import type { ContainerDetails, ContainerRuntime } from '../../runtime/container-runtime.js';
import type { Clock, Timer } from '../../support/clock.js';
import { probeExec } from './exec-probe.js';
import { probeHttp } from './http-probe.js';
import type { ProbeResult } from './probe-result.js';
import { failure } from './probe-result.js';
import { probeTcp } from './tcp-probe.js';

export interface ProbeRunnerOptions {
  runtime: ContainerRuntime;
  clock: Clock;
  /** Every single failed try. */
  onFailure(taskUid: string, attempt: number, message: string): void;
  /** failureThreshold tries failed in a row; the probe is then over until the next container. */
  onUnhealthy(taskUid: string, attempt: number, message: string): void;
}

interface Running {
  fingerprint: string;
  timer?: Timer;
  isStopped: boolean;
}

/** Repeats the liveness probe of every running container, one try at a time each. */
export class ProbeRunner {
  private readonly running = new Map<string, Running>();

  constructor(private readonly options: ProbeRunnerOptions) {}

  /** Probes this container of the task from now on, instead of an earlier one; undefined: none runs. */
  follow(task: StoredTask, container: ContainerDetails | undefined): void {
    const { uid } = task.metadata;
    const probe = task.spec.livenessProbe;
    if (!probe || container?.phase !== 'running') return this.stop(uid);
    const fingerprint = canonicalJson({
      id: container.id,
      startedAt: container.startedAt,
      ip: container.ipAddress,
      ports: task.spec.ports,
      probe,
    });
    if (this.running.get(uid)?.fingerprint === fingerprint) return;
    this.stop(uid);
    const running: Running = { fingerprint, isStopped: false };
    this.running.set(uid, running);
    this.schedule(running, task, probe, container, 0, (probe.initialDelaySeconds ?? 0) * 1000 || period(probe));
  }

  stop(taskUid: string): void {
    const running = this.running.get(taskUid);
    if (!running) return;
    running.isStopped = true;
    running.timer?.cancel();
    this.running.delete(taskUid);
  }

  stopAll(): void {
    for (const uid of [...this.running.keys()]) this.stop(uid);
  }

  private schedule(
    running: Running,
    task: StoredTask,
    probe: Probe,
    container: ContainerDetails,
    failures: number,
    delayMilliseconds: number,
  ): void {
    running.timer = this.options.clock.setTimer(() => {
      void this.tryOnce(task, probe, container).then((result) => {
        if (running.isStopped) return;
        const { uid } = task.metadata;
        const { attempt } = container.identity;
        const threshold = probe.failureThreshold ?? 3;
        const inARow = result.outcome === 'success' ? 0 : result.outcome === 'failure' ? failures + 1 : failures;
        if (result.outcome === 'failure') {
          this.options.onFailure(uid, attempt, result.message);
          if (inARow >= threshold) {
            // Still remembered, so that the same container is not probed afresh.
            this.options.onUnhealthy(uid, attempt, `${result.message} (${inARow} times in a row)`);
            return;
          }
        }
        this.schedule(running, task, probe, container, inARow, period(probe));
      });
    }, delayMilliseconds);
  }

  private async tryOnce(task: StoredTask, probe: Probe, container: ContainerDetails): Promise<ProbeResult> {
    const { runtime, clock } = this.options;
    const timeout = (probe.timeoutSeconds ?? 1) * 1000;
    if (probe.exec) return probeExec(runtime, container.id, probe.exec.command, timeout);
    const host = container.ipAddress ?? '127.0.0.1';
    const port = portOf(task, probe.httpGet?.port ?? probe.tcpSocket?.port);
    if (port === undefined) return failure('the probe names a port that the task does not have');
    if (probe.httpGet) return probeHttp({ host, port, path: probe.httpGet.path ?? '/' }, timeout, clock);
    return probeTcp({ host, port }, timeout, clock);
  }
}

function period(probe: Probe): number {
  return (probe.periodSeconds ?? 10) * 1000;
}

function portOf(task: StoredTask, port: number | string | undefined): number | undefined {
  return typeof port === 'string' ? task.spec.ports?.find(({ name }) => name === port)?.containerPort : port;
}
