import { createHash } from 'node:crypto';
import type { JsonObject } from '../model/json.js';
import { apiVersionOf, isKubernetesKind, type Kind } from '../model/kind.js';
import { scaleKind } from '../model/scale.js';
import { groupVersions } from './discovery.js';
import { componentName, componentSchemas, groupVersionKind } from './openapi-schema.js';
import { subresourcesOf, verbsOf, type ServedResource } from './served-resource.js';

/**
 * OpenAPI v3 per group and version, derived from schemas/: what `kubectl explain` prints, and what lets `kubectl create`
 * and `apply` leave validation to the server.
 */
export interface OpenApi {
  /** The answer to GET /openapi/v3. */
  index: JsonObject;
  /** The answer to GET /openapi/v3/PATH, as JSON text: `api/v1`, `apis/orch.dev/v1`. */
  documents: ReadonlyMap<string, string>;
}

export function buildOpenApi(resources: readonly ServedResource[], version: string): OpenApi {
  const documents = new Map<string, string>();
  const paths: JsonObject = {};
  for (const { group, version: groupVersion } of groupVersions(resources)) {
    const path = group === '' ? `api/${groupVersion}` : `apis/${group}/${groupVersion}`;
    const mine = resources.filter(
      (resource) => resource.kind.group === group && resource.kind.version === groupVersion && isDescribed(resource),
    );
    if (mine.length === 0) continue;
    const text = JSON.stringify(documentOf(mine, path, version));
    const hash = createHash('sha256').update(text).digest('hex').slice(0, 32).toUpperCase();
    documents.set(path, text);
    paths[path] = { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` };
  }
  return { index: { paths }, documents };
}

/** What only the system writes is described as well, or kubectl would not come as far as to be told so. */
function isDescribed(resource: ServedResource): boolean {
  const { kind } = resource;
  return verbsOf(resource).includes('patch') || kind.writtenBySystem !== undefined || kind.keptAsReported !== undefined;
}

function documentOf(resources: readonly ServedResource[], root: string, version: string): JsonObject {
  return {
    openapi: '3.0.0',
    info: { title: 'orch', version },
    paths: Object.fromEntries(resources.flatMap((resource) => pathsOf(resource, root))),
    components: {
      schemas: componentSchemas([
        ...resources.map(({ kind }) => kind),
        ...(resources.some(({ kind }) => kind.scale) ? [scaleKind] : []),
      ]),
      securitySchemes: { BearerToken: { type: 'http', scheme: 'bearer' } },
    },
    security: [{ BearerToken: [] }],
  };
}

function pathsOf(resource: ServedResource, root: string): [string, JsonObject][] {
  const { kind } = resource;
  const base = kind.namespaced ? `/${root}/namespaces/{namespace}/${kind.plural}` : `/${root}/${kind.plural}`;
  const parameters = kind.namespaced ? [pathParameter('namespace')] : [];
  const named = [...parameters, pathParameter('name')];
  const idOf = (action: Action, subresource = ''): string =>
    `${action}${[kind.group.split('.')[0] || 'core', kind.version, kind.kind, subresource].map(capitalized).join('')}`;
  const pathItem = (
    verbs: readonly string[],
    actions: readonly Action[],
    own: readonly JsonObject[],
    shape = kind,
    subresource = '',
  ): JsonObject =>
    Object.fromEntries(
      actions
        .filter((action) => verbs.includes(verbOf[action]))
        .map((action) => [methodOf(action), operation(shape, action, idOf(action, subresource), own)]),
    );
  // kubectl looks for a patch of every kind before it sends anything, and comes so far as to be told why there is none.
  const verbs = [...verbsOf(resource), 'patch'];
  const subresources = subresourcesOf(resource).filter(({ name }) => name === 'status' || name === 'scale');
  return [
    [base, pathItem(verbs, ['list', 'post'], parameters)],
    [`${base}/{name}`, pathItem(verbs, ['get', 'put', 'patch', 'delete'], named)],
    ...subresources.map(({ name, verbs: offered }): [string, JsonObject] => [
      `${base}/{name}/${name}`,
      pathItem(offered, ['get', 'put', 'patch'], named, name === 'scale' ? scaleKind : kind, name),
    ]),
  ];
}

type Action = 'get' | 'list' | 'post' | 'put' | 'patch' | 'delete';

const verbOf: Readonly<Record<Action, string>> = {
  get: 'get',
  list: 'list',
  post: 'create',
  put: 'update',
  patch: 'patch',
  delete: 'delete',
};

function methodOf(action: Action): string {
  return action === 'list' ? 'get' : action;
}

const patchTypes = ['application/merge-patch+json', 'application/json-patch+json', 'application/apply-patch+yaml'];

function capitalized(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

function operation(kind: Kind, action: Action, id: string, parameters: readonly JsonObject[]): JsonObject {
  const schema = { $ref: `#/components/schemas/${componentName(kind)}` };
  const writes = action === 'post' || action === 'put' || action === 'patch';
  const ownPatchTypes = isKubernetesKind(kind) ? [...patchTypes, 'application/strategic-merge-patch+json'] : patchTypes;
  const bodyTypes = action === 'patch' ? ownPatchTypes : ['application/json'];
  return {
    operationId: id,
    tags: [apiVersionOf(kind)],
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': groupVersionKind(kind),
    parameters: [...parameters, ...(writes ? writeParameters : [])],
    ...(writes
      ? {
          requestBody: {
            required: true,
            content: Object.fromEntries(bodyTypes.map((type) => [type, { schema: action === 'patch' ? {} : schema }])),
          },
        }
      : {}),
    responses: { 200: { description: 'OK', content: { 'application/json': { schema } } } },
  };
}

/** kubectl looks for fieldValidation here before it sends anything. */
const writeParameters: readonly JsonObject[] = ['dryRun', 'fieldManager', 'fieldValidation'].map((name) => ({
  name,
  in: 'query',
  schema: { type: 'string' },
}));

function pathParameter(name: string): JsonObject {
  return { name, in: 'path', required: true, schema: { type: 'string' } };
}
