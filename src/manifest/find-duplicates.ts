import { apiVersionOf } from '../model/kind.js';
import { defaultNamespace } from '../model/namespace.js';
import type { ManifestDocument, ManifestError } from './manifest-document.js';

/**
 * The documents whose object is named once; an error for each one that names an object again: two manifests of one
 * object would undo each other at every apply.
 */
export function findDuplicates(
  documents: readonly ManifestDocument[],
  namespace = defaultNamespace,
): { unique: ManifestDocument[]; errors: ManifestError[] } {
  const first = new Map<string, ManifestDocument>();
  const repeated = new Set<string>();
  const errors: ManifestError[] = [];
  for (const document of documents) {
    const identity = identityOf(document, namespace);
    const before = first.get(identity);
    if (!before) {
      first.set(identity, document);
      continue;
    }
    repeated.add(identity);
    errors.push({
      file: document.file,
      ...document.locate('/metadata/name'),
      field: 'metadata.name',
      message: `${document.kind.singular} "${document.object.metadata.name}" is already at ${before.file}:${before.line}`,
    });
  }
  return { unique: documents.filter((document) => !repeated.has(identityOf(document, namespace))), errors };
}

function identityOf({ kind, object }: ManifestDocument, namespace: string): string {
  const place = kind.namespaced ? (object.metadata.namespace ?? namespace) : '';
  return [apiVersionOf(kind), kind.kind, place, object.metadata.name].join(' ');
}
