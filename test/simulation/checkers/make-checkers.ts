import { hostileWorkerName } from '../hostile/hostile-worker.js';
import type { Scenario } from '../scenario.js';
import type { Checker, World } from './checker.js';
import { allocations } from './allocations.js';
import { deletions } from './deletions.js';
import { nodeHealth } from './node-health.js';
import { oneLiveContainer } from './one-live-container.js';
import { rollouts } from './rollouts.js';
import { startsAfterStops } from './starts-after-stops.js';
import { stateMoves } from './state-moves.js';
import { unaskedStops } from './unasked-stops.js';

/** The rules that hold at every moment, one after the other. */
export function makeCheckers(world: World, scenario: Scenario): Checker[] {
  const hostileWorker = scenario.hostile.worker ? hostileWorkerName : undefined;
  return [
    oneLiveContainer(world),
    stateMoves(world),
    allocations(world, hostileWorker),
    unaskedStops(world),
    startsAfterStops(world),
    deletions(world, scenario),
    nodeHealth(world, scenario.nodeGraceSeconds, hostileWorker),
    ...(scenario.hasDeployments ? [rollouts(world)] : []),
  ];
}
