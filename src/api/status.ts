import { errorCodes, isOrchError, OrchError, type ErrorCode, type ErrorDetails } from '../support/errors.js';

/** Kubernetes' answer to a request that has no object to show: how every error, and a finished deletion, looks. */
export interface Status {
  kind: 'Status';
  apiVersion: 'v1';
  metadata: { continue?: string };
  status: 'Success' | 'Failure';
  message?: string;
  reason?: string;
  /** Always there: some clients crash without it. */
  details: ErrorDetails;
  code: number;
}

export function failureStatus(error: OrchError): Status {
  const { continueToken, ...details } = error.details;
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: continueToken === undefined ? {} : { continue: continueToken },
    status: 'Failure',
    message: error.message,
    reason: error.code,
    details,
    code: error.httpStatus,
  };
}

export function successStatus(code: number, details: ErrorDetails, message?: string): Status {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    ...(message === undefined ? {} : { message }),
    details,
    code,
  };
}

/** What may be shown of anything that was thrown. `unexpected` means: a fault of ours, to be logged in full. */
export function toOrchError(error: unknown): { error: OrchError; unexpected: boolean } {
  if (isOrchError(error)) return { error, unexpected: error.code === 'InternalError' };
  const known = fromHttpLibrary(error);
  if (known) return { error: known, unexpected: false };
  return {
    error: new OrchError('InternalError', 'the server failed to answer this request; its log says why'),
    unexpected: true,
  };
}

/** Express and its body reader throw errors with an HTTP status: bad escapes in a path, bodies that are too large. */
function fromHttpLibrary(error: unknown): OrchError | undefined {
  if (!(error instanceof Error)) return undefined;
  const { status, type } = error as Error & { status?: unknown; type?: unknown };
  if (type === 'entity.too.large') {
    return new OrchError('RequestEntityTooLarge', 'the request body is larger than 2 MiB, the most that is accepted');
  }
  if (type === 'encoding.unsupported') {
    return new OrchError(
      'UnsupportedMediaType',
      'compressed request bodies are not accepted: send it without Content-Encoding',
    );
  }
  if (typeof status !== 'number' || status < 400 || status >= 500) return undefined;
  const code = (Object.keys(errorCodes) as ErrorCode[]).find((candidate) => errorCodes[candidate] === status);
  return new OrchError(code ?? 'BadRequest', 'the request is malformed: its path or body cannot be read');
}
