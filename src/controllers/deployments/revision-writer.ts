import { keyOf } from '../../model/api-object.js';
import { revisionAnnotation, deploymentKind, type StoredDeployment } from '../../model/deployment.js';
import { canonicalJson } from '../../model/json.js';
import { replicaSetKind, type StoredReplicaSet } from '../../model/replica-set.js';
import type { Registry } from '../../registry/registry.js';
import { isOrchError, OrchError } from '../../support/errors.js';
import { eventSource } from '../write-task.js';
import type { RecordContent, RevisionStep } from './plan-revisions.js';

/** What a step came to: the record as it is now, gone, or nothing of a record. */
export type RevisionOutcome =
  { type: 'written'; record: StoredReplicaSet } | { type: 'gone'; record: StoredReplicaSet } | { type: 'none' };

/**
 * Takes one step for a Deployment. What it finds done already is no error. Rejects with Conflict while a record of that name
 * belongs to another Deployment, as that of one that has just been deleted and made again.
 */
export async function takeRevisionStep(
  registry: Registry,
  deployment: StoredDeployment,
  step: RevisionStep,
): Promise<RevisionOutcome> {
  switch (step.type) {
    case 'create':
      return createRecord(registry, deployment, step);
    case 'write':
      return writeRecord(registry, step.record, step.content);
    case 'number':
      await numberDeployment(registry, deployment, step.revision);
      return { type: 'none' };
    case 'delete':
      return deleteRecord(registry, step.record);
  }
}

async function createRecord(
  registry: Registry,
  { metadata }: StoredDeployment,
  { record }: RevisionStep & { type: 'create' },
): Promise<RevisionOutcome> {
  try {
    const { object } = await registry.create<StoredReplicaSet>(replicaSetKind, record, {
      source: eventSource,
      asSystem: true,
    });
    return { type: 'written', record: object };
  } catch (error) {
    if (!isOrchError(error, 'AlreadyExists')) throw error;
  }
  const found = await registry.get<StoredReplicaSet>(replicaSetKind, keyOf(record));
  const owner = found.metadata.ownerReferences?.find(({ controller }) => controller === true);
  if (owner === undefined || owner.uid === metadata.uid) return { type: 'written', record: found };
  throw new OrchError('Conflict', `the ReplicaSet "${found.metadata.name}" belongs to another Deployment yet`);
}

async function writeRecord(
  registry: Registry,
  record: StoredReplicaSet,
  { labels, annotations, ownerReferences, spec, status }: RecordContent,
): Promise<RevisionOutcome> {
  const owners = ownerReferences.map(({ uid }) => uid);
  try {
    const { object } = await registry.mutate<StoredReplicaSet>(
      replicaSetKind,
      keyOf(record),
      ({ metadata, ...current }) => {
        const isTaken = metadata.ownerReferences?.some(({ controller, uid }) => controller && !owners.includes(uid));
        if (metadata.uid !== record.metadata.uid || isTaken) return undefined;
        const isNewSpec = canonicalJson(current.spec) !== canonicalJson(spec);
        return {
          ...current,
          metadata: { ...metadata, labels, annotations, ownerReferences },
          spec,
          status: { ...status, observedGeneration: metadata.generation + (isNewSpec ? 1 : 0) },
        };
      },
      { source: eventSource },
    );
    return { type: 'written', record: object };
  } catch (error) {
    if (isOrchError(error, 'NotFound')) return { type: 'gone', record };
    throw error;
  }
}

async function numberDeployment(registry: Registry, deployment: StoredDeployment, revision: number): Promise<void> {
  try {
    await registry.mutate<StoredDeployment>(
      deploymentKind,
      keyOf(deployment),
      ({ metadata, ...rest }) => {
        // Another template since then has another number.
        const isSame =
          metadata.uid === deployment.metadata.uid && metadata.generation === deployment.metadata.generation;
        if (!isSame) return undefined;
        const annotations = { ...metadata.annotations, [revisionAnnotation]: String(revision) };
        return { ...rest, metadata: { ...metadata, annotations } };
      },
      { source: eventSource },
    );
  } catch (error) {
    if (!isOrchError(error, 'NotFound')) throw error;
  }
}

async function deleteRecord(registry: Registry, record: StoredReplicaSet): Promise<RevisionOutcome> {
  const { uid, resourceVersion } = record.metadata;
  try {
    const preconditions = { uid, resourceVersion };
    const { object, gone } = await registry.delete<StoredReplicaSet>(replicaSetKind, keyOf(record), { preconditions });
    return gone ? { type: 'gone', record } : { type: 'written', record: object };
  } catch (error) {
    if (isOrchError(error, 'NotFound')) return { type: 'gone', record };
    // Changed since it was looked at: then it is looked at again.
    if (isOrchError(error, 'Conflict')) return { type: 'none' };
    throw error;
  }
}
