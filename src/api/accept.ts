import { OrchError } from '../support/errors.js';
import { own } from '../support/own.js';

/** Versions of Table and PartialObjectMetadata, which are alike but for their name. k9s before 0.30 knows the older one only. */
export type MetaApiVersion = 'meta.k8s.io/v1' | 'meta.k8s.io/v1beta1';

/** In which shape a client wants objects: as they are, as rows of a table, or their metadata only. */
export interface ObjectForm {
  as: 'object' | 'table' | 'metadata';
  metaApiVersion: MetaApiVersion;
}

const plain: ObjectForm = { as: 'object', metaApiVersion: 'meta.k8s.io/v1' };
const forms: Readonly<Record<string, ObjectForm['as']>> = {
  table: 'table',
  partialobjectmetadata: 'metadata',
  partialobjectmetadatalist: 'metadata',
};
const metaApiVersions: Readonly<Record<string, MetaApiVersion>> = {
  v1: 'meta.k8s.io/v1',
  v1beta1: 'meta.k8s.io/v1beta1',
};

/**
 * The first form in an Accept header that is served (kubectl lists what it likes best first). Protobuf and other types
 * are passed over. Throws NotAcceptable when nothing is left.
 */
export function objectForm(accept: string | undefined): ObjectForm {
  if (accept === undefined || accept.trim() === '') return plain;
  for (const part of accept.slice(0, 4096).split(',')) {
    const [type = '', ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase());
    if (!['application/json', 'application/*', '*/*'].includes(type)) continue;
    const valueOf = (name: string): string | undefined =>
      parameters.find((parameter) => parameter.startsWith(`${name}=`))?.slice(name.length + 1);
    const wanted = valueOf('as');
    if (wanted === undefined) return plain;
    const as = own(forms, wanted);
    const version = valueOf('v') ?? 'v1';
    const metaApiVersion = own(metaApiVersions, version);
    if (as && metaApiVersion && valueOf('g') === 'meta.k8s.io') return { as, metaApiVersion };
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
