import type { ClientEvent } from '../../../src/client/client.js';
import type { StoredTask } from '../../../src/model/task.js';
import type { ContainerIdentity } from '../../../src/runtime/container-runtime.js';
import type { SimulatedContainer } from '../../../src/runtime/simulated/simulated-engine.js';
import type { StoreEvent } from '../../../src/store/store.js';
import type { TaskHistory } from './task-history.js';

/** A rule was broken. */
export type Violated = (rule: string, what: string) => void;

/** What a checker may look at. */
export interface World {
  history: TaskHistory;
  /** Virtual time. */
  seconds(): number;
  /** Containers of this cluster's tasks on one machine. */
  containersOn(worker: string): SimulatedContainer[];
  /** Whether the container is another cluster's, or another worker's. */
  isForeign(worker: string, containerId: string): boolean;
  /** The task as this machine's worker knows it. */
  knownTask(worker: string, taskUid: string): StoredTask | undefined;
  /** The highest attempt that this machine's worker, or its disk while none runs, knows to have made. */
  knownAttempt(worker: string, taskUid: string): number;
  currentRevision(): number;
  violated: Violated;
}

/** Looks at everything that happens, and says when a rule is broken. */
export interface Checker {
  /** A transaction became durable; the history has it already. */
  onTransaction?(events: readonly StoreEvent[]): void;
  /** A container was made, or its phase changed, or (`isGone`) it was removed. */
  onContainer?(worker: string, container: SimulatedContainer, isGone: boolean): void;
  /** Somebody is about to remove a container by hand. */
  onForeignRemoval?(worker: string, container: SimulatedContainer): void;
  /** A worker asks its engine to stop a container. */
  onStop?(worker: string, containerId: string): void;
  /** A worker asks its engine to make or start a container. */
  onStart?(worker: string, what: 'create' | 'start', identity: ContainerIdentity): void;
  /** A probe of a container was answered. */
  onProbe?(worker: string, containerId: string, isHealthy: boolean): void;
  /** A worker begins another life. */
  onWorker?(worker: string): void;
  /** What a worker knew is lost, or is what it was before. */
  onCheckpointLost?(worker: string): void;
  /** A worker is told of a change of a task. */
  onDelivered?(worker: string, event: ClientEvent<StoredTask>): void;
  /** A worker is told which tasks it has, or that it has this one. */
  onListed?(worker: string, tasks: readonly StoredTask[]): void;
  /** A worker's heartbeat arrived. */
  onBeat?(worker: string): void;
  /** A manager begins to serve, or does not any more. */
  onManager?(isServing: boolean): void;
  /** Some seconds went by. */
  onTick?(): void;
}
