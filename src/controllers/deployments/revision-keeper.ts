import { formatKey, keyOf } from '../../model/api-object.js';
import type { StoredDeployment } from '../../model/deployment.js';
import { compileLabelSelector } from '../../model/label-selector.js';
import { replicaSetKind, type StoredReplicaSet } from '../../model/replica-set.js';
import type { Registry } from '../../registry/registry.js';
import { WatchedKind } from '../watched-kind.js';
import { OwnedObjects, type Concerned } from './owned-objects.js';
import { hashInRecords, planRevisions } from './plan-revisions.js';
import type { Replicas } from './replicas.js';
import { takeRevisionStep } from './revision-writer.js';

/**
 * Keeps the history of Deployments: a ReplicaSet of each template that was brought out. In: the ReplicaSets in the store. Out:
 * changes of them, through the registry. Always holds: level-triggered; its own writes count before it plans again.
 */
export class RevisionKeeper {
  readonly watched: WatchedKind<StoredReplicaSet>;
  private readonly records = new OwnedObjects<StoredReplicaSet>();

  /** `tell`: which Deployments a change of a record concerns. */
  constructor(
    private readonly registry: Registry,
    private readonly tell: (concerned: Concerned) => void,
  ) {
    this.watched = new WatchedKind<StoredReplicaSet>({
      registry,
      kind: replicaSetKind,
      onList: (items, revision) => this.takeList(items, revision),
      onEvents: (events) => {
        for (const { type, object, revision } of events) {
          if (type === 'DELETED') this.remove(recordKeyOf(object), revision);
          else tell(this.records.put(object, revision));
        }
      },
    });
  }

  /** The records of a Deployment, and such as nobody owns and it selects. */
  recordsOf({ metadata, spec }: StoredDeployment): StoredReplicaSet[] {
    const { uid, namespace = 'default' } = metadata;
    const selects = compileLabelSelector(spec.selector);
    const orphans = this.records.orphansIn(namespace).filter((record) => selects(record.metadata.labels));
    return [...this.records.ownedBy(uid), ...orphans];
  }

  /** The hash of its template, as its records know it. */
  hashOf(deployment: StoredDeployment): string {
    return hashInRecords(deployment, this.recordsOf(deployment));
  }

  /**
   * One pass over the history of a Deployment. Do it before tasks are made: then no template comes out without a record to go
   * back to it. `sizes`: as `planRevisions`. Rejects when something could not be written.
   */
  async keep(deployment: StoredDeployment, replicas: Replicas, sizes: ReadonlyMap<string, number>): Promise<void> {
    for (const step of planRevisions(deployment, this.recordsOf(deployment), replicas, sizes)) {
      const outcome = await takeRevisionStep(this.registry, deployment, step);
      if (outcome.type === 'written') this.tell(this.records.put(outcome.record));
      if (outcome.type === 'gone') {
        this.remove(recordKeyOf(outcome.record), Number(outcome.record.metadata.resourceVersion));
      }
    }
  }

  private takeList(items: readonly StoredReplicaSet[], revision: number): void {
    const listed = new Set(items.map(recordKeyOf));
    for (const key of this.records.keys()) if (!listed.has(key)) this.remove(key, revision);
    for (const item of items) this.tell(this.records.put(item, revision));
  }

  private remove(key: string, revision: number): void {
    this.tell(this.records.remove(key, revision));
  }
}

function recordKeyOf(record: StoredReplicaSet): string {
  return formatKey(keyOf(record));
}
