import { createHash } from 'node:crypto';
import type { JsonObject } from '../model/json.js';
import { apiVersionOf, isKubernetesKind, type Kind } from '../model/kind.js';
import { scaleKind } from '../model/scale.js';
import { groupVersions } from './discovery.js';
import { componentName, componentSchemas, groupVersionKind } from './openapi-schema.js';
import { verbsOf, type ServedResource } from './served-resource.js';

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
  return verbsOf(resource).includes('patch') || resource.kind.writtenBySystem !== undefined;
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
  const item = (subresource?: string, shape = kind): JsonObject => ({
    get: operation(shape, 'get', idOf('get', subresource), named),
    put: operation(shape, 'put', idOf('put', subresource), named),
    patch: operation(shape, 'patch', idOf('patch', subresource), named),
    ...(subresource === undefined ? { delete: operation(kind, 'delete', idOf('delete'), named) } : {}),
  });
  return [
    [
      base,
      {
        get: operation(kind, 'list', idOf('list'), parameters),
        post: operation(kind, 'post', idOf('post'), parameters),
      },
    ],
    [`${base}/{name}`, item()],
    ...(kind.hasStatus && !resource.convert ? [[`${base}/{name}/status`, item('status')] as [string, JsonObject]] : []),
    ...(kind.scale ? [[`${base}/{name}/scale`, item('scale', scaleKind)] as [string, JsonObject]] : []),
  ];
}

type Action = 'get' | 'list' | 'post' | 'put' | 'patch' | 'delete';

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
