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
};
