import type { StoredTask } from '../model/task.js';
import type { Step } from './plan-convergence.js';
import type { TaskRecord } from './task-record.js';

/** What a step is done for. */
export interface Target {
  uid: string;
  /** Absent for a task that left. */
  task?: StoredTask;
  record(): TaskRecord;
  setRecord(record: TaskRecord): void;
  /** Resolves when the record is on the disk, or could not be put there. */
  settled(): Promise<void>;
  /** Aborts when the task changed so that waiting on makes no sense. */
  signal: AbortSignal;
}

export type StartStep = Extract<Step, { type: 'ensureImage' | 'createContainer' | 'startContainer' }>;
export type StopStep = Extract<Step, { type: 'stopContainer' }>;

export type UpdateStep = Extract<Step, { type: 'updateFiles' }>;
