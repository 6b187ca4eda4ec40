import { errorFromStatus } from '../client/status-error.js';
import type { JsonValue } from '../model/json.js';
import { isJsonObject } from '../model/json.js';
import { OrchError } from '../support/errors.js';

/** The frames of v5.channel.k8s.io: one byte that says which channel, then the bytes. */
export const execProtocol = 'v5.channel.k8s.io';
export const execChannels = { stdin: 0, stdout: 1, stderr: 2, status: 3, resize: 4, close: 255 } as const;

export function execFrame(channel: number, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(payload.length + 1);
  frame[0] = channel;
  frame.set(payload, 1);
  return frame;
}

/** What the status frame says: an exit code. Throws what kept the command from running. */
export function exitCodeOf(payload: Uint8Array): number {
  const status = parse(payload);
  if (!isJsonObject(status)) throw new OrchError('InternalError', 'the manager told no exit code');
  if (status['status'] === 'Success') return 0;
  const error = errorFromStatus(status);
  const exitCode = error.details.causes?.find(({ reason }) => reason === 'ExitCode')?.message;
  if (exitCode !== undefined && /^\d+$/.test(exitCode)) return Number(exitCode);
  throw error;
}

function parse(payload: Uint8Array): JsonValue | undefined {
  try {
    return JSON.parse(Buffer.from(payload).toString('utf8')) as JsonValue;
  } catch {
    return undefined;
  }
}
