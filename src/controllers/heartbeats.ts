/** What is known of one worker's life. All times are monotonic milliseconds. */
interface Pulse {
  sessionId?: string;
  /** When that session last beat: what it is given besides, a new grace say, is no beat. */
  lastBeat?: number;
  /** When it last gave a sign of life, or began to be waited for. */
  lastSign: number;
  /** Whether a heartbeat came since this manager started. */
  hasBeaten: boolean;
  lostSince?: number;
  /** The phase that the last judgement told. */
  told?: NodePhase['phase'];
}

/** alive: heartbeats come. waiting: none came yet, within the grace. lost: none for longer than the grace. */
export type NodePhase = { phase: 'alive' | 'waiting' } | { phase: 'lost'; since: number };

export interface Judgement {
  /** Nodes whose phase, or what may be done about it, differs from what the last judgement told. */
  changed: string[];
  /** So many are lost that moving must go slowly. */
  disrupted: boolean;
}

const disruptedShare = 0.55;
const disruptedFrom = 3;
const strangerLimit = 10_000;
const strangerMilliseconds = 600_000;

/**
 * In: heartbeats, and the passing of time. Out: which workers are lost. Always holds: judged by monotonic time only, kept
 * in memory only; after a start, after a stall of the manager itself, and after a time in which all looked lost, every
 * worker gets a full new grace.
 */
export class Heartbeats {
  private readonly pulses = new Map<string, Pulse>();
  private lastJudged: number | undefined;
  private allLost = false;

  constructor(private readonly settings: { graceMilliseconds: number; judgeEveryMilliseconds: number }) {}

  /** Begins to wait for a worker's heartbeats, with a full grace. */
  expect(name: string, now: number): void {
    if (!this.pulses.has(name)) this.pulses.set(name, { lastSign: now, hasBeaten: false });
  }

  forget(name: string): void {
    this.pulses.delete(name);
  }

  /**
   * 'conflict' while another session of this name is alive: two machines must not share one name. A session that was
   * silent for longer than the grace may be taken over. `isNews`: the worker was not known to be alive.
   */
  beat(name: string, sessionId: string, now: number): { answer: 'ok' | 'conflict'; isNews: boolean } {
    const pulse = this.pulses.get(name);
    if (pulse === undefined) {
      if (this.pulses.size < strangerLimit) {
        this.pulses.set(name, { sessionId, lastBeat: now, lastSign: now, hasBeaten: true });
      }
      return { answer: 'ok', isNews: true };
    }
    const other = pulse.sessionId !== undefined && pulse.sessionId !== sessionId;
    if (other && now - (pulse.lastBeat ?? -Infinity) <= this.settings.graceMilliseconds)
      return { answer: 'conflict', isNews: false };
    const isNews = !pulse.hasBeaten || pulse.lostSince !== undefined;
    pulse.sessionId = sessionId;
    pulse.lastBeat = now;
    pulse.lastSign = now;
    pulse.hasBeaten = true;
    delete pulse.lostSince;
    return { answer: 'ok', isNews };
  }

  phaseOf(name: string): NodePhase {
    const pulse = this.pulses.get(name);
    if (pulse?.lostSince !== undefined) return { phase: 'lost', since: pulse.lostSince };
    return { phase: pulse?.hasBeaten ? 'alive' : 'waiting' };
  }

  /** Every node looks lost: then it is likelier that the manager is cut off, and nothing may be moved. */
  get everyNodeLost(): boolean {
    return this.allLost;
  }

  /** To be called regularly: decides who is lost. `names` are the nodes that exist. */
  judge(names: readonly string[], now: number): Judgement {
    this.discountStall(now);
    for (const name of names) this.expect(name, now);
    for (const name of names) this.judgeOne(name, now);
    const lost = names.filter((name) => this.phaseOf(name).phase === 'lost');
    const wereAllLost = this.allLost;
    this.allLost = names.length > 0 && lost.length === names.length;
    if (wereAllLost && !this.allLost) this.restart(lost, now);
    if (this.allLost) for (const name of lost) this.postpone(name, now);
    this.dropStrangers(new Set(names), now);
    const stillLost = names.filter((name) => this.phaseOf(name).phase === 'lost').length;
    const news = names.filter((name) => this.isNews(name));
    return {
      changed: wereAllLost === this.allLost ? news : [...names],
      disrupted: names.length >= disruptedFrom && stillLost >= disruptedShare * names.length,
    };
  }

  private isNews(name: string): boolean {
    const pulse = this.pulses.get(name);
    const { phase } = this.phaseOf(name);
    if (pulse === undefined || pulse.told === phase) return false;
    pulse.told = phase;
    return true;
  }

  private judgeOne(name: string, now: number): void {
    const pulse = this.pulses.get(name);
    if (pulse === undefined || pulse.lostSince !== undefined) return;
    if (now - pulse.lastSign > this.settings.graceMilliseconds) pulse.lostSince = now;
  }

  /** Time in which this manager did not run (stopped, blocked) is not time in which a worker was silent. */
  private discountStall(now: number): void {
    const { judgeEveryMilliseconds, graceMilliseconds } = this.settings;
    const gap = this.lastJudged === undefined ? 0 : now - this.lastJudged;
    this.lastJudged = now;
    if (gap <= Math.max(2 * judgeEveryMilliseconds, graceMilliseconds / 2)) return;
    for (const pulse of this.pulses.values()) {
      pulse.lastSign = Math.min(now, pulse.lastSign + gap);
      if (pulse.lastBeat !== undefined) pulse.lastBeat = Math.min(now, pulse.lastBeat + gap);
      if (pulse.lostSince !== undefined) pulse.lostSince = Math.min(now, pulse.lostSince + gap);
    }
  }

  private restart(names: readonly string[], now: number): void {
    for (const name of names) {
      const pulse = this.pulses.get(name);
      if (pulse === undefined) continue;
      delete pulse.lostSince;
      pulse.lastSign = now;
      pulse.hasBeaten = false;
    }
  }

  private postpone(name: string, now: number): void {
    const pulse = this.pulses.get(name);
    if (pulse !== undefined) pulse.lostSince = now;
  }

  private dropStrangers(known: ReadonlySet<string>, now: number): void {
    if (this.pulses.size === known.size) return;
    for (const [name, pulse] of this.pulses) {
      if (!known.has(name) && now - pulse.lastSign > strangerMilliseconds) this.pulses.delete(name);
    }
  }
}
