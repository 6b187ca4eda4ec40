/**
 * Lets tasks be moved from lost nodes: freely in normal times, one every ten seconds while most nodes are lost, because
 * then the network is a likelier cause than the machines.
 */
export class EvictionGate {
  private nextAllowed = 0;
  disrupted = false;

  constructor(private readonly intervalMilliseconds = 10_000) {}

  /** 0: go ahead (and it counts). Else the milliseconds to wait before asking again. */
  ask(now: number): number {
    if (!this.disrupted) return 0;
    if (now < this.nextAllowed) return this.nextAllowed - now;
    this.nextAllowed = now + this.intervalMilliseconds;
    return 0;
  }
}
