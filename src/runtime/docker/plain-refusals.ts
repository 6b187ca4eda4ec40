import type { IncomingMessage } from 'node:http';

type Callback = (error: unknown, answer: unknown) => void;
type BuildPayload = (
  error: unknown,
  isStream: boolean,
  statusCodes: Readonly<Record<number, unknown>>,
  openStdin: boolean,
  request: unknown,
  response: IncomingMessage,
  json: unknown,
  callback: Callback,
) => void;

const maxRefusalBytes = 64 * 1024;

/**
 * dockerode's modem makes text of whatever an engine refuses with, in a callback of the stream: an object that has no text throws
 * there, where nobody catches. So a refusal reaches it as plain text only, and no more than 64 KiB of one is read.
 */
export function takePlainRefusals(docker: object): void {
  const { modem } = docker as { modem: { buildPayload: BuildPayload } };
  const build = modem.buildPayload.bind(modem);
  modem.buildPayload = (error, isStream, statusCodes, openStdin, request, response, json, callback) => {
    const tell = (refusal: unknown): void =>
      build(null, false, statusCodes, openStdin, request, response, { message: wordsOf(refusal) }, callback);
    if (error || statusCodes[Number(response.statusCode)] === true) {
      return build(error, isStream, statusCodes, openStdin, request, response, json, callback);
    }
    if (!isStream) return tell(json);
    readText(response)
      .then((text) => tell(parse(text)))
      .catch((failure: unknown) => callback(failure, null));
  };
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > maxRefusalBytes) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function wordsOf(refusal: unknown): string {
  if (Buffer.isBuffer(refusal)) return refusal.toString('utf8', 0, maxRefusalBytes);
  return textOf(refusal).slice(0, maxRefusalBytes);
}

function textOf(refusal: unknown): string {
  if (typeof refusal === 'string') return refusal;
  const { message, error } = (refusal ?? {}) as { message?: unknown; error?: unknown };
  const words = [message, error].find((one) => typeof one === 'string' && one !== '');
  return typeof words === 'string' ? words : (JSON.stringify(refusal) ?? '');
}
