/**
 * The worker's face: its Node. Keeps its conditions true, asks to join again when somebody deleted it, and beats. Always
 * holds: while another live session has this name the worker is fenced; what the Node says about readiness is what the
 * engine last said.
 */
import type { Client } from '../client/client.js';
import { createInformer } from '../client/informer.js';
import type { Informer } from '../client/informer.js';
import type { Node, StoredNode } from '../model/node.js';
import { nodeKind } from '../model/node.js';
import type { ContainerRuntime, RuntimeInfo } from '../runtime/container-runtime.js';
import type { Clock, Timer } from '../support/clock.js';
import { toTimestamp } from '../support/clock.js';
import { errorMessage, isOrchError } from '../support/errors.js';
import type { Logger } from '../support/logger.js';
import type { Random } from '../support/random.js';
import { WorkQueue } from '../support/work-queue.js';
import type { NodeCondition, NodeFacts } from './node-status.js';
import { nodeLabels, nodeStatus, nodeStatusPatch, says } from './node-status.js';
import type { Usage } from './status-reporter.js';
import { managerRelistMilliseconds } from './worker-settings.js';
import { own } from '../support/own.js';

export interface NodeAgentOptions {
  facts: NodeFacts;
  client: Client;
  /** Makes the worker a member again, and with that its Node. */
  join: () => Promise<void>;
  runtime: ContainerRuntime;
  clusterUid: string;
  heartbeatMilliseconds: number;
  clock: Clock;
  random: Random;
  logger: Logger;
  onFenced(isFenced: boolean): void;
  /** The Node as the manager has it. */
  onNode(node: StoredNode): void;
  /** A manager of this or of another cluster answered a heartbeat. */
  onAnswer(isThisCluster: boolean): void;
}

const fencedRetryMilliseconds = 2_000;
const awayRetryMilliseconds = 2_000;

/** No condition takes more: the whole report would be refused for what an engine says at length. */
const maxMessageLength = 4096;

export class NodeAgent {
  private readonly queue: WorkQueue;
  private readonly informer: Informer<Node>;
  private readonly conditions = new Map<string, NodeCondition>(
    engineConditions(true).map((condition) => [condition.type, condition]),
  );
  private info: RuntimeInfo | undefined;
  private usage: (Usage & { time: string }) | undefined;
  private timer: Timer | undefined;
  private fenced = false;
  private toldMissingLabels = false;
  private lastAnswerAt: number | undefined;
  private stopped = false;
  private heartbeatMilliseconds: number;

  constructor(private readonly options: NodeAgentOptions) {
    this.heartbeatMilliseconds = options.heartbeatMilliseconds;
    const { client, clock, random, logger, facts } = options;
    this.queue = new WorkQueue({
      clock,
      random: () => random.next(),
      concurrency: 1,
      process: () => this.sync(),
      onError: (_key, error, retryMilliseconds) =>
        logger.warn('node not registered yet', { error: errorMessage(error), retryMilliseconds }),
      backoff: { initialMilliseconds: 200, maxMilliseconds: 8_000, jitterFraction: 0.5 },
    });
    this.informer = createInformer<Node>({
      client,
      kind: nodeKind,
      options: { fieldSelector: `metadata.name=${facts.name}` },
      clock,
      random,
      logger,
      relistMilliseconds: managerRelistMilliseconds,
      acceptList: (sync) => sync.clusterUid === options.clusterUid,
      onEvent: ({ type, object }) => {
        options.onNode(object);
        if (type === 'DELETED' || (this.isAnswered && !this.isTrue(object))) this.queue.add('node');
      },
    });
  }

  start(): void {
    this.queue.add('node');
    this.informer.start();
    this.beatSoon();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.timer?.cancel();
    await this.informer.stop();
    await this.queue.stop();
  }

  get isFenced(): boolean {
    return this.fenced;
  }

  /** Tells whether the engine answers. */
  setEngine(engine: { ready: boolean; message?: string }): void {
    for (const condition of engineConditions(engine.ready, engine.message)) this.set(condition);
  }

  /** Sets a further condition of the Node; told once it differs. */
  setCondition(type: string, status: boolean, reason: string, message: string): void {
    // A condition that never was True is not worth telling.
    if (!status && !this.conditions.has(type)) return;
    this.set({ type, status: status ? 'True' : 'False', reason, message: message.slice(0, maxMessageLength) });
  }

  reportUsage(usage: Usage): void {
    this.usage = { ...usage, time: toTimestamp(this.options.clock.now()) };
    this.queue.add('node');
  }

  private set(condition: NodeCondition): void {
    const old = this.conditions.get(condition.type);
    if (old?.status === condition.status && old.reason === condition.reason && old.message === condition.message)
      return;
    this.conditions.set(condition.type, condition);
    this.queue.add('node');
  }

  private isTrue(node: StoredNode): boolean {
    return [...this.conditions.values()].every((condition) => says(node, condition));
  }

  private get isAnswered(): boolean {
    const { clock } = this.options;
    return this.lastAnswerAt !== undefined && clock.monotonic() - this.lastAnswerAt < 2 * this.heartbeatMilliseconds;
  }

