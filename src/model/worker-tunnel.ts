import { isJsonObject } from './json.js';

/**
 * The protocol between a worker and its manager for logs, exec, attach and port-forward. A worker listens on no port: it
 * dials out and keeps one WebSocket open (GET /apis/orch.dev/v1/workers/NAME/tunnel, subprotocol below), over which the
 * manager opens streams. Every message is one binary frame: 4 bytes stream id (big endian), 1 byte channel, payload.
 *
 * Each direction of a stream has a window of its own: who sends data (stdin one way, stdout and stderr together the other)
 * may be `streamWindowBytes` ahead of what the other side has said that it took. So one slow stream holds up no other, and
 * no more than a window of it waits anywhere.
 */
export const tunnelProtocol = 'v2.tunnel.orch.dev';

export const streamWindowBytes = 256 * 1024;

export const tunnelChannels = {
  /** Towards the worker: bytes for stdin. An empty payload closes stdin. */
  stdin: 0,
  stdout: 1,
  stderr: 2,
  /** From the worker, once, last: JSON StreamEnd. */
  end: 3,
  /** Towards the worker: JSON {width, height}. */
  resize: 4,
  /** Towards the worker, first: JSON StreamRequest. Stream ids are chosen by the manager and not used again. */
  open: 5,
  /** Towards the worker: the reader is gone, stop. */
  cancel: 6,
  /** Either way: 4 bytes (big endian), so many more bytes of data were taken. */
  credit: 7,
} as const;

export type StreamRequest =
  | {
      type: 'logs';
      taskUid: string;
      follow: boolean;
      tailLines?: number;
      since?: string;
      timestamps: boolean;
      /** The container before the current one. */
      previous: boolean;
    }
  | { type: 'exec'; taskUid: string; command: string[]; stdin: boolean; tty: boolean }
  /** The main process: what it writes from now on, and its input if it has one. */
  | { type: 'attach'; taskUid: string; stdin: boolean }
  /** A TCP connection to a port of the container: stdin goes there, stdout comes from there. */
  | { type: 'portForward'; taskUid: string; port: number };

/** What the manager asks for, or undefined for what no worker serves: a worker does not trust its manager's numbers. Pure. */
export function parseStreamRequest(value: unknown): StreamRequest | undefined {
  if (!isJsonObject(value)) return undefined;
  const { type, taskUid, stdin, tty, command, port, follow, timestamps, previous, tailLines, since } = value;
  if (typeof taskUid !== 'string') return undefined;
  switch (type) {
    case 'logs': {
      const isTail = tailLines === undefined || (Number.isSafeInteger(tailLines) && Number(tailLines) >= 0);
      if (!isTail || !(since === undefined || typeof since === 'string')) return undefined;
      return {
        type,
        taskUid,
        follow: follow === true,
        timestamps: timestamps === true,
        previous: previous === true,
        ...(tailLines === undefined ? {} : { tailLines: Number(tailLines) }),
        ...(since === undefined ? {} : { since }),
      };
    }
    case 'exec':
      if (!Array.isArray(command) || command.length === 0) return undefined;
      if (!command.every((word) => typeof word === 'string')) return undefined;
      return { type, taskUid, command, stdin: stdin === true, tty: tty === true };
    case 'attach':
      return { type, taskUid, stdin: stdin === true };
    case 'portForward':
      return isIn(port, 1, 65_535) ? { type, taskUid, port } : undefined;
    default:
      return undefined;
  }
}

/** The size of a terminal, or undefined for what is none. Pure. */
export function parseResize(value: unknown): { width: number; height: number } | undefined {
  if (!isJsonObject(value)) return undefined;
  const { width, height } = value;
  return isIn(width, 1, 65_535) && isIn(height, 1, 65_535) ? { width, height } : undefined;
}

function isIn(value: unknown, least: number, most: number): value is number {
  return Number.isInteger(value) && Number(value) >= least && Number(value) <= most;
}

/** How a stream ended: an error (no container, engine away), or the exit code of a command, or neither for what has none. */
export interface StreamEnd {
  exitCode?: number;
  error?: { code: string; message: string };
}

export function encodeTunnelFrame(streamId: number, channel: number, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(5 + payload.length);
  new DataView(frame.buffer).setUint32(0, streamId);
  frame[4] = channel;
  frame.set(payload, 5);
  return frame;
}

/** Undefined for a frame that is too short to be one. */
export function decodeTunnelFrame(
  frame: Uint8Array,
): { streamId: number; channel: number; payload: Uint8Array } | undefined {
  if (frame.length < 5) return undefined;
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  return { streamId: view.getUint32(0), channel: view.getUint8(4), payload: frame.subarray(5) };
}
