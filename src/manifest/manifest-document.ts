import type { ApiObject } from '../model/api-object.js';
import type { Kind } from '../model/kind.js';

/** A valid object and where it stands. A Pod has become its Task, and `locate` finds the Task's fields in the Pod. */
export interface ManifestDocument {
  file: string;
  /** Line, from 1, at which the document starts. */
  line: number;
  object: ApiObject;
  kind: Kind;
  /** What is odd about it, to be told once. */
  warnings?: readonly string[];
  /** Where a value of the object stands (JSON pointer), or its nearest parent that is there. From 1. */
  locate(pointer: string): { line: number; column: number };
}

/** One problem. Line and column count from 1; 0 when it is about the file as a whole. */
export interface ManifestError {
  file: string;
  line: number;
  column: number;
  /** As in Kubernetes: spec.ports[0].hostPort. */
  field?: string;
  message: string;
}

export interface Manifests {
  documents: ManifestDocument[];
  /** At most 20 per file. A document with an error is not among `documents`. */
  errors: ManifestError[];
}

/** `file:line:column: field: message`, the form that editors and terminals make a link of. */
export function formatManifestError({ file, line, column, field, message }: ManifestError): string {
  const place = line > 0 ? `${file}:${line}:${column}` : file;
  return field ? `${place}: ${field}: ${message}` : `${place}: ${message}`;
}
