import { OrchError } from '../support/errors.js';

/** In which shape a client wants objects: as they are, as rows of a table, or their metadata only. */
export type ObjectForm = 'object' | 'table' | 'metadata';

/**
 * The first form in an Accept header that is served (kubectl lists what it likes best first). Protobuf and other types
 * are passed over. Throws NotAcceptable when nothing is left.
 */
export function objectForm(accept: string | undefined): ObjectForm {
  if (accept === undefined || accept.trim() === '') return 'object';
  for (const part of accept.slice(0, 4096).split(',')) {
    const [type = '', ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase());
    if (!['application/json', 'application/*', '*/*'].includes(type)) continue;
    const as = parameters.find((parameter) => parameter.startsWith('as='))?.slice(3);
    if (as === undefined) return 'object';
    if (!parameters.includes('g=meta.k8s.io')) continue;
    if (as === 'table') return 'table';
    if (as === 'partialobjectmetadata' || as === 'partialobjectmetadatalist') return 'metadata';
  }
  throw new OrchError(
    'NotAcceptable',
    'only application/json (as objects, Table or PartialObjectMetadata) is served: ask for it in the Accept header',
  );
}

/** Whether an Accept header asks for aggregated discovery (apidiscovery.k8s.io), and in which version. */
export function aggregatedDiscoveryVersion(accept: string | undefined): 'v2' | 'v2beta1' | undefined {
  for (const part of (accept ?? '').slice(0, 4096).split(',')) {
    const pieces = part.split(';').map((piece) => piece.trim());
    if (!pieces.includes('g=apidiscovery.k8s.io') || !pieces.includes('as=APIGroupDiscoveryList')) continue;
    if (pieces.includes('v=v2')) return 'v2';
    if (pieces.includes('v=v2beta1')) return 'v2beta1';
  }
  return undefined;
}
