import schema from '../../schemas/task.schema.json' with { type: 'json' };
import type { ErrorCause } from '../support/errors.js';
import type { ApiObject, Stored } from './api-object.js';
import type { ResourceList, Task, TaskPort, TaskSpec } from './generated/task.js';
import type { Kind } from './kind.js';
import { validateEnvironment } from './environment.js';
import { parseBytes, parseMillicores, parseQuantity } from './quantities.js';
import { isExtendedResource } from './resources.js';
import { waitsForGates } from './readiness.js';
import { own } from '../support/own.js';
import { tolerationCauses } from './tolerations.js';
import { validateKernelTexts } from './kernel-texts.js';
import { validateVolumes, volumeWarnings } from './volumes.js';

export type { Probe, Task, TaskPort, TaskSpec, TaskStatus, Toleration } from './generated/task.js';
export type StoredTask = Stored<Task>;

/** The reason of the condition Scheduled when a user, not the scheduler, chose the node. Such a task is never moved. */
export const assignedByHand = 'AssignedByHand';

/** Kubernetes' reason of a task whose ConfigMap, Secret, or key of one, is not there. */
export const createContainerConfigError = 'CreateContainerConfigError';

/** Kubernetes' condition of a pod that is to leave its node. Set by an eviction, taken away when it was carried out. */
export const disruptionTarget = 'DisruptionTarget';

/** The engine refuses less (measured: "Minimum memory limit allowed is 6MB"). */
const minimumMemoryBytes = 6 * 2 ** 20;

const asTask = (object: ApiObject): Task => object as Task;

export const taskKind: Kind = {
  group: 'orch.dev',
  version: 'v1',
  kind: 'Task',
  plural: 'tasks',
  singular: 'task',
  shortNames: ['tk'],
  categories: ['all', 'orch'],
  namespaced: true,
  hasStatus: true,
  hasEvents: true,
  initialStatus: { state: 'Pending' },
  schema: schema,
  columns: [
    {
      name: 'STATE',
      type: 'string',
      description: 'Where the task is in its life, or why it is held up.',
      value: (object) => displayState(asTask(object)),
    },
    {
      name: 'RESTARTS',
      type: 'integer',
      description: 'How often its container was started again.',
      value: (object) => asTask(object).status?.restartCount ?? 0,
    },
    {
      name: 'NODE',
      type: 'string',
      description: 'The worker that runs it.',
      value: (object) => asTask(object).spec.nodeName ?? '<none>',
    },
    {
      name: 'IMAGE',
      type: 'string',
      description: 'Its image.',
      wide: true,
      value: (object) => asTask(object).spec.image,
    },
    {
      name: 'PORTS',
      type: 'string',
      description: 'Published ports: host->container.',
      wide: true,
      value: (object) =>
        asTask(object)
          .status?.ports?.map((port) => `${port.hostPort}->${port.containerPort}`)
          .join(',') ?? '<none>',
    },
    {
      name: 'MESSAGE',
      type: 'string',
      description: 'The reason in a sentence.',
      wide: true,
      value: (object) => asTask(object).status?.message ?? '',
    },
  ],
  selectableFields: {
    'spec.nodeName': (object) => asTask(object).spec.nodeName ?? '',
    'status.state': (object) => asTask(object).status?.state ?? 'Pending',
  },
  listKeys: {
    'spec.env': ['name'],
    'spec.ports': ['containerPort', 'protocol'],
    'status.conditions': ['type'],
  },
  warn: (object) => volumeWarnings(asTask(object).spec),
  validate: (object, old) => validateTask(asTask(object), old && asTask(old)),
};

/** What STATE shows: the reason while the task is held up, else the state. */
export function displayState(task: Task): string {
  if (task.metadata.deletionTimestamp) return 'Terminating';
  const { state = 'Pending', reason, lastTermination } = task.status ?? {};
  const heldUp = [
    ...[
      'BackOff',
      'ImagePullFailed',
      'ImagePullBackOff',
      'InvalidImageName',
      'StartError',
      'PortConflict',
      'CreateError',
      'FailedMount',
    ],
    createContainerConfigError,
  ];
  if (state === 'Running') return reason === 'NotReady' || waitsForGates(task) ? 'NotReady' : state;
  const hasJustEnded = state === 'Scheduled' && reason === lastTermination?.reason;
  return reason && (heldUp.includes(reason) || hasJustEnded) ? reason : state;
}

