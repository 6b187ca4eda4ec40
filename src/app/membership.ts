/**
 * A worker's membership: gets it, renews it, and gets it back. In: time, and refusals of the manager; out: the key and the
 * certificate that every request is made with. Always holds: one request for a certificate at a time, and no failure is final.
 */
import type { Clock, Timer } from '../support/clock.js';
import { backoffDelay } from '../support/backoff.js';
import { errorMessage, isOrchError, OrchError } from '../support/errors.js';
import type { Logger } from '../support/logger.js';
import type { Random } from '../support/random.js';
import {
  certificateRequest,
  makeKey,
  validityOf,
  writeWorkerIdentity,
  type WorkerIdentity,
} from './worker-identity.js';

/** What a worker is known by. */
export interface ClientIdentity {
  key: string;
  cert: string;
}

/** How a worker asks for a certificate. */
export interface JoinAttempt {
  csr: string;
  proof: { type: 'member'; identity: ClientIdentity } | { type: 'earlierToken'; token: string } | { type: 'new' };
}

/** Rejects with Unauthorized when the proof does not count, whatever else stands in the way with other codes. */
export type JoinCluster = (attempt: JoinAttempt) => Promise<{ certificate: string; clusterUid: string }>;

export interface MembershipOptions {
  directory: string;
  identity: WorkerIdentity;
  join: JoinCluster;
  clock: Clock;
  random: Random;
  logger: Logger;
}

export type MembershipStep = 'join' | 'joinAnew' | 'renew' | 'wait';

/**
 * What to do about the certificate. `isRefused`: the manager refused it although it is valid, so the Node is gone. Renewal is due
 * at two thirds. Pure.
 */
export function planMembership(
  certificate: { notBefore: number; notAfter: number } | undefined,
  isRefused: boolean,
  now: number,
): { step: MembershipStep; waitMilliseconds: number } {
  if (!certificate || certificate.notAfter <= now) return { step: 'join', waitMilliseconds: 0 };
  if (isRefused) return { step: 'joinAnew', waitMilliseconds: 0 };
  const { notBefore, notAfter } = certificate;
  const due = notBefore + ((notAfter - notBefore) * 2) / 3;
  if (due <= now) return { step: 'renew', waitMilliseconds: 0 };
  return { step: 'wait', waitMilliseconds: Math.min(due - now, lookEveryMilliseconds) };
}

/** The wall clock may be set, and a machine may sleep. */
const lookEveryMilliseconds = 60_000;
const retryPolicy = { initialMilliseconds: 1_000, maxMilliseconds: 60_000, jitterFraction: 0.2 };

export class Membership {
  readonly #options: MembershipOptions;
  #identity: WorkerIdentity;
  #timer: Timer | undefined;
  #working: Promise<void> | undefined;
  #failures = 0;
  #isRefused = false;
  #isStopped = false;

  constructor(options: MembershipOptions) {
    this.#options = options;
    this.#identity = options.identity;
  }

  get identity(): WorkerIdentity {
    return this.#identity;
  }

  /** What requests are made with; undefined while there is no certificate. */
  get client(): ClientIdentity | undefined {
    const { key, certificate } = this.#identity;
    return certificate === undefined ? undefined : { key, cert: certificate };
  }

  /**
   * Rejects when a worker that belongs to no cluster yet is not let in. One that does starts without the manager too, and
   * goes on trying.
   */
  async start(): Promise<void> {
    const isMember = this.#identity.clusterUid !== undefined;
    this.#schedule(isMember ? await this.#lookOnce() : await this.#step());
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    await this.#working;
  }

  /** The manager refused a request (401): looks into it, unless it is waiting to try again anyway. */
  noteRefused(): void {
    if (this.#isStopped || this.#working || this.#failures > 0 || this.#isRefused) return;
    this.#isRefused = true;
    this.#timer?.cancel();
    this.#look();
  }

  #look(): void {
    if (this.#isStopped) return;
    this.#working = this.#lookOnce().then((delay) => {
      this.#working = undefined;
      this.#schedule(delay);
    });
  }

  #schedule(delay: number): void {
    if (!this.#isStopped) this.#timer = this.#options.clock.setTimer(() => this.#look(), delay);
  }

  async #lookOnce(): Promise<number> {
    const { logger, random } = this.#options;
    try {
      const wait = await this.#step();
      this.#failures = 0;
      return wait;
    } catch (error) {
      this.#failures += 1;
      const delay = backoffDelay(retryPolicy, this.#failures, () => random.next());
      logger.error('this worker is no member of the cluster now: it goes on trying, its containers go on running', {
        error: errorMessage(error),
        retryMilliseconds: Math.round(delay),
      });
      return delay;
    }
  }

  /** Resolves with how long nothing needs to be done. */
  async #step(): Promise<number> {
    const { clock } = this.#options;
    const { certificate, token, key, name } = this.#identity;
    const plan = planMembership(
      certificate === undefined ? undefined : validityOf(certificate),
      this.#isRefused,
      clock.now(),
    );
    if (plan.step === 'wait') return plan.waitMilliseconds;
    const member = this.client;
    if (plan.step === 'join' || !member) {
      const proof = token === undefined ? ({ type: 'new' } as const) : ({ type: 'earlierToken', token } as const);
      await this.#join(key, { csr: await certificateRequest(key, name), proof }, token !== undefined);
      return 0;
    }
    try {
      // Also when it was refused: one refusal may have been of a moment that is over.
      await this.#join(key, { csr: await certificateRequest(key, name), proof: { type: 'member', identity: member } });
    } catch (error) {
      if (!isOrchError(error, 'Unauthorized')) throw error;
      await this.#joinAnew(name);
    }
    return 0;
  }

  /** With a new key: whoever has the old one is out. */
  async #joinAnew(name: string): Promise<void> {
    const nextKey = this.#identity.nextKey ?? (await makeKey());
    if (this.#identity.nextKey === undefined) await this.#keep({ ...this.#identity, nextKey });
    await this.#join(nextKey, { csr: await certificateRequest(nextKey, name), proof: { type: 'new' } });
  }

  async #join(key: string, attempt: JoinAttempt, canJoinAnew = false): Promise<void> {
    const { join, logger } = this.#options;
    const { name, instanceId, clusterUid } = this.#identity;
    let answer;
    try {
      answer = await join(attempt);
    } catch (error) {
      if (!canJoinAnew || !isOrchError(error, 'Unauthorized')) throw error;
      answer = await join({ ...attempt, proof: { type: 'new' } });
    }
    if (clusterUid !== undefined && answer.clusterUid !== clusterUid) {
      throw new OrchError(
        'Conflict',
        `the manager is of the cluster ${answer.clusterUid}, this worker of ${clusterUid}: check --manager, or give the worker an empty data folder`,
      );
    }
    await this.#keep({ name, instanceId, clusterUid: answer.clusterUid, key, certificate: answer.certificate });
    this.#isRefused = false;
    logger.info('worker certificate received', {
      notAfter: new Date(validityOf(answer.certificate).notAfter).toISOString(),
    });
  }

  async #keep(identity: WorkerIdentity): Promise<void> {
    await writeWorkerIdentity(this.#options.directory, identity);
    this.#identity = identity;
  }
}
