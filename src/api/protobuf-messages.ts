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
  | { messages: Message }
  /** Not read: refused when there is something in it. */
  | 'unread';

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

const labelSelector: Message = {
  1: ['matchLabels', 'stringMap'],
  2: ['matchExpressions', { messages: { 1: ['key', 'string'], 2: ['operator', 'string'], 3: ['values', 'strings'] } }],
};

/** What kubectl create deployment says of a container. */
const container: Message = {
  1: ['name', 'string'],
  2: ['image', 'string'],
  3: ['command', 'strings'],
  4: ['args', 'strings'],
  5: ['workingDir', 'string'],
  6: ['ports', { messages: { 1: ['name', 'string'], 3: ['containerPort', 'integer?'], 4: ['protocol', 'string'] } }],
  7: ['env', { messages: { 1: ['name', 'string'], 2: ['value', 'string'], 3: ['valueFrom', 'unread'] } }],
  14: ['imagePullPolicy', 'string'],
  ...unread(
    '8 resources, 9 volumeMounts, 10 livenessProbe, 11 readinessProbe, 12 lifecycle, 13 terminationMessagePath, ' +
      '15 securityContext, 16 stdin, 17 stdinOnce, 18 tty, 19 envFrom, 20 terminationMessagePolicy, 21 volumeDevices, ' +
      '22 startupProbe, 23 resizePolicy, 24 restartPolicy',
  ),
};

const podSpec: Message = {
  2: ['containers', { messages: container }],
  3: ['restartPolicy', 'string'],
  4: ['terminationGracePeriodSeconds', 'integer?'],
  7: ['nodeSelector', 'stringMap'],
  10: ['nodeName', 'string'],
  19: ['schedulerName', 'string'],
  ...unread(
    '1 volumes, 5 activeDeadlineSeconds, 6 dnsPolicy, 8 serviceAccountName, 9 serviceAccount, 11 hostNetwork, 12 hostPID, ' +
      '13 hostIPC, 14 securityContext, 15 imagePullSecrets, 16 hostname, 17 subdomain, 18 affinity, 20 initContainers, ' +
      '21 automountServiceAccountToken, 22 tolerations, 23 hostAliases, 24 priorityClassName, 25 priority, 26 dnsConfig, ' +
      '27 shareProcessNamespace, 28 readinessGates, 29 runtimeClassName, 30 enableServiceLinks, 31 preemptionPolicy, ' +
      '32 overhead, 33 topologySpreadConstraints, 34 ephemeralContainers, 35 setHostnameAsFQDN, 36 os, 37 hostUsers, ' +
      '38 schedulingGates, 39 resourceClaims, 40 resources',
  ),
};

const deploymentSpec: Message = {
  1: ['replicas', 'integer?'],
  2: ['selector', { message: labelSelector }],
  3: ['template', { message: { 1: metadata, 2: ['spec', { message: podSpec }] } }],
  ...unread('4 strategy, 5 minReadySeconds, 6 revisionHistoryLimit, 7 paused, 9 progressDeadlineSeconds'),
};

function unread(list: string): Message {
  const fields = list.split(', ').map((field) => field.split(' '));
  return Object.fromEntries(fields.map(([number = '', name = '']) => [number, [name, 'unread'] as const]));
}

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
  'apps/v1 Deployment': { 1: metadata, 2: ['spec', { message: deploymentSpec }] },
  'authorization.k8s.io/v1 SelfSubjectAccessReview': { 1: metadata, 2: ['spec', { message: accessReviewSpec }] },
  'authorization.k8s.io/v1 SelfSubjectRulesReview': {
    1: metadata,
    2: ['spec', { message: { 1: ['namespace', 'string'] } }],
  },
  'authentication.k8s.io/v1 SelfSubjectReview': { 1: metadata },
};
