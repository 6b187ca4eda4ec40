import { formatKey, keyOf } from '../model/api-object.js';
import type { Kind } from '../model/kind.js';
import { kinds } from '../model/kinds.js';
import { defaultNamespace, namespaceKind, type Namespace } from '../model/namespace.js';
import { nodeKind } from '../model/node.js';
import { taskEventKind } from '../model/task-event.js';
import { taskKind, type Task } from '../model/task.js';
import { backoffDelay } from '../support/backoff.js';
import { toTimestamp, type Clock, type Timer } from '../support/clock.js';
import { errorMessage, isOrchError } from '../support/errors.js';
import type { Logger } from '../support/logger.js';
import type { Store, StoreOperation } from '../store/store.js';
import type { CreationGate } from './creation-gate.js';
import { decodeObject, type AnyStored } from './object-codec.js';
import { planNamespaceConditions, type RemainingObject } from './plan-namespace-conditions.js';
import type { Registry } from './registry.js';
import { storeKey, storePrefix } from './store-keys.js';
import type { TaskEventIndex } from './task-event-index.js';

const retryPolicy = { initialMilliseconds: 1_000, maxMilliseconds: 60_000 };
const deletionsAtOnce = 32;
const removalsPerTransaction = 500;

/**
 * Finishes deletions that take more than one write: a namespace takes its contents along, a node sets free the tasks that
 * were being deleted on it. Level-triggered: each job looks at the store as it is, so it may run again at any time, and
 * runs again at start. Failures are logged and tried again.
 */
export class Janitor {
  private readonly jobs = new Map<string, { again: boolean; done: Promise<void> }>();
  private readonly terminating = new Set<string>();
  private readonly timers = new Set<Timer>();
  private closed = false;

  constructor(
    private readonly parts: {
      store: Store;
      clock: Clock;
      logger: Logger;
      gate: CreationGate;
      index: TaskEventIndex;
      registry: () => Registry;
      onNamespaceGone(namespace: AnyStored): void;
    },
  ) {}

  /** Looks for what an earlier process left half done. */
  async resume(): Promise<void> {
    const registry = this.parts.registry();
    for (const { metadata } of (await registry.list(namespaceKind)).items) {
      if (metadata.deletionTimestamp !== undefined) this.terminate(metadata.name);
    }
    const nodes = new Set((await registry.list(nodeKind)).items.map((node) => node.metadata.name));
    for (const { metadata, spec } of (await registry.list<Task>(taskKind)).items) {
      if (metadata.deletionTimestamp === undefined) continue;
      if (spec.nodeName && !nodes.has(spec.nodeName)) this.checkNode(spec.nodeName);
    }
  }

  onWritten(kind: Kind, object: AnyStored, fate: 'created' | 'stored' | 'gone'): void {
    const { name, namespace, deletionTimestamp } = object.metadata;
    if (kind === namespaceKind && fate === 'stored' && deletionTimestamp !== undefined) this.terminate(name);
    if (kind === nodeKind && fate === 'gone') this.checkNode(name);
    if (fate === 'gone' && namespace !== undefined && this.terminating.has(namespace)) this.terminate(namespace);
    // The node may have gone between the moment when the deletion was planned and now.
    const { nodeName } = kind === taskKind ? (object as unknown as Task).spec : {};
    if (fate === 'stored' && deletionTimestamp !== undefined && nodeName) this.checkNode(nodeName);
  }

  /** Lets the jobs under way finish and starts no more. What waits for another try is left to the next start. */
  async close(): Promise<void> {
    while (this.jobs.size > 0) await Promise.all([...this.jobs.values()].map((job) => job.done));
    this.closed = true;
    for (const timer of this.timers) timer.cancel();
    this.timers.clear();
  }

  private terminate(namespace: string): void {
    this.terminating.add(namespace);
    this.start(`namespace ${namespace}`, () => this.emptyNamespace(namespace));
  }

  private checkNode(nodeName: string): void {
    this.start(`node ${nodeName}`, () => this.freeTasksOf(nodeName));
  }

  /** Runs one job of a name at a time; asked for again meanwhile, it runs once more afterwards. */
  private start(name: string, work: () => Promise<void>, failures = 0): void {
    if (this.closed) return;
    const running = this.jobs.get(name);
    if (running) {
      running.again = true;
      return;
    }
    const job = { again: false, done: Promise.resolve() };
    job.done = this.run(name, work, failures).then((nextFailures) => {
      this.jobs.delete(name);
      if (nextFailures > 0) this.startLater(name, work, nextFailures);
      else if (job.again) this.start(name, work);
    });
    this.jobs.set(name, job);
  }

