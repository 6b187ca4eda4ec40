import type { Amounts } from '../model/resources.js';
import { noAmounts } from '../model/resources.js';

/** What may be set about a worker; each has a default. */
export interface WorkerSettings {
  nodeHeartbeatSeconds: number;
  /** How often everything is listed, whatever the hints said. */
  relistSeconds: number;
  /** How often the engine is asked whether it lives. */
  enginePingSeconds: number;
  statsSeconds: number;
  /** Containers being created, started or removed at once. */
  concurrency: number;
  /** How many tasks the node takes. */
  maxTasks: number;
  /** Kept back from the machine's capacity. */
  reserved: Amounts;
}

export const defaultWorkerSettings: WorkerSettings = {
  nodeHeartbeatSeconds: 10,
  relistSeconds: 30,
  enginePingSeconds: 10,
  statsSeconds: 60,
  // Measured: with more the engine only gets slower.
  concurrency: 4,
  maxTasks: 250,
  reserved: noAmounts,
};

/** How often the manager is asked for everything again although watches hold: what a wrong list hid is not hidden for long. */
export const managerRelistMilliseconds = 300_000;
