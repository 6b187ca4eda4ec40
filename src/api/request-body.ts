import { maxYamlRequestBytes, requestLimits, type DuplicateFields } from '../manifest/limits.js';
import { parseJson } from '../manifest/parse-json.js';
import { parseValue } from '../manifest/parse-manifests.js';
import { decodeProtobuf, isProtobuf } from './protobuf/decode-protobuf.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../model/json.js';
import { sleep, type Clock } from '../support/clock.js';
import { OrchError } from '../support/errors.js';

/** A request body as it arrived: bytes and what the client says they are. */
export interface RequestBody {
  bytes: Buffer;
  /** Lower-case, without parameters; '' when the client names none (kubectl create --raw). */
  contentType: string;
}

/** The most that any request may carry: more than an object may be, as escapes take room. */
export const maxBodyBytes = requestLimits.maxBytes;

/** Most bodies are far shorter; reading this much takes about a millisecond. */
const longBytes = 16 * 2 ** 10;

export const protobufType = 'application/vnd.kubernetes.protobuf';
const jsonTypes = ['', 'application/json', 'text/json'];
const yamlTypes = ['application/yaml', 'application/x-yaml', 'text/yaml', 'application/apply-patch+yaml'];

export function mediaType(contentType: string | undefined): string {
  return (contentType ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}

/**
 * The object in the body of a create, replace or apply: JSON, YAML, or protobuf as kubectl's typed commands send it.
 * Fields that are there twice go into `duplicates`; without it they are refused. Throws UnsupportedMediaType for other types and BadRequest when it cannot be read or is not an object.
 */
export function readObject(body: RequestBody, duplicates?: DuplicateFields): JsonObject {
  const { contentType } = body;
  if (contentType === protobufType || isProtobuf(body.bytes)) return decodeProtobuf(body.bytes);
  if (!jsonTypes.includes(contentType) && !yamlTypes.includes(contentType)) {
    throw new OrchError(
      'UnsupportedMediaType',
      `the Content-Type "${contentType.slice(0, 80)}" is not accepted here: send application/json or application/yaml`,
    );
  }
  const text = decodeUtf8(body.bytes);
  const value =
    yamlTypes.includes(contentType) && !text.trimStart().startsWith('{')
      ? readYaml(text, duplicates)
      : parseJson(text, requestLimits, duplicates);
  if (!isJsonObject(value)) throw new OrchError('BadRequest', 'the request body must be one object');
  return value;
}

/** Throws UnsupportedMediaType for protobuf, of which no status is read: it would be taken away instead of replaced. */
export function checkStatusIsReadable({ bytes, contentType }: RequestBody): void {
  if (contentType !== protobufType && !isProtobuf(bytes)) return;
  throw new OrchError('UnsupportedMediaType', 'a status is not taken as protobuf: send it as JSON');
}

/**
 * Gives the main loop back after a long body was read, for what is waiting; what is done with the body then takes as long
 * again.
 */
export async function takeTurn(clock: Clock, body: RequestBody): Promise<void> {
  if (body.bytes.length > longBytes) await sleep(clock, 0);
}

/** Any JSON value, for patches. */
export function readJson(body: RequestBody, duplicates?: DuplicateFields): JsonValue {
  return parseJson(decodeUtf8(body.bytes), requestLimits, duplicates);
}

function readYaml(text: string, duplicates?: DuplicateFields): JsonValue {
  if (text.length > maxYamlRequestBytes) {
    const message = `YAML of more than ${maxYamlRequestBytes >> 10} KiB is not read here: send the object as JSON, as kubectl and orch do`;
    throw new OrchError('RequestEntityTooLarge', message);
  }
  // Starting a document costs more than all that could be in so few bytes.
  if ((text.match(/^---/gm)?.length ?? 0) > requestLimits.maxDocuments) {
    throw new OrchError('BadRequest', 'the request body must hold one object, not many documents');
  }
  return parseValue(text, 'request body', requestLimits, duplicates);
}

function decodeUtf8(bytes: Buffer): string {
  if (bytes.length === 0) throw new OrchError('BadRequest', 'the request body is empty: it must hold one object');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new OrchError('BadRequest', 'the request body is not UTF-8 text');
  }
}
