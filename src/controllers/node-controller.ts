import { nodeKind, type StoredNode } from '../model/node.js';
import type { Registry } from '../registry/registry.js';
import { type Clock, toTimestamp } from '../support/clock.js';
import { isOrchError } from '../support/errors.js';
import type { Logger } from '../support/logger.js';
import type { ClusterIndex } from './cluster-index.js';
import type { EvictionGate } from './eviction-gate.js';
import { Heartbeats } from './heartbeats.js';
import { changeNode, planNode } from './plan-node.js';
import { eventSource } from './write-task.js';

export interface NodeControllerOptions {
  registry: Registry;
  clock: Clock;
  logger: Logger;
  index: ClusterIndex;
  gate: EvictionGate;
  graceMilliseconds: number;
  /** These nodes, and the tasks on them, are to be looked at. */
  onChanged: (nodeNames: readonly string[]) => void;
  /** A node was written. */
  onWritten: (node: StoredNode) => void;
}

/** The life of nodes: who is lost, who is back, and what their objects say of it and of what is allocated. */
export class NodeController {
  readonly heartbeats: Heartbeats;
  /** How often `judge` is to be called. */
  readonly judgeEveryMilliseconds: number;

  constructor(private readonly options: NodeControllerOptions) {
    const { graceMilliseconds } = options;
    this.judgeEveryMilliseconds = Math.max(50, Math.min(1000, graceMilliseconds / 4));
    this.heartbeats = new Heartbeats({ graceMilliseconds, judgeEveryMilliseconds: this.judgeEveryMilliseconds });
  }

  judge(): void {
    const { clock, logger, index, gate, onChanged } = this.options;
    const wereAllLost = this.heartbeats.everyNodeLost;
    const { changed, disrupted } = this.heartbeats.judge([...index.nodes.keys()], clock.monotonic());
    gate.disrupted = disrupted;
    if (this.heartbeats.everyNodeLost && !wereAllLost) {
      logger.warn('no worker answers: nothing is moved', { nodes: index.nodes.size });
    }
    for (const name of changed) {
      if (this.heartbeats.phaseOf(name).phase === 'lost') logger.warn('a worker does not answer', { node: name });
    }
    if (changed.length > 0) onChanged(changed);
  }

  /** Since when the node is lost (monotonic milliseconds); undefined while it is not, or while all look lost. */
  lostSince(name: string): number | undefined {
    const health = this.heartbeats.phaseOf(name);
    return health.phase === 'lost' && !this.heartbeats.everyNodeLost ? health.since : undefined;
  }

  /** Writes into the Node what differs; nothing when all is said already. */
  async reconcile(name: string, logger: Logger): Promise<void> {
    const { registry, clock, index, onWritten } = this.options;
    const known = index.nodes.get(name);
    const facts = {
      health: this.heartbeats.phaseOf(name),
      everyNodeLost: this.heartbeats.everyNodeLost,
      allocated: index.state.allocatedOn(name),
    };
    if (known === undefined || planNode(known, facts).length === 0) return;
    try {
      const { object, changed } = await registry.mutate<StoredNode>(
        nodeKind,
        { name },
        (node) => {
          const steps = planNode(node, facts);
          return steps.length === 0 ? undefined : changeNode(node, steps, toTimestamp(clock.now()));
        },
        { source: eventSource },
      );
      if (changed) logger.debug('node reconciled', { node: name, phase: facts.health.phase });
      onWritten(object);
    } catch (error) {
      if (!isOrchError(error, 'NotFound')) throw error;
    }
  }
}
