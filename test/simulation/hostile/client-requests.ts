import type { JsonObject } from '../../../src/model/json.js';
import { isJsonObject } from '../../../src/model/json.js';
import type { SeededRandom } from '../seeded-random.js';
import { anything, oneWrong } from './anything.js';
import type { HostileRequest } from './worker-requests.js';

/** What is its own: it may do with that what it likes. */
export const clientPrefix = 'mallorys-';

const fields: readonly string[] = [
  ...[
    'metadata',
    'spec',
    'data',
    'stringData',
    'labels',
    'annotations',
    'finalizers',
    'ownerReferences',
    'uid',
    'name',
  ],
  ...[
    'resourceVersion',
    'managedFields',
    'generation',
    'deletionTimestamp',
    'image',
    'command',
    'env',
    'value',
    'ports',
  ],
  ...['resources', 'cpu', 'memory', 'template', 'selector', 'replicas', 'strategy', 'containers', 'restartPolicy'],
];
const patchTypes = ['merge-patch+json', 'strategic-merge-patch+json', 'json-patch+json', 'apply-patch+yaml'] as const;

interface Collection {
  path: string;
  make: (name: string, random: SeededRandom) => JsonObject;
}

const env = (random: SeededRandom): JsonObject[] => [{ name: 'VERSION', value: String(random.between(1, 9)) }];
const podSpec = (random: SeededRandom): JsonObject => ({
  terminationGracePeriodSeconds: 1,
  containers: [{ name: 'main', image: 'busybox', command: ['sleep', 'infinity'], env: env(random) }],
});

const collections: readonly Collection[] = [
  {
    path: '/apis/orch.dev/v1/namespaces/default/tasks',
    make: (name, random) => ({
      apiVersion: 'orch.dev/v1',
      kind: 'Task',
      metadata: { name, labels: { app: name } },
      spec: { image: 'busybox', command: ['sleep', 'infinity'], terminationGracePeriodSeconds: 1, env: env(random) },
    }),
  },
  {
    path: '/api/v1/namespaces/default/pods',
    make: (name, random) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: podSpec(random) }),
  },
  {
    path: '/apis/apps/v1/namespaces/default/deployments',
    make: (name, random) => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name },
      spec: {
        replicas: random.between(0, 2),
        selector: { matchLabels: { app: name } },
        template: { metadata: { labels: { app: name } }, spec: podSpec(random) },
      },
    }),
  },
  {
    path: '/api/v1/namespaces/default/configmaps',
    make: (name, random) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name },
      data: { a: `${random.next()}` },
    }),
  },
  {
    path: '/api/v1/namespaces/default/secrets',
    make: (name) => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name }, data: { a: 'eA==' } }),
  },
];

/** What somebody asks for who may write: mostly an object as it should be, with one thing wrong. Never one that is not its own. */
export function clientRequest(random: SeededRandom, uids: readonly string[]): HostileRequest {
  const { path, make } = random.pick(collections);
  const name = `${clientPrefix}${random.between(1, 3)}`;
  const item = `${path}/${name}`;
  const body = JSON.stringify(ownOnly(oneWrong(random, made(random, make(name, random), uids), fields), name));
  switch (random.between(0, 9)) {
    case 0:
    case 1:
    case 2:
      return { method: 'POST', path, contentType: 'application/json', body };
    case 3:
      return { method: 'PUT', path: item, contentType: 'application/json', body };
    case 4:
    case 5:
    case 6: {
      const query = random.chance(0.6) ? '?fieldManager=mallory&force=true' : '';
      return { method: 'PATCH', path: `${item}${query}`, contentType: `application/${random.pick(patchTypes)}`, body };
    }
    case 7:
      return { method: 'DELETE', path: item, contentType: 'application/json', body: deletion(random) };
    default:
      return { method: 'GET', path: `${path}?${query(random)}` };
  }
}

/** Everything that it may have left behind: what lets it go, and its deletion. */
export function clientCleanup(): HostileRequest[] {
  return collections.flatMap(({ path }) =>
    [1, 2, 3].flatMap((number): HostileRequest[] => {
      const item = `${path}/${clientPrefix}${number}`;
      const body = JSON.stringify({ metadata: { finalizers: null } });
      return [
        { method: 'PATCH', path: item, contentType: 'application/merge-patch+json', body },
        { method: 'DELETE', path: item },
      ];
    }),
  );
}

function made(random: SeededRandom, object: JsonObject, uids: readonly string[]): JsonObject {
  const metadata: JsonObject = { ...(object['metadata'] as JsonObject) };
  if (random.chance(0.2)) metadata['resourceVersion'] = random.pick(['1', '0', '-1', '9007199254740993', 'x']);
  if (random.chance(0.1)) metadata['uid'] = random.pick([...uids, 'nobody']);
  if (random.chance(0.15)) metadata['finalizers'] = ['example.com/stays'];
  if (random.chance(0.1)) {
    const uid = random.pick([...uids, 'nobody']);
    metadata['ownerReferences'] = [{ apiVersion: 'orch.dev/v1', kind: 'Task', name: 't1', uid }];
  }
  return { ...object, metadata };
}

/** Whatever went wrong with it: it names nobody else's object, is not put on a node by hand, and does not take long to stop. */
function ownOnly(object: JsonObject, name: string): JsonObject {
  const { metadata, spec } = object;
  if (isJsonObject(metadata)) {
    metadata['name'] = name;
    delete metadata['namespace'];
    delete metadata['generateName'];
  }
  if (isJsonObject(spec)) {
    delete spec['nodeName'];
    if ('image' in spec || 'containers' in spec) spec['terminationGracePeriodSeconds'] = 1;
  }
  return object;
}

function deletion(random: SeededRandom): string {
  const options = {
    gracePeriodSeconds: random.pick([1, 30, -1, 2 ** 53]),
    propagationPolicy: random.pick(['Background', 'Foreground', 'Orphan', 'Anyhow']),
    preconditions: { uid: random.chance(0.5) ? 'nobody' : anything(random, fields) },
  };
  return JSON.stringify(random.chance(0.4) ? {} : options);
}

function query(random: SeededRandom): string {
  return random.pick([
    'limit=1',
    `limit=1&continue=${random.pick(['x', 'eyJ2IjoxfQ', '%7B%7D', 'bnVsbA'])}`,
    'labelSelector=app%20in%20(',
    'labelSelector=app%3Eb,!c',
    'fieldSelector=metadata.name%3Dx,status.phase!%3Dy',
    'resourceVersion=9007199254740993&resourceVersionMatch=Exact',
    'limit=-1&limit=2',
    'watch=maybe',
  ]);
}
