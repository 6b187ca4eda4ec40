/**
 * The one table of error codes: a code is the `reason` of a Kubernetes Status and stands for one HTTP status.
 * Whoever throws names a code; the api turns it into a Status; the CLI prints its message.
 */
export const errorCodes = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  AlreadyExists: 409,
  Conflict: 409,
  Expired: 410,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  Invalid: 422,
  TooManyRequests: 429,
  InternalError: 500,
  ServiceUnavailable: 503,
  Timeout: 504,
  InsufficientStorage: 507,
} as const;

export type ErrorCode = keyof typeof errorCodes;

/** One reason for a refusal. `field` is a path as in Kubernetes: `spec.ports[0].hostPort`. */
export interface ErrorCause {
  reason: string;
  message: string;
  field?: string;
}

export interface ErrorDetails {
  name?: string;
  group?: string;
  /** Plural for NotFound, AlreadyExists and Conflict; the kind for Invalid: as Kubernetes does it. */
  kind?: string;
  uid?: string;
  causes?: ErrorCause[];
  retryAfterSeconds?: number;
  /** Of an expired page: with this one the list goes on, as things are now. In a Status it stands under metadata. */
  continueToken?: string;
}

/** An error that may be shown to a user: its message says what is wrong, where, and what to do. */
export class OrchError extends Error {
  override readonly name = 'OrchError';
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly details: ErrorDetails = {},
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
  get httpStatus(): number {
    return errorCodes[this.code];
  }
}

export function isOrchError(error: unknown, code?: ErrorCode): error is OrchError {
  return error instanceof OrchError && (code === undefined || error.code === code);
}

/** The message of anything that was thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
