/**
 * The messages that stock clients send in protobuf, with the field numbers of Kubernetes' published generated.proto
 * files. Fields that the server fills in (status, timestamps) are left out: they are passed over.
 */
export type FieldType =
  /** Go writes empty ones for absent ones, so empty is absent; `...?` is a pointer in Go: always meant. */
  | 'string'
  | 'integer?'
  | 'boolean?'
  | 'strings'
  | 'stringMap'
  | 'bytesMap'
  | { message: Message }
  | { messages: Message };

export type Message = Readonly<Record<number, readonly [name: string, type: FieldType]>>;

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
};

const metadata = ['metadata', { message: objectMeta }] as const;

const resourceAttributes: Message = {
  1: ['namespace', 'string'],
  2: ['verb', 'string'],
  3: ['group', 'string'],
  4: ['version', 'string'],
  5: ['resource', 'string'],
  6: ['subresource', 'string'],
  7: ['name', 'string'],
};

const nonResourceAttributes: Message = { 1: ['path', 'string'], 2: ['verb', 'string'] };

const accessReviewSpec: Message = {
  1: ['resourceAttributes', { message: resourceAttributes }],
  2: ['nonResourceAttributes', { message: nonResourceAttributes }],
};

/** By apiVersion and kind, as in the envelope. */
export const protobufMessages: Readonly<Record<string, Message>> = {
  'v1 DeleteOptions': {
    1: ['gracePeriodSeconds', 'integer?'],
    2: ['preconditions', { message: { 1: ['uid', 'string'], 2: ['resourceVersion', 'string'] } }],
    4: ['propagationPolicy', 'string'],
    5: ['dryRun', 'strings'],
  },
  'v1 Namespace': { 1: metadata, 2: ['spec', { message: { 1: ['finalizers', 'strings'] } }] },
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
  'authorization.k8s.io/v1 SelfSubjectAccessReview': { 1: metadata, 2: ['spec', { message: accessReviewSpec }] },
  'authorization.k8s.io/v1 SelfSubjectRulesReview': {
    1: metadata,
    2: ['spec', { message: { 1: ['namespace', 'string'] } }],
  },
  'authentication.k8s.io/v1 SelfSubjectReview': { 1: metadata },
};
