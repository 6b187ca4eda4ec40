import { findServedResource } from './served-resources.js';

/**
 * Kubernetes once watched under a path of its own, `/api/v1/watch/...`, and its API servers still do: some client libraries
 * (Ruby's) know no other way.
 */
const watchPath =
  /^\/(?:api|apis\/([^/?]+))\/([^/?]+)\/watch\/(namespaces\/[^/?]+\/)?([^/?]+)(?:\/([^/?]+))?\/?(?:\?(.*))?$/;

/**
 * The path and query of the list whose watch this old path asks for; undefined for any other. `.../watch/namespaces/NS/pods`
 * becomes `.../namespaces/NS/pods?watch=true`, and a name at the end becomes a field selector. Pure.
 */
export function listPathOfWatch(url: string): string | undefined {
  const parts = watchPath.exec(url);
  if (!parts) return undefined;
  const [, group = '', version = '', namespace = '', plural = '', name, query = ''] = parts;
  if (!findServedResource(group, version, plural)) return undefined;
  const root = group === '' ? 'api' : `apis/${group}`;
  const parameters = new URLSearchParams(query);
  parameters.set('watch', 'true');
  if (name !== undefined) {
    const decoded = decodedOrNothing(name);
    if (decoded === undefined) return undefined;
    const given = parameters.get('fieldSelector');
    const own = `metadata.name=${decoded}`;
    parameters.set('fieldSelector', given ? `${given},${own}` : own);
  }
  return `/${root}/${version}/${namespace}${plural}?${parameters.toString()}`;
}

function decodedOrNothing(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
