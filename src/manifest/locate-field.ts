import { formatPointer, parseFieldPath } from './field-path.js';
import type { ManifestDocument } from './manifest-document.js';

/** Where a field that somebody else complained about (spec.ports[0].hostPort) stands in the manifest. */
export function locateField(document: ManifestDocument, field: string): { line: number; column: number } {
  return document.locate(formatPointer(parseFieldPath(field)));
}
