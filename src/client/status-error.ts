import type { JsonObject } from '../model/json.js';
import { isJsonObject } from '../model/json.js';
import type { ErrorCause, ErrorCode, ErrorDetails } from '../support/errors.js';
import { errorCodes, OrchError } from '../support/errors.js';

/**
 * What a refusal of the manager becomes: an OrchError with the code, the message and the details of the Status in the
 * body. A body that is no Status (a proxy's page, say) gives the code that fits `httpStatus`.
 */
export function errorFromAnswer(httpStatus: number, body: string, retryAfter?: string): OrchError {
  const status = parseObject(body);
  const retryAfterSeconds = parseRetryAfter(retryAfter);
  if (status?.['kind'] === 'Status') return errorFromStatus(status, httpStatus, retryAfterSeconds);
  const text = body.replaceAll(/\s+/g, ' ').trim().slice(0, 200);
  return new OrchError(
    codeForHttpStatus(httpStatus),
    `the server answered ${httpStatus}${text === '' ? '' : `: ${text}`} (not an answer of an orch manager: is the address right?)`,
    retryAfterSeconds === undefined ? {} : { retryAfterSeconds },
  );
}

/** The same for a Status that came inside a watch or over a WebSocket. */
export function errorFromStatus(status: JsonObject, httpStatus = 500, retryAfterSeconds?: number): OrchError {
  const code = typeof status['code'] === 'number' ? status['code'] : httpStatus;
  const reason = status['reason'];
  const details = isJsonObject(status['details']) ? status['details'] : {};
  const metadata = isJsonObject(status['metadata']) ? status['metadata'] : {};
  const { continue: continueToken } = metadata;
  return new OrchError(
    typeof reason === 'string' && Object.hasOwn(errorCodes, reason) ? (reason as ErrorCode) : codeForHttpStatus(code),
    typeof status['message'] === 'string' && status['message'] !== ''
      ? status['message']
      : `the manager answered ${code}`,
    {
      ...textMembers(details),
      ...(typeof continueToken === 'string' && continueToken !== '' ? { continueToken } : {}),
      ...(Array.isArray(details['causes']) ? { causes: details['causes'].flatMap(toCause) } : {}),
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    },
  );
}

function textMembers(details: JsonObject): ErrorDetails {
  const members: ErrorDetails = {};
  for (const name of ['name', 'group', 'kind', 'uid'] as const) {
    const value = details[name];
    if (typeof value === 'string') members[name] = value;
  }
  return members;
}

function toCause(cause: unknown): ErrorCause[] {
  if (!isJsonObject(cause)) return [];
  const { reason, message, field } = cause;
  return [
    {
      reason: typeof reason === 'string' ? reason : 'FieldValueInvalid',
      message: typeof message === 'string' ? message : '',
      ...(typeof field === 'string' ? { field } : {}),
    },
  ];
}

function codeForHttpStatus(httpStatus: number): ErrorCode {
  if (httpStatus === 409) return 'Conflict';
  if (httpStatus === 502) return 'ServiceUnavailable';
  const found = Object.entries(errorCodes).find(([, status]) => status === httpStatus);
  return found ? (found[0] as ErrorCode) : httpStatus >= 500 ? 'InternalError' : 'BadRequest';
}

/** Seconds, of the only form that managers send: a whole number. */
export function parseRetryAfter(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : undefined;
}

function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
