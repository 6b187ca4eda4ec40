import type { TaskDemand } from './demand.js';
import { type NodeInfo, resourceNames } from './node-info.js';
import { createScheduler } from './scheduler.js';

/**
 * The economic cost model of Amir, Awerbuch, Barak, Borgstrom and Keren, "An Opportunity Cost Approach for Job
 * Assignment in a Scalable Computing Cluster" (IEEE Transactions on Parallel and Distributed Systems 11(7), 2000): every
 * resource has a price that rises exponentially with its use, n^utilisation with n the number of machines, and a task
 * goes where the sum of its marginal costs is least. That balances CPU, memory and disk against each other in one
 * currency; the paper proves it competitive. What is used is what tasks asked for, so a score needs no measurement.
 */
export const epvm = createScheduler('epvm', (task, nodes, snapshot) => {
  const base = Math.max(2, snapshot.nodeCount);
  return nodes.map((node) => marginalCost(task, node, base));
});

function marginalCost(task: TaskDemand, node: NodeInfo, base: number): number {
  let cost = 0;
  for (const name of resourceNames) {
    const wanted = task.amounts[name];
    if (wanted === 0) continue;
    const allocatable = node.allocatable[name];
    if (allocatable === undefined || allocatable <= 0) return Number.POSITIVE_INFINITY;
    const before = node.allocated[name] / allocatable;
    cost += base ** (before + wanted / allocatable) - base ** before;
  }
  return cost;
}