function validateTask(task: Task, old?: Task): ErrorCause[] {
  const { spec } = task;
  return [
    ...validateResources(spec),
    ...validatePorts(spec),
    ...validateEnvironment(spec),
    ...validateVolumes(spec),
    ...validateKernelTexts(spec),
    ...tolerationCauses(spec.tolerations),
    ...probeFields.flatMap((field) => validateProbe(field, spec)),
    ...validateImage(spec.image),
    ...(old?.spec.nodeName && spec.nodeName && old.spec.nodeName !== spec.nodeName
      ? [invalid('spec.nodeName', `may not change from "${old.spec.nodeName}": delete the task or let it be moved`)]
      : []),
  ];
}

function validateResources({ resources }: TaskSpec): ErrorCause[] {
  if (!resources) return [];
  const causes: ErrorCause[] = [];
  const lists: [string, Pick<ResourceList, 'cpu' | 'memory' | 'disk'> | undefined][] = [
    ['spec.resources', resources],
    ['spec.resources.requests', resources.requests],
    ['spec.resources.limits', resources.limits],
  ];
  for (const [path, list] of lists) {
    for (const name of ['cpu', 'memory', 'disk'] as const) {
      const quantity = list?.[name];
      if (quantity === undefined) continue;
      const amount = name === 'cpu' ? parseMillicores(quantity) : parseBytes(quantity);
      const example = name === 'cpu' ? '250m or 0.5' : '64Mi or 1Gi';
      if (amount === undefined) {
        causes.push(invalid(`${path}.${name}`, `"${quantity}" is not a quantity: write it like ${example}`));
      } else if (amount < 0) {
        causes.push(invalid(`${path}.${name}`, `must not be less than 0, not ${quantity}`));
      } else if (amount > Number.MAX_SAFE_INTEGER) {
        causes.push(invalid(`${path}.${name}`, `${quantity} is more than any machine has`));
      } else if (name === 'memory' && path !== 'spec.resources.requests' && amount > 0 && amount < minimumMemoryBytes) {
        causes.push(invalid(`${path}.memory`, `${quantity} is less than 6Mi, the least that the engine accepts`));
      }
    }
  }
  causes.push(...extendedCauses(resources));
  if (causes.length > 0) return causes;
  for (const name of ['cpu', 'memory', 'disk'] as const) {
    const [request, limit] = [resources.requests?.[name], resources.limits?.[name]];
    if (request === undefined || limit === undefined) continue;
    const amount = name === 'cpu' ? parseMillicores : parseBytes;
    // A limit of nothing is none.
    if ((amount(request) ?? 0) > (amount(limit) || Infinity)) {
      causes.push(invalid(`spec.resources.requests.${name}`, `${request} is more than the limit ${limit}`));
    }
  }
  return causes;
}

/** Kubernetes' rules for what a node has whole pieces of: a name with a domain, whole numbers, as many asked for as allowed. */
function extendedCauses({ requests = {}, limits = {} }: NonNullable<TaskSpec['resources']>): ErrorCause[] {
  return Object.entries({ requests, limits }).flatMap(([which, list]) =>
    Object.entries(list).flatMap(([name, quantity]) => {
      if (quantity === undefined || ['cpu', 'memory', 'disk'].includes(name)) return [];
      const field = `spec.resources.${which}.${name}`;
      if (!isExtendedResource(name)) {
        return [
          invalid(
            field,
            `"${name.slice(0, 80)}" is no resource: write cpu, memory, one like example.com/gpu, or hugepages-2Mi`,
          ),
        ];
      }
      const amount = parseQuantity(quantity);
      if (amount === undefined || !Number.isSafeInteger(amount) || amount < 0) {
        return [invalid(field, `must be a whole number, not ${quantity}`)];
      }
      const limit = own(limits, name);
      if (which === 'requests' && (limit === undefined || parseQuantity(limit) !== amount)) {
        return [invalid(field, `must be equal to the limit of ${name}: such resources are not shared`)];
      }
      return [];
    }),
  );
}

