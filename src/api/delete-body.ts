import { isJsonObject, type JsonObject } from '../model/json.js';
import type { DeleteOptions, PropagationPolicy } from '../registry/registry.js';
import { OrchError } from '../support/errors.js';
import { isDryRun, queryInteger, queryValue, queryValues, type Query } from './query.js';
import { readObject, type RequestBody } from './request-body.js';

/**
 * What a DELETE asks for. kubectl puts DeleteOptions (mostly without kind and apiVersion) into the body, dryRun
 * included; its typed clients send them as protobuf; others use the query. Throws BadRequest for values that would
 * otherwise be ignored, because a deletion cannot be taken back.
 */
export function deleteOptions(body: RequestBody, query: Query): DeleteOptions {
  const options = readOptions(body);
  const grace = options['gracePeriodSeconds'] ?? queryInteger(query, 'gracePeriodSeconds');
  if (grace !== undefined && grace !== null && !isWholeNumber(grace)) {
    throw new OrchError('BadRequest', 'gracePeriodSeconds must be a whole number of at least 0');
  }
  const dryRun = options['dryRun'] ?? [];
  if (!Array.isArray(dryRun)) throw new OrchError('BadRequest', 'dryRun must be a list: ["All"]');
  const preconditions = readPreconditions(options['preconditions']);
  const propagationPolicy = readPolicy(options['propagationPolicy'] ?? queryValue(query, 'propagationPolicy'));
  return {
    ...(preconditions ? { preconditions } : {}),
    ...(typeof grace === 'number' ? { gracePeriodSeconds: grace } : {}),
    ...(propagationPolicy ? { propagationPolicy } : {}),
    dryRun: isDryRun([...dryRun.map(String), ...queryValues(query, 'dryRun')]),
  };
}

function readOptions(body: RequestBody): JsonObject {
  if (body.bytes.length === 0) return {};
  const options = readObject(body);
  if (options['kind'] !== undefined && options['kind'] !== 'DeleteOptions') {
    throw new OrchError('BadRequest', 'the body of a DELETE must be DeleteOptions');
  }
  return options;
}

function readPreconditions(value: unknown): DeleteOptions['preconditions'] {
  if (value === undefined || value === null) return undefined;
  if (!isJsonObject(value)) throw new OrchError('BadRequest', 'preconditions must be an object');
  const { uid, resourceVersion } = value;
  for (const text of [uid, resourceVersion]) {
    if (text !== undefined && text !== null && typeof text !== 'string') {
      throw new OrchError('BadRequest', 'preconditions.uid and preconditions.resourceVersion must be strings');
    }
  }
  return {
    ...(typeof uid === 'string' ? { uid } : {}),
    ...(typeof resourceVersion === 'string' ? { resourceVersion } : {}),
  };
}

const policies: readonly PropagationPolicy[] = ['Background', 'Foreground', 'Orphan'];

function readPolicy(value: unknown): PropagationPolicy | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  const policy = policies.find((known) => known === value);
  if (!policy) throw new OrchError('BadRequest', `propagationPolicy must be ${policies.join(', ')}`);
  return policy;
}

function isWholeNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
