import { Duplex } from 'node:stream';
import type { Clock, Timer } from '../../../src/support/clock.js';

/** What goes through a wire: bytes, the end of what one side has to say, or the end of the connection. */
export type Parcel = Uint8Array | 'end' | 'reset';

export interface WireEndOptions {
  clock: Clock;
  /** Takes what is written here to the other end, in order. */
  carry: (parcel: Parcel) => void;
}

/**
 * One end of a connection in memory: as much of a socket as HTTP asks for. Writing never waits, as a kernel's buffer takes it;
 * what was written before this end was destroyed still goes its way.
 */
export class WireEnd extends Duplex {
  /** Until `secureConnect`, as with a TLS socket. */
  connecting = false;
  private idleMilliseconds = 0;
  private idleTimer: Timer | undefined;

  constructor(private readonly wire: WireEndOptions) {
    super();
  }

  /** The other end let go of it: what it said arrives here. */
  receive(parcel: Parcel): void {
    if (this.destroyed) return;
    this.awaitMore();
    if (parcel === 'reset') this.fail('ECONNRESET');
    else this.push(parcel === 'end' ? null : parcel);
  }

  /** Ends as a socket does that fails with this code of the system. */
  fail(code: string): void {
    this.destroy(Object.assign(new Error(code), { code }));
  }

  setTimeout(milliseconds: number, onTimeout?: () => void): this {
    this.idleMilliseconds = milliseconds;
    if (onTimeout) this.once('timeout', onTimeout);
    this.awaitMore();
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  override _read(): void {
    // What arrives is pushed at once.
  }

  override _write(bytes: Uint8Array, _encoding: string, done: () => void): void {
    this.awaitMore();
    this.wire.carry(bytes);
    done();
  }

  override _final(done: () => void): void {
    this.wire.carry('end');
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.idleTimer?.cancel();
    if (error !== null || !this.readableEnded || !this.writableFinished) this.wire.carry('reset');
    done(error);
  }

  private awaitMore(): void {
    this.idleTimer?.cancel();
    if (this.idleMilliseconds === 0 || this.destroyed) return;
    this.idleTimer = this.wire.clock.setTimer(() => this.emit('timeout'), this.idleMilliseconds);
  }
}