  private async run(name: string, work: () => Promise<void>, failures: number): Promise<number> {
    try {
      await work();
      return 0;
    } catch (error) {
      this.parts.logger.warn('a deletion could not be finished and is tried again', {
        job: name,
        error: errorMessage(error),
      });
      return failures + 1;
    }
  }

  private startLater(name: string, work: () => Promise<void>, failures: number): void {
    if (this.closed) return;
    const timer = this.parts.clock.setTimer(
      () => {
        this.timers.delete(timer);
        this.start(name, work, failures);
      },
      backoffDelay(retryPolicy, failures),
    );
    this.timers.add(timer);
  }

  private async freeTasksOf(nodeName: string): Promise<void> {
    if (await this.parts.store.get(storeKey(nodeKind, { name: nodeName }))) return;
    const registry = this.parts.registry();
    const { items } = await registry.list<Task>(taskKind, { fieldSelector: `spec.nodeName=${nodeName}` });
    const waiting = items.filter(({ metadata }) => metadata.deletionTimestamp !== undefined);
    await this.deleteAll(taskKind, waiting as unknown as AnyStored[]);
  }

  private async emptyNamespace(namespace: string): Promise<void> {
    await this.parts.gate.drained(namespace);
    const registry = this.parts.registry();
    const remaining: RemainingObject[] = [];
    for (const kind of kinds) {
      if (!kind.namespaced || kind === taskEventKind) continue;
      const { items } = await registry.list(kind, { namespace });
      const untouched = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
      const waiting = items.filter(({ metadata }) => metadata.deletionTimestamp !== undefined);
      const left = [...waiting, ...(await this.deleteAll(kind, untouched as AnyStored[]))];
      remaining.push(...left.map(({ metadata }) => ({ resource: `${kind.plural}.${kind.group}`, metadata })));
    }
    if (remaining.length > 0) await this.tellWhatRemains(namespace, remaining);
    else if (namespace !== defaultNamespace) await this.removeNamespace(namespace);
  }

  /** In the status of the namespace, for whoever waits for it to go. */
  private async tellWhatRemains(namespace: string, remaining: readonly RemainingObject[]): Promise<void> {
    const { clock, registry } = this.parts;
    try {
      await registry().mutate<Namespace>(namespaceKind, { name: namespace }, (object) => {
        if (object.metadata.deletionTimestamp === undefined) return undefined;
        const conditions = planNamespaceConditions(object.status?.conditions, remaining, toTimestamp(clock.now()));
        return conditions && { ...object, status: { ...object.status, conditions } };
      });
    } catch (error) {
      if (!isOrchError(error, 'NotFound')) throw error;
    }
  }

  /** Events go last, as the history of what was in the namespace; then the namespace itself. */
  private async removeNamespace(namespace: string): Promise<void> {
    const { store, index } = this.parts;
    const key = storeKey(namespaceKind, { name: namespace });
    const entry = await store.get(key);
    const metadata = entry?.value['metadata'] as AnyStored['metadata'] | undefined;
    if (!entry || !metadata?.deletionTimestamp || (metadata.finalizers ?? []).length > 0) return;
    const { entries } = await store.list(storePrefix(taskEventKind, namespace));
    for (let start = 0; start < entries.length; start += removalsPerTransaction) {
      const batch = entries.slice(start, start + removalsPerTransaction);
      await store.commit(batch.map((event): StoreOperation => ({ type: 'delete', key: event.key, expect: 'any' })));
      for (const event of batch) index.remove(event.key);
    }
    await store.commit([{ type: 'delete', key, expect: entry.revision }]);
    this.terminating.delete(namespace);
    this.parts.onNamespaceGone(decodeObject(entry.value, entry.revision));
  }

  /** Those that are still there afterwards. */
  private async deleteAll(kind: Kind, objects: readonly AnyStored[]): Promise<AnyStored[]> {
    const left: AnyStored[] = [];
    for (let start = 0; start < objects.length; start += deletionsAtOnce) {
      const batch = objects.slice(start, start + deletionsAtOnce);
      const gone = await Promise.all(batch.map((object) => this.deleteOne(kind, object)));
      left.push(...batch.filter((_, index) => gone[index] !== true));
    }
    return left;
  }

  private async deleteOne(kind: Kind, object: AnyStored): Promise<boolean> {
    try {
      const preconditions = { uid: object.metadata.uid };
      return (await this.parts.registry().delete(kind, keyOf(object), { preconditions })).gone;
    } catch (error) {
      // Gone, or another object by now: either way not this one's any more.
      if (isOrchError(error, 'NotFound') || isOrchError(error, 'Conflict')) return true;
      this.parts.logger.warn('an object could not be deleted', { object: formatKey(keyOf(object)) });
      throw error;
    }
  }
}