function validatePorts(spec: TaskSpec): ErrorCause[] {
  const causes: ErrorCause[] = [];
  const seen = new Map<string, number>();
  const claim = (key: string, index: number, field: string, what: string): void => {
    const first = seen.get(key);
    if (first === undefined) seen.set(key, index);
    else
      causes.push({
        reason: 'FieldValueDuplicate',
        field: `spec.ports[${index}].${field}`,
        message: `${what} is already used by spec.ports[${first}]`,
      });
  };
  for (const [index, port] of (spec.ports ?? []).entries()) {
    const protocol = port.protocol ?? 'TCP';
    if (port.name !== undefined) claim(`name ${port.name}`, index, 'name', `the name "${port.name}"`);
    const { hostPort } = port;
    const taken = spec.hostNetwork || !hostPort ? [] : (spec.ports ?? []).slice(0, index);
    const first = taken.findIndex((other) => other.hostPort === hostPort && sharesHostAddress(other, port));
    if (first >= 0) {
      const message = `host port ${hostPort}/${protocol} is already used by spec.ports[${first}]`;
      causes.push({ reason: 'FieldValueDuplicate', field: `spec.ports[${index}].hostPort`, message });
    }
    if (spec.hostNetwork && port.hostPort !== undefined && port.hostPort !== port.containerPort) {
      causes.push(invalid(`spec.ports[${index}].hostPort`, 'must equal containerPort when hostNetwork is true'));
    }
  }
  return causes;
}

/** Whether one host port would be taken twice: of one protocol, on one address, where none and 0.0.0.0 are all. */
function sharesHostAddress(a: TaskPort, b: TaskPort): boolean {
  const [one, other] = [a.hostIP, b.hostIP].map((address) => (address === '0.0.0.0' ? undefined : address));
  return (a.protocol ?? 'TCP') === (b.protocol ?? 'TCP') && (!one || !other || one === other);
}

const probeFields = ['startupProbe', 'livenessProbe', 'readinessProbe'] as const;

function validateProbe(field: (typeof probeFields)[number], spec: TaskSpec): ErrorCause[] {
  const probe = spec[field];
  if (!probe) return [];
  const kinds = (['httpGet', 'tcpSocket', 'exec'] as const).filter((name) => probe[name] !== undefined);
  if (kinds.length !== 1) {
    return [invalid(`spec.${field}`, `needs exactly one of httpGet, tcpSocket and exec, not ${kinds.length}`)];
  }
  if (field !== 'readinessProbe' && (probe.successThreshold ?? 1) !== 1) {
    return [invalid(`spec.${field}.successThreshold`, 'must be 1: only a readinessProbe may need several successes')];
  }
  const port = probe.httpGet?.port ?? probe.tcpSocket?.port;
  if (typeof port !== 'string' || spec.ports?.some((candidate) => candidate.name === port)) return [];
  return [invalid(`spec.${field}.${kinds[0]}.port`, `no entry of spec.ports is named "${port}"`)];
}

/** The reference grammar of image names, each part linear and bounded. */
function validateImage(image: string): ErrorCause[] {
  const [nameAndTag = '', digest, ...more] = image.split('@');
  const slash = nameAndTag.lastIndexOf('/');
  const colon = nameAndTag.indexOf(':', slash + 1);
  const name = colon < 0 ? nameAndTag : nameAndTag.slice(0, colon);
  const tag = colon < 0 ? undefined : nameAndTag.slice(colon + 1);
  const problem = image.includes('://')
    ? 'must not start with a scheme: write host/name:tag'
    : more.length > 0
      ? 'has more than one "@"'
      : /[A-Z]/.test(name.slice(name.indexOf('/') + 1))
        ? 'has upper-case letters in its name: image names are lower-case'
        : !isImageName(name)
          ? 'is not an image name: write it like busybox:1.36 or registry.example.com/team/app:v1'
          : tag !== undefined && !/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/.test(tag)
            ? `has the tag "${tag}", which is not one`
            : digest !== undefined && !/^sha256:[0-9a-f]{64}$/.test(digest)
              ? 'has a digest that is not sha256: and 64 hexadecimal digits'
              : undefined;
  return problem === undefined ? [] : [invalid('spec.image', `"${image.slice(0, 80)}" ${problem}`)];
}

/** A host with its port may come first; each other part is words of letters and digits with a dot, underscores or dashes between. */
function isImageName(name: string): boolean {
  return name.split('/').every((part, index, { length }) => {
    const isHost = index === 0 && length > 1;
    return isHost && /[.:A-Z]/.test(part)
      ? /^[a-zA-Z0-9]+(?:[.-]+[a-zA-Z0-9]+)*(?::[0-9]+)?$/.test(part) && !part.includes('..')
      : /^[a-z0-9]+(?:(?:[.]|_{1,2}|-+)[a-z0-9]+)*$/.test(part);
  });
}

function invalid(field: string, message: string): ErrorCause {
  return { reason: 'FieldValueInvalid', field, message };
}
