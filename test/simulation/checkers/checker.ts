import type { SimulatedContainer } from '../../../src/runtime/simulated/simulated-engine.js';
import type { StoreEvent } from '../../../src/store/store.js';
import type { TaskHistory } from './task-history.js';

/** What a checker may look at. */
export interface World {
  history: TaskHistory;
  /** Containers of one machine. */
  containersOn(worker: string): SimulatedContainer[];
  /** The revision of a task that this machine's worker knows. */
  knownRevision(worker: string, taskUid: string): number | undefined;
  /** The highest attempt that this machine's worker, or its disk while none runs, knows to have made. */
  knownAttempt(worker: string, taskUid: string): number;
  currentRevision(): number;
  /** A rule was broken. */
  violated(rule: string, what: string): void;
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
}
