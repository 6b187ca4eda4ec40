import type { Node, StoredNode } from '../model/node.js';
import { canonicalJson } from '../model/json.js';
import { type Amounts, addAmounts, noAmounts, subtractAmounts } from '../model/resources.js';
import { ClusterSnapshot } from './cluster-snapshot.js';
import type { TaskDemand } from './demand.js';
import { portKey } from './host-ports.js';
import { type NodeFacts, type NodeInfo, nodeFactsOf, type OwnedPort } from './node-info.js';

interface Occupancy {
  allocated: Amounts;
  tasks: Map<string, TaskDemand>;
  ports: ReadonlyMap<string, readonly OwnedPort[]>;
}

/**
 * In: nodes and what their tasks take, one change at a time. Out: immutable snapshots to decide on. Always holds: a
 * node's allocated amounts, task count and ports are exactly the sums over the tasks that occupy it, and a snapshot that
 * was handed out never changes. A change costs the same however many nodes there are.
 */
export class ClusterState {
  private readonly facts = new Map<string, { facts: NodeFacts; fingerprint: string }>();
  private readonly occupancies = new Map<string, Occupancy>();
  private readonly places = new Map<string, string>();
  private current: ClusterSnapshot | undefined;
  private room = 0;

  /** Rises whenever a task that did not fit might fit now: a node came or changed, or something was freed. */
  get roomRevision(): number {
    return this.room;
  }

  snapshot(): ClusterSnapshot {
    this.current ??= ClusterSnapshot.of(
      [...this.facts.keys()].sort((a, b) => (a < b ? -1 : 1)).flatMap((name) => this.infoOf(name) ?? []),
    );
    return this.current;
  }

  setNode(node: Node | StoredNode): void {
    const facts = nodeFactsOf(node);
    const fingerprint = canonicalJson(facts);
    const old = this.facts.get(facts.name);
    if (old?.fingerprint === fingerprint) return;
    this.facts.set(facts.name, { facts, fingerprint });
    this.room++;
    if (old === undefined) this.current = undefined;
    else this.refresh(facts.name);
  }

  removeNode(name: string): void {
    if (this.facts.delete(name)) this.current = undefined;
  }

  /** The task takes its demand from this node (and nothing from any other any more). */
  occupy(demand: TaskDemand, nodeName: string): void {
    const place = this.places.get(demand.key);
    const old = place === undefined ? undefined : this.occupancies.get(place)?.tasks.get(demand.key);
    if (place === nodeName && old !== undefined && sameAmounts(old, demand)) return;
    this.release(demand.key);
    const occupancy = this.occupancies.get(nodeName) ?? { allocated: noAmounts, tasks: new Map(), ports: new Map() };
    this.occupancies.set(nodeName, occupancy);
    occupancy.tasks.set(demand.key, demand);
    occupancy.allocated = addAmounts(occupancy.allocated, demand.amounts);
    occupancy.ports = withPorts(occupancy.ports, demand);
    this.places.set(demand.key, nodeName);
    this.refresh(nodeName);
  }

  /** The task takes nothing any more. */
  release(taskKey: string): void {
    const nodeName = this.places.get(taskKey);
    if (nodeName === undefined) return;
    this.places.delete(taskKey);
    const occupancy = this.occupancies.get(nodeName);
    const demand = occupancy?.tasks.get(taskKey);
    if (occupancy === undefined || demand === undefined) return;
    occupancy.tasks.delete(taskKey);
    occupancy.allocated = subtractAmounts(occupancy.allocated, demand.amounts);
    occupancy.ports = withoutPorts(occupancy.ports, demand);
    if (occupancy.tasks.size === 0) this.occupancies.delete(nodeName);
    this.room++;
    this.refresh(nodeName);
  }

  /** The node as it would be without this task: what the task must fit on to stay there. */
  nodeWithout(nodeName: string, taskKey: string): NodeInfo | undefined {
    const info = this.infoOf(nodeName);
    const demand = this.occupancies.get(nodeName)?.tasks.get(taskKey);
    if (info === undefined || demand === undefined) return info;
    return {
      ...info,
      allocated: subtractAmounts(info.allocated, demand.amounts),
      taskCount: info.taskCount - 1,
      ports: withoutPorts(info.ports, demand),
    };
  }

  /** What is taken of a node, whether or not the node is known. */
  allocatedOn(nodeName: string): { amounts: Amounts; taskCount: number } {
    const occupancy = this.occupancies.get(nodeName);
    return { amounts: occupancy?.allocated ?? noAmounts, taskCount: occupancy?.tasks.size ?? 0 };
  }

  private infoOf(name: string): NodeInfo | undefined {
    const known = this.facts.get(name);
    if (known === undefined) return undefined;
    const occupancy = this.occupancies.get(name);
    return {
      ...known.facts,
      allocated: occupancy?.allocated ?? noAmounts,
      taskCount: occupancy?.tasks.size ?? 0,
      ports: occupancy?.ports ?? noPorts,
    };
  }

  private refresh(name: string): void {
    if (this.current === undefined) return;
    const info = this.infoOf(name);
    if (info !== undefined) this.current = this.current.with(info);
  }
}

const noPorts: ReadonlyMap<string, readonly OwnedPort[]> = new Map();

function withPorts(ports: Occupancy['ports'], demand: TaskDemand): Occupancy['ports'] {
  if (demand.ports.length === 0) return ports;
  const changed = new Map(ports);
  for (const claim of demand.ports) {
    changed.set(portKey(claim), [...(changed.get(portKey(claim)) ?? []), { ...claim, owner: demand.key }]);
  }
  return changed;
}

function withoutPorts(ports: Occupancy['ports'], demand: TaskDemand): Occupancy['ports'] {
  if (demand.ports.length === 0) return ports;
  const changed = new Map(ports);
  for (const claim of demand.ports) {
    const rest = (changed.get(portKey(claim)) ?? []).filter(({ owner }) => owner !== demand.key);
    if (rest.length === 0) changed.delete(portKey(claim));
    else changed.set(portKey(claim), rest);
  }
  return changed;
}

function sameAmounts(a: TaskDemand, b: TaskDemand): boolean {
  return canonicalJson([a.amounts, a.ports]) === canonicalJson([b.amounts, b.ports]);
}
