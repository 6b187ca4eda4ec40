import type { ManifestDocument } from '../manifest/manifest-document.js';
import { formatManifestError } from '../manifest/manifest-document.js';
import { readManifests } from '../manifest/read-manifests.js';
import { OrchError } from '../support/errors.js';
import type { Cli, CommonOptions } from './cli.js';
import { count } from './count.js';
import type { InputObject, ManifestFlags } from './manifest-flags.js';
import { label } from './resource-arguments.js';

/**
 * Reads all manifests, checked as far as that is possible without a manager. Rejects when any of them is wrong, after
 * every error was printed with its place: then nothing has been done.
 */
export async function readInput(
  cli: Cli,
  flags: ManifestFlags & CommonOptions,
  namespace: string,
): Promise<InputObject[]> {
  const paths = flags.filename ?? [];
  const { documents, errors } = await readManifests(paths, {
    recursive: flags.recursive === true,
    stdin: cli.environment.stdin as AsyncIterable<Uint8Array>,
    namespace,
  });
  for (const error of errors) cli.note(formatManifestError(error));
  for (const { file, line, warnings = [] } of documents) {
    for (const warning of warnings) cli.warn(`${file}:${line}: ${warning}`);
  }
  if (errors.length > 0) {
    throw new OrchError('Invalid', `${count(errors.length, 'error')} in the manifests: nothing was changed`);
  }
  const input = documents.map((document) => place(document, flags.namespace, namespace));
  // Namespaces first: others may live in them.
  return [...input].sort((a, b) => Number(b.kind.kind === 'Namespace') - Number(a.kind.kind === 'Namespace'));
}

function place(document: ManifestDocument, demanded: string | undefined, fallback: string): InputObject {
  const { kind, object } = document;
  const at = `${document.file}:${document.line}`;
  const name = object.metadata.name;
  if (name === undefined) {
    throw new OrchError('Invalid', `${at}: metadata.name is missing: what is applied needs a name`);
  }
  if (!kind.namespaced) return { kind, key: { name }, object, place: at };
  const own = object.metadata.namespace;
  if (demanded !== undefined && own !== undefined && own !== demanded) {
    throw new OrchError('Invalid', `${at}: ${label(kind, name)} is in the namespace ${own}, and -n says ${demanded}`);
  }
  const namespace = own ?? fallback;
  return {
    kind,
    key: { namespace, name },
    object: { ...object, metadata: { ...object.metadata, namespace } },
    place: at,
  };
}
