import { fieldsOf, type Message } from './message.js';
import { podSpec } from './pod-messages.js';

/**
 * The messages that stock clients send in protobuf: kubectl's typed commands, and typed clients in Go that were told to (all
 * that controller-runtime makes).
 */
const ownerReference: Message = {
  1: ['kind', 'string'],
  3: ['name', 'string'],
  4: ['uid', 'string'],
  5: ['apiVersion', 'string'],
  6: ['controller', 'boolean?'],
  7: ['blockOwnerDeletion', 'boolean?'],
};

const objectMeta: Message = {
  1: ['name', 'string'],
  2: ['generateName', 'string'],
  3: ['namespace', 'string'],
  5: ['uid', 'string'],
  6: ['resourceVersion', 'string'],
  11: ['labels', 'stringMap'],
  12: ['annotations', 'stringMap'],
  13: ['ownerReferences', { messages: ownerReference }],
  14: ['finalizers', 'strings'],
  ...fieldsOf('ignored', '4 selfLink, 7 generation, 8 creationTimestamp, 9 deletionTimestamp'),
  ...fieldsOf('ignored', '10 deletionGracePeriodSeconds, 15 clusterName, 17 managedFields'),
};

const metadata = ['metadata', { message: objectMeta }] as const;
/** Whoever writes the object itself does not write its status. */
const status = ['status', 'ignored'] as const;

const resourceAttributes: Message = {
  1: ['namespace', 'string'],
  2: ['verb', 'string'],
  3: ['group', 'string'],
  4: ['version', 'string'],
  5: ['resource', 'string'],
  6: ['subresource', 'string'],
  7: ['name', 'string'],
  ...fieldsOf('unread', '8 fieldSelector, 9 labelSelector'),
};

const nonResourceAttributes: Message = { 1: ['path', 'string'], 2: ['verb', 'string'] };

const accessReviewSpec: Message = {
  1: ['resourceAttributes', { message: resourceAttributes }],
  2: ['nonResourceAttributes', { message: nonResourceAttributes }],
};

const subjectReviewSpec: Message = {
  ...accessReviewSpec,
  3: ['user', 'string'],
  4: ['groups', 'strings'],
  ...fieldsOf('unread', '5 extra, 6 uid'),
};

const leaseSpec: Message = {
  ...fieldsOf('string', '1 holderIdentity, 6 strategy, 7 preferredHolder'),
  ...fieldsOf('integer?', '2 leaseDurationSeconds, 5 leaseTransitions'),
  ...fieldsOf('microTime', '3 acquireTime, 4 renewTime'),
};

const objectReference: Message = fieldsOf(
  'string',
  '1 kind, 2 namespace, 3 name, 4 uid, 5 apiVersion, 6 resourceVersion, 7 fieldPath',
);

const eventSource: Message = fieldsOf('string', '1 component, 2 host');

const eventSeries: Message = { 1: ['count', 'integer'], 2: ['lastObservedTime', 'microTime'] };

const labelSelector: Message = {
  1: ['matchLabels', 'stringMap'],
  2: ['matchExpressions', { messages: { 1: ['key', 'string'], 2: ['operator', 'string'], 3: ['values', 'strings'] } }],
};

const rollingUpdate: Message = fieldsOf('integerOrString', '1 maxUnavailable, 2 maxSurge');

const deploymentSpec: Message = {
  1: ['replicas', 'integer?'],
  2: ['selector', { message: labelSelector }],
  3: ['template', { message: { 1: metadata, 2: ['spec', { message: podSpec }] } }],
  4: ['strategy', { message: { 1: ['type', 'string'], 2: ['rollingUpdate', { message: rollingUpdate }] } }],
  5: ['minReadySeconds', 'integer'],
  7: ['paused', 'boolean'],
  ...fieldsOf('integer?', '6 revisionHistoryLimit, 9 progressDeadlineSeconds'),
};

const replicaSetSpec: Message = {
  1: ['replicas', 'integer?'],
  2: ['selector', { message: labelSelector }],
  3: ['template', { message: { 1: metadata, 2: ['spec', { message: podSpec }] } }],
  4: ['minReadySeconds', 'integer'],
};

const taint: Message = { ...fieldsOf('string', '1 key, 2 value, 3 effect'), 4: ['timeAdded', 'time'] };

const nodeSpec: Message = {
  4: ['unschedulable', 'boolean'],
  5: ['taints', { messages: taint }],
  ...fieldsOf('unread', '1 podCIDR, 2 externalID, 3 providerID, 6 configSource, 7 podCIDRs'),
};

