/**
 * Who begins a TLS handshake. In: connections as they are accepted, and later who came over them; out: handshakes, as many as the
 * budget allows. Who has to wait, waits before TLS, which costs a twentieth of it; who finds no place there is cut at once.
 * Nothing is known of a caller before the handshake but the address, so on an address that a flood comes from those who are known
 * wait with it, as briefly as the draw has it; what they have open already is not touched.
 */
import type { Server, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Clock, Timer } from '../../support/clock.js';
import { guarded } from '../../support/guarded.js';
import type { Logger } from '../../support/logger.js';
import type { Random } from '../../support/random.js';
import { RefusalLog } from '../access/refusal-log.js';
import type { Identity } from '../identity.js';
import { addressKey } from './address-key.js';
import { HandshakeBudget, type HandshakeLimits, type HandshakeTicket } from './handshake-budget.js';
import { WaitingRoom, type WaitingRoomLimits } from './waiting-room.js';

/** Shorter than kubectl waits for a handshake (10 s). */
const waitingLimits: WaitingRoomLimits = { perKey: 1_000, total: 4_000, milliseconds: 8_000 };
const lookEveryMilliseconds = 50;

export interface HandshakeGateOptions {
  clock: Clock;
  random: Random;
  logger: Logger;
  limits: HandshakeLimits;
}

export class HandshakeGate {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #budget: HandshakeBudget;
  readonly #room: WaitingRoom<Socket>;
  readonly #refusals: RefusalLog;
  readonly #beginTls: (socket: Socket) => void;
  readonly #maxUnfinished: number;
  readonly #unfinished = new Set<Socket>();
  /** By both ends of the connection: the TLS socket does not say which one it is made of. */
  readonly #paid = new Map<string, { ticket: HandshakeTicket; socket: Socket }>();
  readonly #tickets = new WeakMap<Socket, HandshakeTicket>();
  #timer: Timer | undefined;

  /** Stands before what the server does with a connection. */
  constructor(server: Server, { clock, random, logger, limits }: HandshakeGateOptions) {
    this.#clock = clock;
    this.#logger = logger;
    this.#maxUnfinished = limits.unfinished;
    this.#budget = new HandshakeBudget(limits, clock);
    this.#room = new WaitingRoom(waitingLimits, clock, random);
    this.#refusals = new RefusalLog(logger, clock);
    const handlers = server.listeners('connection') as ((socket: Socket) => void)[];
    server.removeAllListeners('connection');
    this.#beginTls = (socket) => handlers.forEach((handle) => handle.call(server, socket));
    const failed = (error: unknown): void => this.#logger.error('connection failed', { error });
    server.on(
      'connection',
      guarded(failed, (socket: Socket) => this.#enter(socket)),
    );
    server.on(
      'secureConnection',
      guarded(failed, (socket: TLSSocket) => this.#finish(socket)),
    );
  }

  /** Somebody came over this connection who is known: its handshake is not counted. */
  know(socket: Socket, identity: Identity): void {
    const ticket = this.#tickets.get(socket);
    // A join token may be known to many.
    if (!ticket || identity.role === 'join') return;
    this.#tickets.delete(socket);
    this.#budget.giveBack(ticket, identity.role === 'node' ? identity.nodeName : undefined);
    this.#callWaiting();
  }

  /** Cuts whoever waits. */
  close(): void {
    this.#timer?.cancel();
    for (const { guest } of this.#room.call(() => true)) guest.destroy();
  }

  #enter(socket: Socket): void {
    if (socket.destroyed) return;
    socket.on('error', () => undefined);
    const key = addressKey(socket.remoteAddress ?? '');
    const ticket = this.#room.isWaitedFor(key) ? undefined : this.#budget.take(key);
    if (ticket) return this.#begin(socket, ticket);
    if (!this.#room.enter(key, socket)) {
      this.#refusals.tell('connection cut before TLS: too many of its address are not known', { address: key });
      socket.resetAndDestroy();
      return;
    }
    socket.once('close', () => this.#room.leave(socket));
    this.#look();
  }

  #begin(socket: Socket, ticket: HandshakeTicket): void {
    const [oldest] = this.#unfinished;
    if (oldest && this.#unfinished.size >= this.#maxUnfinished) {
      this.#unfinished.delete(oldest);
      oldest.destroy();
    }
    const ends = endsOf(socket);
    this.#unfinished.add(socket);
    this.#paid.set(ends, { ticket, socket });
    socket.once('close', () => {
      this.#unfinished.delete(socket);
      if (this.#paid.get(ends)?.socket === socket) this.#paid.delete(ends);
    });
    this.#beginTls(socket);
  }

  #finish(socket: TLSSocket): void {
    const paid = this.#paid.get(endsOf(socket));
    if (!paid) return;
    this.#unfinished.delete(paid.socket);
    this.#tickets.set(socket, paid.ticket);
  }

  /** Time brings new tickets. */
  #look(): void {
    if (this.#timer || this.#room.size === 0) return;
    const look = (): void => {
      this.#timer = undefined;
      for (const late of this.#room.giveUp()) {
        this.#refusals.tell('connection cut before TLS: it waited too long', {
          address: addressKey(late.remoteAddress ?? ''),
        });
        late.resetAndDestroy();
      }
      this.#callWaiting();
      this.#look();
    };
    this.#timer = this.#clock.setTimer(look, lookEveryMilliseconds);
  }

  #callWaiting(): void {
    for (const { guest, ticket } of this.#room.call((key) => this.#budget.take(key))) this.#begin(guest, ticket);
  }
}

function endsOf({ localAddress, localPort, remoteAddress, remotePort }: Socket): string {
  return `${localAddress} ${localPort} ${remoteAddress} ${remotePort}`;
}
