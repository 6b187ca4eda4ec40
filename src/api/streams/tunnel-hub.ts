import type { WebSocket } from 'ws';
import type { StreamRequest } from '../../model/worker-tunnel.js';
import type { Clock } from '../../support/clock.js';
import { OrchError } from '../../support/errors.js';
import type { Logger } from '../../support/logger.js';
import { Tunnel, type StreamReader, type TunnelStream } from './tunnel.js';

/** WebSocket close codes of ours (4000 to 4999 are free for applications). */
const replacedCode = 4000;

/**
 * The tunnels that workers keep open to this manager, one for each: through them logs and exec reach containers, though
 * workers listen on no port. The newest tunnel of a worker wins; when one ends, so do its streams, each with an error.
 */
export class TunnelHub {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #tunnels = new Map<string, Tunnel>();

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Takes over a freshly upgraded socket of a worker. */
  attach(nodeName: string, socket: WebSocket): void {
    const old = this.#tunnels.get(nodeName);
    const tunnel = new Tunnel(nodeName, socket, this.#clock, this.#logger);
    this.#tunnels.set(nodeName, tunnel);
    old?.close(replacedCode, 'replaced by a newer tunnel');
    this.#logger.info('worker tunnel opened', { node: nodeName });
    socket.on('error', (error) => this.#logger.warn('worker tunnel failed', { node: nodeName, reason: error.message }));
    socket.once('close', (code) => {
      if (this.#tunnels.get(nodeName) === tunnel) this.#tunnels.delete(nodeName);
      this.#logger.info('worker tunnel closed', { node: nodeName, code });
    });
  }

  /** Throws ServiceUnavailable without a tunnel to that worker, and TooManyRequests when it carries too many streams. */
  open(nodeName: string, request: StreamRequest, reader: StreamReader): TunnelStream {
    return this.#tunnel(nodeName).open(request, reader);
  }

  /** Throws as open() would for want of a tunnel: asked before a client's connection is upgraded. */
  checkConnected(nodeName: string): void {
    this.#tunnel(nodeName);
  }

  close(): void {
    for (const tunnel of this.#tunnels.values()) tunnel.close(1001, 'the manager is stopping');
  }

  #tunnel(nodeName: string): Tunnel {
    const tunnel = this.#tunnels.get(nodeName);
    if (tunnel?.isOpen) return tunnel;
    throw new OrchError(
      'ServiceUnavailable',
      `worker "${nodeName}" is not connected at the moment, so its containers cannot be reached: see "orch get nodes"`,
    );
  }
}
