import { epvm } from './epvm.js';
import { dominantShare } from './node-info.js';
import { createScheduler, type Scheduler, type SchedulerName } from './scheduler.js';

/** One after the other, in name order: every candidate costs the same, and the first one after the last pick wins. */
const roundRobin = createScheduler('roundRobin', (_task, nodes) => nodes.map(() => 0));

/**
 * The node with the least taken of what it is shortest of. By what tasks asked for, not by measured load: that is exact
 * at once after each placement, and a worker whose statistics fail does not look idle.
 */
const greedy = createScheduler('greedy', (_task, nodes) => nodes.map((node) => dominantShare(node)));

/** The node with the fewest tasks; of equals the one with the most free. A failure then takes down the least. */
const spread = createScheduler('spread', (task, nodes) =>
  nodes.map((node) => node.taskCount + 0.999 * Math.min(1, dominantShare(node, task.amounts))),
);

/** The node that is fullest afterwards, so that others stay free for large tasks or can be switched off. */
const binpack = createScheduler('binpack', (task, nodes) =>
  nodes.map((node) => -dominantShare(node, task.amounts) - 1e-6 * Math.min(node.taskCount, 1e5)),
);

/** By name: the manager's default or a task's spec.schedulerName. */
export const schedulers: Readonly<Record<SchedulerName, Scheduler>> = { roundRobin, greedy, epvm, spread, binpack };
