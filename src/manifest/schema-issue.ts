import type { ErrorCause } from '../support/errors.js';

/** One thing that the schema of a kind does not allow, in a sentence. */
export interface SchemaIssue extends ErrorCause {
  /** As in Kubernetes: spec.ports[0].hostPort. '' is the whole object. */
  field: string;
  /** RFC 6901, of the value (or of the unknown or missing member). */
  pointer: string;
  /** The only kind of issue that fieldValidation Warn and Ignore let pass. */
  unknownField: boolean;
}

/** What the text says where a value stands: 1.10 for a number that JavaScript prints as 1.1. */
export type RawTextOf = (pointer: string) => string | undefined;
