import type { WebSocket } from 'ws';
import {
  decodeTunnelFrame,
  encodeTunnelFrame,
  tunnelChannels,
  tunnelProtocol,
  type StreamEnd,
  type StreamRequest,
} from '../../src/model/worker-tunnel.js';
import type { TestApi } from './api-harness.js';

/** Waits until something is there; woken by every event, so it needs no time. */
export class Inbox<T> {
  readonly items: T[] = [];
  readonly #waiting: (() => void)[] = [];
  add(item: T): void {
    this.items.push(item);
    for (const wake of this.#waiting.splice(0)) wake();
  }
  async find(wanted: (item: T) => boolean): Promise<T> {
    for (;;) {
      const found = this.items.find(wanted);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }
}

interface Frame {
  streamId: number;
  channel: number;
  text: string;
  bytes: Buffer;
}

/** The worker's end of a tunnel, played by the test. */
export interface FakeWorker {
  socket: WebSocket;
  frames: Inbox<Frame>;
  closed: Promise<number>;
  /** The next stream that the manager opens. */
  nextStream(): Promise<{ id: number; request: StreamRequest }>;
  send(id: number, channel: keyof typeof tunnelChannels, payload: string | Uint8Array): void;
  end(id: number, end: StreamEnd): void;
}

/** Dials the manager as worker `a`. */
export async function connectFakeWorker(api: TestApi): Promise<FakeWorker> {
  const socket = api.socket('/apis/orch.dev/v1/workers/a/tunnel', tunnelProtocol, await api.admit('a'));
  const frames = new Inbox<Frame>();
  const opened = new Set<number>();
  const closed = new Promise<number>((resolve) => socket.once('close', resolve));
  socket.on('message', (data: Buffer) => {
    const frame = decodeTunnelFrame(data);
    if (!frame) return;
    const bytes = Buffer.from(frame.payload);
    frames.add({ ...frame, bytes, text: bytes.toString() });
  });
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  const send: FakeWorker['send'] = (id, channel, payload) =>
    socket.send(encodeTunnelFrame(id, tunnelChannels[channel], Buffer.from(payload)));
  return {
    socket,
    frames,
    closed,
    async nextStream() {
      const frame = await frames.find(
        ({ channel, streamId }) => channel === tunnelChannels.open && !opened.has(streamId),
      );
      opened.add(frame.streamId);
      return { id: frame.streamId, request: JSON.parse(frame.text) as StreamRequest };
    },
    send,
    end: (id, end) => send(id, 'end', JSON.stringify(end)),
  };
}
