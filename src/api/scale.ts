import { validateSchema } from '../manifest/validate-schema.js';
import type { ApiObject, Stored } from '../model/api-object.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../model/json.js';
import type { ScalePaths } from '../model/kind.js';
import { scaleKind, type Scale } from '../model/scale.js';
import { applyJsonPatch } from '../registry/json-patch.js';
import { applyMergePatch } from '../registry/merge-patch.js';
import { invalid } from '../registry/registry-errors.js';
import { OrchError } from '../support/errors.js';
import { bodyOf, identityOf, keyOfPath, type ApiContext, type Handler } from './api-context.js';
import { addWarnings, sendObject } from './object-response.js';
import { retryOnConflict } from './optimistic-retry.js';
import { readPatch } from './patch-body.js';
import { getVisible } from './read-handlers.js';
import { readObject } from './request-body.js';
import { servedAsStored, type ServedResource } from './served-resource.js';
import { checkName, namesVersion, optionsOf, placeObject } from './write-handlers.js';
import { own } from '../support/own.js';

/**
 * The subresource `scale` of every kind that names its scale paths: GET, PUT and PATCH of an autoscaling/v1 Scale. What is
 * written is the number at the kind's own path, and nothing else of the object.
 */
const scaleResource = servedAsStored(scaleKind);

export function getScale(context: ApiContext, resource: ServedResource, paths: ScalePaths): Handler {
  return async (request, response) => {
    const object = await getVisible(context, resource, identityOf(response), keyOfPath(request));
    sendObject(context, request, response, scaleResource, scaleOf(object, paths));
  };
}

export function replaceScale(context: ApiContext, resource: ServedResource, paths: ScalePaths): Handler {
  return writeScale(context, resource, paths, (request) => {
    const key = keyOfPath(request);
    const sent = placeObject(scaleKind, readObject(bodyOf(request)), key.namespace);
    checkName(sent, key);
    return { isConditional: namesVersion(sent), change: () => sent };
  });
}

export function patchScale(context: ApiContext, resource: ServedResource, paths: ScalePaths): Handler {
  return writeScale(context, resource, paths, (request) => {
    const patch = readPatch(bodyOf(request), scaleKind);
    switch (patch.type) {
      case 'apply':
        throw new OrchError('UnsupportedMediaType', 'a Scale takes no apply patch: send a merge patch or a JSON patch');
      case 'json':
        return {
          isConditional: false,
          change: (scale) => applyJsonPatch(scaleKind, scale.metadata.name ?? '', asJson(scale), patch.operations),
        };
      // A Scale has no lists, so a strategic patch is a merge patch.
      case 'strategic':
      case 'merge':
        return {
          isConditional: namesVersion(patch.body),
          change: (scale) => applyMergePatch(asJson(scale), patch.body),
        };
    }
  });
}

type ReadChange = (request: Parameters<Handler>[0]) => {
  /** The client named the version that it means, so a Conflict is its own to resolve. */
  isConditional: boolean;
  change: (scale: Scale) => JsonObject;
};

function writeScale(context: ApiContext, resource: ServedResource, paths: ScalePaths, read: ReadChange): Handler {
  return async (request, response) => {
    const identity = identityOf(response);
    const key = keyOfPath(request);
    const { isConditional, change } = read(request);
    const { object, warnings } = await retryOnConflict(isConditional, async () => {
      const current = await getVisible(context, resource, identity, key);
      const wanted = change(scaleOf(current, paths) as Scale);
      const metadata = isJsonObject(wanted['metadata']) ? wanted['metadata'] : {};
      const body = {
        ...atPath(paths.specReplicas, replicasOf(key.name, wanted)),
        metadata: {
          resourceVersion: metadata['resourceVersion'] ?? current.metadata.resourceVersion,
          ...(metadata['uid'] === undefined ? {} : { uid: metadata['uid'] }),
        },
      };
      return context.registry.patch(resource.stored, key, { type: 'merge', body }, optionsOf(request, identity));
    });
    addWarnings(response, warnings);
    sendObject(context, request, response, scaleResource, scaleOf(object, paths));
  };
}

/** The Scale that an object is seen as. Pure. */
export function scaleOf(object: Stored, paths: ScalePaths): Stored {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const scale: Scale = {
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: { name, ...(namespace === undefined ? {} : { namespace }), uid, resourceVersion, creationTimestamp },
    spec: { replicas: numberAt(object, paths.specReplicas) },
    status: { replicas: numberAt(object, paths.statusReplicas), selector: paths.selector(object) },
  };
  return scale as Stored<Scale>;
}

/** Throws Invalid for a Scale of the wrong shape. The status is the system's, so it is not looked at. */
function replicasOf(name: string, { status: _status, ...scale }: JsonObject): number {
  const causes = validateSchema(scaleKind, scale);
  if (causes.length > 0) throw invalid(scaleKind, name, causes);
  return (scale as unknown as Scale).spec?.replicas ?? 0;
}

function numberAt(object: ApiObject, path: string): number {
  const value = path
    .split('.')
    .reduce<JsonValue | undefined>((part, name) => (isJsonObject(part) ? own(part, name) : undefined), asJson(object));
  return typeof value === 'number' ? value : 0;
}

function atPath(path: string, value: JsonValue): JsonObject {
  return path.split('.').reduceRight<JsonValue>((inner, name) => ({ [name]: inner }), value) as JsonObject;
}

function asJson(object: ApiObject): JsonObject {
  return object as unknown as JsonObject;
}
