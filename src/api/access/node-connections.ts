import type { KeyObject } from 'node:crypto';
import { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Clock } from '../../support/clock.js';
import { readNodeCertificate, type NodeClaim } from './node-certificate.js';

/**
 * The open connections of workers. In: sockets that requests came over; out: what their certificate claims, and the end of
 * all connections of a worker that is put out. Always holds: a connection ends with the membership or the certificate that
 * it was opened under, whatever (watch, tunnel, log) it carries.
 */
export class NodeConnections {
  readonly #authorityKey: KeyObject;
  readonly #clock: Clock;
  readonly #claims = new WeakMap<Socket, { claim: NodeClaim | undefined }>();
  readonly #held = new Map<string, Set<Socket>>();

  constructor(authorityPem: string, clock: Clock) {
    this.#authorityKey = new X509Certificate(authorityPem).publicKey;
    this.#clock = clock;
  }

  /** What the client's certificate says, while it is valid. */
  claimOf(socket: Socket): NodeClaim | undefined {
    let known = this.#claims.get(socket);
    if (!known) {
      const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
      known = { claim: certificate && readNodeCertificate(certificate, this.#authorityKey) };
      this.#claims.set(socket, known);
    }
    const { claim } = known;
    return claim && claim.notAfter > this.#clock.now() ? claim : undefined;
  }

  /** A worker was let in over this connection; it is cut at `notAfter`. */
  hold(socket: Socket, nodeUid: string, notAfter: number): void {
    const held = this.#held.get(nodeUid) ?? new Set();
    if (held.has(socket) || socket.destroyed) return;
    this.#held.set(nodeUid, held.add(socket));
    const timer = this.#clock.setTimer(() => socket.destroy(), Math.max(0, notAfter - this.#clock.now()));
    socket.once('close', () => {
      timer.cancel();
      held.delete(socket);
      if (held.size === 0 && this.#held.get(nodeUid) === held) this.#held.delete(nodeUid);
    });
  }

  /** Ends whatever the worker of that Node has open. */
  cut(nodeUid: string): void {
    for (const socket of this.#held.get(nodeUid) ?? []) socket.destroy();
  }
}