const deleteOptions: Message = {
  1: ['gracePeriodSeconds', 'integer?'],
  2: ['preconditions', { message: { 1: ['uid', 'string'], 2: ['resourceVersion', 'string'] } }],
  4: ['propagationPolicy', 'string'],
  5: ['dryRun', 'strings'],
  ...fieldsOf('unread', '3 orphanDependents, 6 ignoreStoreReadErrorWithClusterBreakingPotential'),
};

/** By apiVersion and kind, as in the envelope. */
export const protobufMessages: Readonly<Record<string, Message>> = {
  'v1 DeleteOptions': deleteOptions,
  'v1 Namespace': { 1: metadata, 2: ['spec', { message: { 1: ['finalizers', 'strings'] } }], 3: status },
  'v1 ConfigMap': {
    1: metadata,
    2: ['data', 'stringMap'],
    3: ['binaryData', 'bytesMap'],
    4: ['immutable', 'boolean?'],
  },
  'v1 Secret': {
    1: metadata,
    2: ['data', 'bytesMap'],
    3: ['type', 'string'],
    4: ['stringData', 'stringMap'],
    5: ['immutable', 'boolean?'],
  },
  'v1 Pod': { 1: metadata, 2: ['spec', { message: podSpec }], 3: status },
  'v1 Node': { 1: metadata, 2: ['spec', { message: nodeSpec }], 3: status },
  'apps/v1 Deployment': { 1: metadata, 2: ['spec', { message: deploymentSpec }], 3: status },
  'apps/v1 ReplicaSet': { 1: metadata, 2: ['spec', { message: replicaSetSpec }], 3: status },
  'v1 ReplicationController': {
    1: metadata,
    2: ['spec', { message: { ...replicaSetSpec, 2: ['selector', 'stringMap'] } }],
    3: status,
  },
  'autoscaling/v1 Scale': { 1: metadata, 2: ['spec', { message: { 1: ['replicas', 'integer?'] } }], 3: status },
  'policy/v1 Eviction': { 1: metadata, 2: ['deleteOptions', { message: deleteOptions }] },
  'authorization.k8s.io/v1 SelfSubjectAccessReview': {
    1: metadata,
    2: ['spec', { message: accessReviewSpec }],
    3: status,
  },
  'authorization.k8s.io/v1 SelfSubjectRulesReview': {
    1: metadata,
    2: ['spec', { message: { 1: ['namespace', 'string'] } }],
    3: status,
  },
  'authentication.k8s.io/v1 SelfSubjectReview': { 1: metadata, 2: status },
  'authorization.k8s.io/v1 SubjectAccessReview': {
    1: metadata,
    2: ['spec', { message: subjectReviewSpec }],
    3: status,
  },
  'authorization.k8s.io/v1 LocalSubjectAccessReview': {
    1: metadata,
    2: ['spec', { message: subjectReviewSpec }],
    3: status,
  },
  'coordination.k8s.io/v1 Lease': { 1: metadata, 2: ['spec', { message: leaseSpec }] },
  'v1 PodTemplate': { 1: metadata, 2: ['template', { message: { 1: metadata, 2: ['spec', { message: podSpec }] } }] },
  'v1 Event': {
    1: metadata,
    ...{ 2: ['involvedObject', { message: objectReference }], 13: ['related', { message: objectReference }] },
    ...fieldsOf('string', '3 reason, 4 message, 9 type, 12 action, 14 reportingComponent, 15 reportingInstance'),
    5: ['source', { message: eventSource }],
    ...fieldsOf('time', '6 firstTimestamp, 7 lastTimestamp'),
    8: ['count', 'integer'],
    10: ['eventTime', 'microTime'],
    11: ['series', { message: eventSeries }],
  },
  'events.k8s.io/v1 Event': {
    1: metadata,
    2: ['eventTime', 'microTime'],
    3: ['series', { message: eventSeries }],
    ...fieldsOf('string', '4 reportingController, 5 reportingInstance, 6 action, 7 reason, 10 note, 11 type'),
    ...{ 8: ['regarding', { message: objectReference }], 9: ['related', { message: objectReference }] },
    12: ['deprecatedSource', { message: eventSource }],
    ...fieldsOf('time', '13 deprecatedFirstTimestamp, 14 deprecatedLastTimestamp'),
    15: ['deprecatedCount', 'integer'],
  },
};