  /** Makes the stored Node say what is true: reads it, writes what differs. */
  private async sync(): Promise<number | undefined> {
    const { client, runtime, facts, clock } = this.options;
    if (this.fenced) return undefined;
    this.info ??= await runtime.info().catch(() => undefined);
    const labels = nodeLabels(facts.name, this.info);
    const wanted = { ...nodeStatus(facts, this.info), ...(this.usage ? { usage: this.usage } : {}) };
    try {
      let node = await this.findNode();
      if (!node) {
        await this.options.join();
        node = await this.findNode();
      }
      if (!node) return awayRetryMilliseconds;
      this.tellMissingLabels(node);
      if (Object.entries(labels).some(([name, value]) => own(node?.metadata.labels, name) !== value)) {
        ({ object: node } = await client.patch<Node>(nodeKind, { name: facts.name }, { metadata: { labels } }));
      }
      const status = nodeStatusPatch(node, wanted, [...this.conditions.values()], toTimestamp(clock.now()));
      if (status) {
        const { uid, resourceVersion } = node.metadata;
        const body = { metadata: { uid, resourceVersion }, status };
        await client.patch<Node>(nodeKind, { name: facts.name }, body, { subresource: 'status' });
      }
      return this.info ? undefined : awayRetryMilliseconds;
    } catch (error) {
      // Somebody was faster, the manager most likely: look again.
      if (isOrchError(error, 'Conflict') || isOrchError(error, 'AlreadyExists')) return 50;
      throw error;
    }
  }

  private async findNode(): Promise<StoredNode | undefined> {
    const { client, facts } = this.options;
    try {
      return await client.get<Node>(nodeKind, { name: facts.name });
    } catch (error) {
      if (isOrchError(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  /** They are not this worker's to set. */
  private tellMissingLabels({ metadata }: StoredNode): void {
    const { facts, logger } = this.options;
    const missing = Object.entries(facts.labels).filter(([name, value]) => own(metadata.labels, name) !== value);
    if (this.toldMissingLabels || missing.length === 0) return;
    this.toldMissingLabels = true;
    logger.warn('the node lacks labels of --labels: an admin or the join token sets them', {
      labels: Object.fromEntries(missing),
    });
  }

  private async beat(): Promise<void> {
    const { client, facts, clock, random, logger } = this.options;
    let delay = this.heartbeatMilliseconds;
    try {
      const response = await client.request({
        method: 'POST',
        path: `/apis/orch.dev/v1/workers/${encodeURIComponent(facts.name)}/heartbeat`,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ sessionId: facts.sessionId }),
        timeoutMilliseconds: this.heartbeatMilliseconds,
      });
      const answer = await response.text();
      const answering = response.headers['x-orch-cluster-uid'];
      if (answering !== undefined) this.options.onAnswer(answering === this.options.clusterUid);
      if (response.status === 409) {
        this.setFenced(true);
        delay = Math.min(delay, fencedRetryMilliseconds);
      } else if (response.status >= 200 && response.status < 300) {
        const wasAway = !this.isAnswered;
        this.lastAnswerAt = clock.monotonic();
        this.heartbeatMilliseconds = delay = this.periodOf(answer);
        this.setFenced(false);
        // While nobody heard it, the manager may have taken it for lost.
        if (wasAway) this.queue.add('node');
      } else if (response.status === 503) {
        // Once, not with every try: a manager that stops says so, and something in between may say it for long.
        if (this.isAnswered) logger.warn('heartbeat refused', { status: response.status });
        this.lastAnswerAt = undefined;
        delay = Math.min(delay, awayRetryMilliseconds);
      } else {
        logger.warn('heartbeat refused', { status: response.status });
        if (response.status === 404) this.queue.add('node');
      }
    } catch (error) {
      logger.debug('heartbeat got no answer', { error: errorMessage(error) });
      delay = Math.min(delay, awayRetryMilliseconds);
    }
    if (this.stopped) return;
    // Spread over +-5 %: many workers that start together do not beat together.
    this.timer = clock.setTimer(() => this.beatSoon(), delay * (0.95 + random.next() * 0.1));
  }

  private beatSoon(): void {
    this.beat().catch((error: unknown) => this.options.logger.error('heartbeats have ended', { error }));
  }

  /** What the manager asks for, never slower than this worker's own setting and never faster than 5 a second. */
  private periodOf(answer: string): number {
    const own = this.options.heartbeatMilliseconds;
    try {
      const { periodSeconds } = JSON.parse(answer) as { periodSeconds?: unknown };
      return typeof periodSeconds === 'number' ? Math.max(200, Math.min(own, periodSeconds * 1000)) : own;
    } catch {
      return own;
    }
  }

  private setFenced(fenced: boolean): void {
    if (fenced === this.fenced) return;
    this.fenced = fenced;
    if (fenced) {
      this.options.logger.error('another live worker has this name: this one acts on nothing until that one is gone', {
        sessionId: this.options.facts.sessionId,
      });
    } else {
      this.options.logger.info('no other worker has this name any more');
      this.queue.add('node');
    }
    this.options.onFenced(fenced);
  }
}

function engineConditions(ready: boolean, message?: string): NodeCondition[] {
  const status = ready ? 'True' : 'False';
  const reason = ready ? 'EngineReady' : 'EngineNotReady';
  const text = (message ?? (ready ? 'the engine answers' : 'the engine does not answer')).slice(0, maxMessageLength);
  return [
    { type: 'EngineReady', status, reason, message: text },
    { type: 'Ready', status, reason: ready ? 'WorkerReady' : reason, message: ready ? 'the worker runs tasks' : text },
  ];
}
