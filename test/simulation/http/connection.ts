import type { Clock } from '../../../src/support/clock.js';
import type { ManagerDoor } from './manager-door.js';
import type { Parcel } from './wire-end.js';
import { WireEnd } from './wire-end.js';

export interface ConnectionOptions {
  clock: Clock;
  /** Where it leads to, when it is opened. */
  door: () => ManagerDoor | undefined;
  /** Resolves when what is sent now is at the other end. */
  passage: () => Promise<void>;
  /** Whether this fault comes about now. */
  loses: (fault: 'dropped' | 'replyLost' | 'duplicated') => boolean;
  /** A client sends a POST. */
  onPost?: (() => void) | undefined;
}

/** A request on its way, or its answer: which faults are to meet it. */
interface Exchange {
  request: Uint8Array;
  losesReply: boolean;
  isTwice: boolean;
}

/**
 * One connection from a client to the manager, opened when it is made. Its faults are those of an exchange: the request is
 * reset before it arrives, the answer after its effect, or the request arrives twice.
 */
export class Connection {
  readonly client: WireEnd;
  /** A watch is on it. */
  isStream = false;
  private server: WireEnd | undefined;
  private readonly toServer: Way;
  private readonly toClient: Way;
  /** Until the answer begins. */
  private asked: Exchange | undefined;

  constructor(private readonly options: ConnectionOptions) {
    const { clock, passage } = options;
    this.toServer = new Way(passage, (parcel) => this.server?.receive(parcel));
    this.toClient = new Way(passage, (parcel) => this.client.receive(parcel));
    this.client = new WireEnd({ clock, carry: (parcel) => this.toServer.send(this.fromClient(parcel)) });
    this.client.connecting = true;
    void this.open();
  }

  /** Breaks it, at both ends. */
  reset(): void {
    this.client.fail('ECONNRESET');
    this.server?.fail('ECONNRESET');
  }

  private async open(): Promise<void> {
    const { clock, passage, door } = this.options;
    // Before that no byte leaves.
    this.toServer.hold();
    await passage();
    const listener = door();
    if (listener !== undefined) {
      this.server = new WireEnd({ clock, carry: (parcel) => this.toClient.send(this.fromServer(parcel)) });
      listener.accept(this.server);
    }
    await passage();
    this.client.connecting = false;
    if (this.server === undefined) return this.client.fail('ECONNREFUSED');
    this.client.emit('secureConnect');
    this.toServer.letGo();
  }

  /** What becomes of what the client sends. */
  private fromClient(parcel: Parcel): Parcel {
    const { loses } = this.options;
    if (typeof parcel === 'string' || this.asked !== undefined) return parcel;
    // As this is HTTP/1.1, the first bytes after an answer begin a request, and here they are all of it.
    const head = Buffer.from(parcel).toString('latin1', 0, 1_000);
    this.isStream = /^GET \S*[?&]watch=true/.test(head);
    if (head.startsWith('POST ')) this.options.onPost?.();
    if (loses('dropped')) {
      this.toClient.send('reset');
      return 'reset';
    }
    this.asked = { request: parcel, losesReply: loses('replyLost'), isTwice: loses('duplicated') && !this.isStream };
    return parcel;
  }

  /** What becomes of what the manager sends. */
  private fromServer(parcel: Parcel): Parcel {
    const { asked } = this;
    this.asked = undefined;
    if (asked?.isTwice) void this.ask(asked.request);
    if (asked === undefined || !asked.losesReply) return parcel;
    this.server?.fail('ECONNRESET');
    return 'reset';
  }

  /** The same request once more: what it is answered, nobody hears. */
  private async ask(request: Uint8Array): Promise<void> {
    const { clock, passage, door } = this.options;
    await passage();
    const ghost = new WireEnd({ clock, carry: () => ghost.destroy() });
    door()?.accept(ghost);
    ghost.receive(request);
  }
}

/** One direction: what is sent arrives in that order, what is sent together together. */
class Way {
  private readonly waiting: Parcel[] = [];
  private isHeld = false;
  private isMoving = false;

  constructor(
    private readonly passage: () => Promise<void>,
    private readonly deliver: (parcel: Parcel) => void,
  ) {}

  send(parcel: Parcel): void {
    this.waiting.push(parcel);
    if (!this.isMoving && !this.isHeld) void this.move();
  }

  hold(): void {
    this.isHeld = true;
  }

  letGo(): void {
    this.isHeld = false;
    if (this.waiting.length > 0) void this.move();
  }

  private async move(): Promise<void> {
    this.isMoving = true;
    while (this.waiting.length > 0) {
      const together = this.waiting.splice(0);
      await this.passage();
      for (const parcel of together) this.deliver(parcel);
    }
    this.isMoving = false;
  }
}
