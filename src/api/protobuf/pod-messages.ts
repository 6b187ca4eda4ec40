import { fieldsOf, type Message } from './message.js';

/** core/v1 PodSpec, as Pods and the templates of Deployments carry it. */
const command: Message = { 1: ['command', 'strings'] };

const httpGet: Message = {
  1: ['path', 'string'],
  2: ['port', 'integerOrString'],
  ...fieldsOf('string', '3 host, 4 scheme'),
  ...fieldsOf('unread', '5 httpHeaders, 6 protocol'),
};

const handler: Message = {
  1: ['exec', { message: command }],
  2: ['httpGet', { message: httpGet }],
  3: ['tcpSocket', { message: { 1: ['port', 'integerOrString'], 2: ['host', 'string'] } }],
};

const probe: Message = {
  1: ['handler', { inline: { ...handler, 4: ['grpc', 'unread'] } }],
  ...fieldsOf(
    'integer',
    '2 initialDelaySeconds, 3 timeoutSeconds, 4 periodSeconds, 5 successThreshold, 6 failureThreshold',
  ),
  7: ['terminationGracePeriodSeconds', 'integer?'],
};

const lifecycleHandler: Message = { ...handler, 4: ['sleep', 'unread'] };

const container: Message = {
  ...fieldsOf('string', '1 name, 2 image, 5 workingDir, 13 terminationMessagePath, 14 imagePullPolicy'),
  ...fieldsOf('string', '20 terminationMessagePolicy, 24 restartPolicy'),
  ...fieldsOf('strings', '3 command, 4 args'),
  6: [
    'ports',
    {
      messages: {
        ...fieldsOf('string', '1 name, 4 protocol, 5 hostIP'),
        ...fieldsOf('integer', '2 hostPort, 3 containerPort'),
      },
    },
  ],
  7: ['env', { messages: { ...fieldsOf('string', '1 name, 2 value'), 3: ['valueFrom', 'unread'] } }],
  8: ['resources', { message: { ...fieldsOf('quantities', '1 limits, 2 requests'), 3: ['claims', 'unread'] } }],
  ...fieldsOf({ message: probe }, '10 livenessProbe, 11 readinessProbe, 22 startupProbe'),
  12: [
    'lifecycle',
    {
      message: {
        ...fieldsOf({ message: lifecycleHandler }, '1 postStart, 2 preStop'),
        3: ['stopSignal', 'string'],
      },
    },
  ],
  ...fieldsOf('boolean', '16 stdin, 17 stdinOnce, 18 tty'),
  23: ['resizePolicy', { messages: fieldsOf('string', '1 resourceName, 2 restartPolicy') }],
  ...fieldsOf('unread', '9 volumeMounts, 15 securityContext, 19 envFrom, 21 volumeDevices, 25 restartPolicyRules'),
};

const toleration: Message = {
  ...fieldsOf('string', '1 key, 2 operator, 3 value, 4 effect'),
  5: ['tolerationSeconds', 'integer?'],
};

export const podSpec: Message = {
  2: ['containers', { messages: container }],
  ...fieldsOf(
    'string',
    '3 restartPolicy, 6 dnsPolicy, 8 serviceAccountName, 9 serviceAccount, 10 nodeName, 16 hostname',
  ),
  ...fieldsOf(
    'string',
    '17 subdomain, 19 schedulerName, 24 priorityClassName, 29 runtimeClassName, 31 preemptionPolicy',
  ),
  ...fieldsOf('integer?', '4 terminationGracePeriodSeconds, 5 activeDeadlineSeconds, 25 priority'),
  ...fieldsOf('boolean', '11 hostNetwork, 12 hostPID, 13 hostIPC'),
  ...fieldsOf(
    'boolean?',
    '21 automountServiceAccountToken, 27 shareProcessNamespace, 30 enableServiceLinks, 37 hostUsers',
  ),
  7: ['nodeSelector', 'stringMap'],
  22: ['tolerations', { messages: toleration }],
  28: ['readinessGates', { messages: { 1: ['conditionType', 'string'] } }],
  36: ['os', { message: { 1: ['name', 'string'] } }],
  ...fieldsOf(
    'unread',
    '1 volumes, 14 securityContext, 15 imagePullSecrets, 18 affinity, 20 initContainers, 23 hostAliases',
  ),
  ...fieldsOf('unread', '26 dnsConfig, 32 overhead, 33 topologySpreadConstraints'),
  ...fieldsOf('unread', '34 ephemeralContainers, 35 setHostnameAsFQDN, 38 schedulingGates, 39 resourceClaims'),
  ...fieldsOf('unread', '40 resources, 41 hostnameOverride'),
};
