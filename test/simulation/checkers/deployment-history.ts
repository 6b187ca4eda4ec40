import { boundsOf, type RolloutBounds } from '../../../src/controllers/deployments/rollout-bounds.js';
import { isReady } from '../../../src/controllers/deployments/ready-times.js';
import { findCondition } from '../../../src/model/conditions.js';
import { deploymentKind, type StoredDeployment } from '../../../src/model/deployment.js';
import { nodeKind, type StoredNode } from '../../../src/model/node.js';
import { templateHash, templateHashLabel } from '../../../src/model/pod-template.js';
import { replicaSetKind, type StoredReplicaSet } from '../../../src/model/replica-set.js';
import type { StoredTask } from '../../../src/model/task.js';
import { storePrefix } from '../../../src/registry/store-keys.js';
import type { StoreEvent } from '../../../src/store/store.js';
import { isTaskEvent, taskOf } from './task-history.js';

/** How long a decision may be on its way to the disk. */
const decisionSeconds = 10;

/** What was wanted and what there was from one moment on. */
export interface Moment {
  atSeconds: number;
  deployment: StoredDeployment;
  bounds: RolloutBounds;
  hash: string;
  /** Uids of its tasks that had been ready for long enough. */
  available: ReadonlySet<string>;
  /** By the hash of a template, how many of it there are to be by its record. */
  sizes: ReadonlyMap<string, number>;
}

/** Deployments and their tasks as they were stored, and since when each task has been ready by the one true clock. */
export class DeploymentHistory {
  readonly deployments = new Map<string, StoredDeployment>();
  /** By uid, those that are on their way out too. */
  readonly tasks = new Map<string, StoredTask>();
  private readonly readySince = new Map<string, { of: string; seconds: number }>();
  private readonly records = new Map<string, StoredReplicaSet>();
  private readonly lostNodes = new Set<string>();
  private readonly moments = new Map<string, Moment[]>();

  constructor(private readonly seconds: () => number) {}

  take(events: readonly StoreEvent[]): void {
    for (const event of events) {
      if (isTaskEvent(event)) this.takeTask(event);
      else if (event.key.startsWith(storePrefix(deploymentKind))) this.takeDeployment(event);
      else if (event.key.startsWith(storePrefix(replicaSetKind))) this.takeRecord(event);
      else if (event.key.startsWith(storePrefix(nodeKind))) this.takeNode(event);
    }
    this.remember();
  }

  /** What a Deployment's controller may be acting on: how things were during the last seconds, the newest last. */
  recent(uid: string): readonly Moment[] {
    const all = this.moments.get(uid) ?? [];
    const first = all.findLastIndex(({ atSeconds }) => atSeconds <= this.seconds() - decisionSeconds);
    return all.slice(Math.max(0, first));
  }

  /** The tasks of a Deployment that stay. */
  ownedBy(uid: string): StoredTask[] {
    return [...this.tasks.values()].filter(
      (task) => ownerOf(task) === uid && task.metadata.deletionTimestamp === undefined,
    );
  }

  /** Time passes, and tasks become available by it. */
  remember(): void {
    for (const [uid, deployment] of this.deployments) {
      const available = new Set(
        this.ownedBy(uid)
          .filter((task) => this.isAvailable(deployment, task))
          .map(uidOf),
      );
      const moments = this.moments.get(uid) ?? [];
      const { spec } = deployment;
      const hash = templateHash(spec.template);
      moments.push({
        atSeconds: this.seconds(),
        deployment,
        bounds: boundsOf(spec),
        hash,
        available,
        sizes: this.sizesOf(uid),
      });
      this.moments.set(uid, moments);
      if (moments.length > 2_000) this.moments.set(uid, [...this.recent(uid)]);
    }
  }

  private isAvailable({ spec }: StoredDeployment, task: StoredTask): boolean {
    const since = this.readySince.get(uidOf(task))?.seconds;
    if (since === undefined || this.lostNodes.has(task.spec.nodeName ?? '')) return false;
    return this.seconds() - since >= (spec.minReadySeconds ?? 0);
  }

  private takeTask({ type, value }: StoreEvent): void {
    const task = taskOf(value);
    const uid = uidOf(task);
    if (ownerOf(task) === undefined) return;
    if (type === 'delete') this.tasks.delete(uid);
    else this.tasks.set(uid, task);
    if (type === 'delete' || !isReady(task)) return void this.readySince.delete(uid);
    const { attempt, conditions } = task.status ?? {};
    const of = `${attempt} ${findCondition(conditions, 'Ready')?.lastTransitionTime}`;
    if (this.readySince.get(uid)?.of !== of) this.readySince.set(uid, { of, seconds: this.seconds() });
  }

  private takeDeployment({ type, value }: StoreEvent): void {
    const deployment = value as unknown as StoredDeployment;
    const { uid } = deployment.metadata;
    if (type === 'put') this.deployments.set(uid, deployment);
    else {
      this.deployments.delete(uid);
      this.moments.delete(uid);
    }
  }

  private takeRecord({ type, key, value }: StoreEvent): void {
    if (type === 'put') this.records.set(key, value as unknown as StoredReplicaSet);
    else this.records.delete(key);
  }

  private sizesOf(uid: string): Map<string, number> {
    const sizes = new Map<string, number>();
    for (const { metadata, spec } of this.records.values()) {
      const hash = metadata.labels?.[templateHashLabel] ?? '';
      const isIts = metadata.ownerReferences?.some((owner) => owner.uid === uid) ?? false;
      if (isIts) sizes.set(hash, Math.max(sizes.get(hash) ?? 0, spec.replicas ?? 0));
    }
    return sizes;
  }

  private takeNode({ type, value }: StoreEvent): void {
    const { metadata, status } = value as unknown as StoredNode;
    const isLost = type === 'put' && findCondition(status?.conditions, 'Ready')?.status === 'Unknown';
    if (isLost) this.lostNodes.add(metadata.name);
    else this.lostNodes.delete(metadata.name);
  }
}

/** The uid of the Deployment that a task belongs to. */
export function ownerOf({ metadata }: StoredTask): string | undefined {
  return metadata.ownerReferences?.find(({ kind, controller }) => kind === 'Deployment' && controller === true)?.uid;
}

function uidOf({ metadata }: StoredTask): string {
  return metadata.uid;
}
