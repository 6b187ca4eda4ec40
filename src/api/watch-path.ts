/**
 * Kubernetes once watched under a path of its own, `/api/v1/watch/...`, and its API servers still do: some client libraries
 * (Ruby's) know no other way.
 */
const watchPath = /^\/(api|apis\/[^/?]+)\/([^/?]+)\/watch\/(namespaces\/[^/?]+\/)?([^/?]+)(?:\/([^/?]+))?(?:\?(.*))?$/;

/**
 * The path and query of the list whose watch this old path asks for; undefined for any other. `.../watch/namespaces/NS/pods`
 * becomes `.../namespaces/NS/pods?watch=true`, and a name at the end becomes a field selector. Pure.
 */
export function listPathOfWatch(url: string): string | undefined {
  const parts = watchPath.exec(url);
  if (!parts) return undefined;
  const [, root, version, namespace = '', plural, name, query = ''] = parts;
  const parameters = new URLSearchParams(query);
  parameters.set('watch', 'true');
  if (name !== undefined) {
    const given = parameters.get('fieldSelector');
    const own = `metadata.name=${safelyDecoded(name)}`;
    parameters.set('fieldSelector', given ? `${given},${own}` : own);
  }
  return `/${root}/${version}/${namespace}${plural}?${parameters.toString()}`;
}

/** What cannot be decoded is no name either: the selector is refused. */
function safelyDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
