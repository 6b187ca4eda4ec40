/**
 * The user of one task, and the judge of what the manager remembers: it writes without end, notes what was acknowledged, and
 * holds every later reading against that. A write whose answer was lost may have happened or not; nothing else is left open.
 */
import type { Client } from '../../src/client/client.js';
import type { StoredTask, Task } from '../../src/model/task.js';
import { taskKind } from '../../src/model/task.js';
import type { ErrorCode } from '../../src/support/errors.js';
import { errorMessage, isOrchError } from '../../src/support/errors.js';
import type { SeededRandom } from '../simulation/seeded-random.js';

/** What one write asked for. */
interface Wish {
  desiredState: 'Running' | 'Completed';
  version: string;
}

interface Known {
  uid: string;
  /** The number of the newest write that it certainly has. */
  write: number;
  revision: number;
  deletion?: 'asked' | 'acknowledged';
}

export interface Counts {
  acknowledged: number;
  unknown: number;
  refused: number;
  readings: number;
}

const writeAnnotation = 'crashes.test/write';
/** Nothing was done: the manager said so. */
const refusals: readonly ErrorCode[] = ['Conflict', 'AlreadyExists', 'NotFound', 'TooManyRequests'];

export class TaskWriter {
  readonly counts: Counts = { acknowledged: 0, unknown: 0, refused: 0, readings: 0 };
  readonly violations: string[] = [];
  private readonly wishes = new Map<number, Wish>();
  private readonly key: { namespace: string; name: string };
  private known: Known | undefined;
  private unknownWrites: number[] = [];
  private writes = 0;

  constructor(
    readonly name: string,
    private readonly client: Client,
    private readonly random: SeededRandom,
  ) {
    this.key = { namespace: 'default', name };
  }

  /** What must become true when nothing is written any more; undefined: no task of this name. */
  get expected(): (Wish & { uid: string }) | undefined {
    const wish = this.known && this.wishes.get(this.known.write);
    return this.known && wish && this.known.deletion !== 'acknowledged' ? { uid: this.known.uid, ...wish } : undefined;
  }

  /** Reads, judges and writes once. Resolves also when nobody answers. */
  async step(): Promise<void> {
    const task = await this.read();
    if (task === 'unanswered') return;
    if (!task) return this.create();
    if (task.metadata.deletionTimestamp) return;
    const dice = this.random.next();
    if (dice < 0.2) return this.delete(task.metadata.uid);
    const current = this.wishes.get(this.known?.write ?? 0) ?? { desiredState: 'Running', version: '0' };
    if (dice < 0.4) {
      return this.edit({ ...current, desiredState: current.desiredState === 'Running' ? 'Completed' : 'Running' });
    }
    return this.edit({ ...current, version: String(this.writes + 1) });
  }

  /** Creates the task or makes it run, so that there is something to keep. */
  async makeRun(): Promise<void> {
    const task = await this.read();
    if (task === 'unanswered' || task?.metadata.deletionTimestamp) return;
    if (!task) return this.create();
    const current = this.expected;
    if (current?.desiredState === 'Completed') await this.edit({ ...current, desiredState: 'Running' });
  }

  async remove(): Promise<void> {
    const task = await this.read();
    if (task && task !== 'unanswered' && !task.metadata.deletionTimestamp) await this.delete(task.metadata.uid);
  }

  /** Holds what the manager says against what was acknowledged. */
  async read(): Promise<StoredTask | undefined | 'unanswered'> {
    let task: StoredTask | undefined;
    try {
      task = await this.client.get<Task>(taskKind, this.key);
    } catch (error) {
      if (!isOrchError(error, 'NotFound')) return 'unanswered';
    }
    this.counts.readings += 1;
    if (task) this.judge(task);
    else if (this.known && !this.known.deletion) this.violate('an acknowledged task is not there');
    if (!task) this.known = undefined;
    return task;
  }

  private judge(task: StoredTask): void {
    const { uid, annotations, resourceVersion, deletionTimestamp } = task.metadata;
    const write = Number(annotations?.[writeAnnotation]);
    const wish = this.wishes.get(write);
    const version = task.spec.env?.[0]?.value;
    if (!wish || version !== wish.version || (task.spec.desiredState ?? 'Running') !== wish.desiredState) {
      this.violate(`write ${write} was ${JSON.stringify(wish)}, but it reads ${JSON.stringify(task.spec)}`);
    }
    const before = this.known;
    if (before && before.uid !== uid && !before.deletion) {
      this.violate(`the task ${before.uid} became ${uid} though nobody deleted it`);
    }
    const same = before?.uid === uid ? before : undefined;
    if (write !== same?.write && !this.unknownWrites.includes(write)) {
      this.violate(`it has write ${write}, acknowledged was ${same?.write}, unknown ${this.unknownWrites.join(', ')}`);
    }
    if (same && (write < same.write || Number(resourceVersion) < same.revision)) {
      this.violate(`it went back from ${same.write} at ${same.revision} to ${write} at ${resourceVersion}`);
    }
    if (same?.deletion === 'acknowledged' && !deletionTimestamp) this.violate('an acknowledged deletion was forgotten');
    const deletion = deletionTimestamp ? 'acknowledged' : same?.deletion;
    this.known = { uid, write, revision: Number(resourceVersion), ...(deletion ? { deletion } : {}) };
    this.unknownWrites = this.unknownWrites.filter((number) => number > write);
  }

  private create(): Promise<void> {
    const wish: Wish = { desiredState: 'Running', version: String(this.writes + 1) };
    return this.write(wish, async (changes) => {
      const { object } = await this.client.create<Task>(taskKind, {
        apiVersion: 'orch.dev/v1',
        kind: 'Task',
        metadata: { ...this.key, ...changes.metadata },
        spec: {
          image: 'busybox:latest',
          command: ['sh', '-c', 'trap "exit 0" TERM; while true; do sleep 1 & wait $!; done'],
          hostNetwork: true,
          terminationGracePeriodSeconds: 2,
          ...changes.spec,
        },
      });
      return object;
    });
  }

  private edit(wish: Wish): Promise<void> {
    const uid = this.known?.uid;
    return this.write(wish, async ({ metadata, spec }) => {
      const changes = { metadata: { ...metadata, ...(uid === undefined ? {} : { uid }) }, spec };
      return (await this.client.patch<Task>(taskKind, this.key, changes)).object;
    });
  }

  private async write(
    wish: Wish,
    send: (changes: {
      metadata: { annotations: Record<string, string> };
      spec: { env: { name: string; value: string }[]; desiredState: Wish['desiredState'] };
    }) => Promise<StoredTask>,
  ): Promise<void> {
    const number = ++this.writes;
    this.wishes.set(number, wish);
    this.unknownWrites.push(number);
    try {
      const object = await send({
        metadata: { annotations: { [writeAnnotation]: String(number) } },
        spec: { env: [{ name: 'VERSION', value: wish.version }], desiredState: wish.desiredState },
      });
      this.counts.acknowledged += 1;
      this.judge(object);
    } catch (error) {
      if (this.note(error)) this.unknownWrites = this.unknownWrites.filter((other) => other !== number);
    }
  }

  private async delete(uid: string): Promise<void> {
    const { known } = this;
    if (known) this.known = { ...known, deletion: known.deletion ?? 'asked' };
    try {
      await this.client.delete(taskKind, this.key, { uid });
      this.counts.acknowledged += 1;
      if (known) this.known = { ...known, deletion: 'acknowledged' };
    } catch (error) {
      // The client may have asked twice: after a deletion that was carried out, its answer lost, this is the answer.
      if (isOrchError(error, 'NotFound')) this.counts.acknowledged += 1;
      else if (this.note(error)) this.known = known;
    }
  }

  /** Whether the manager refused, so that nothing can have happened. */
  private note(error: unknown): boolean {
    const isRefusal = refusals.some((code) => isOrchError(error, code));
    if (isRefusal) this.counts.refused += 1;
    else if (isOrchError(error, 'ServiceUnavailable') || isOrchError(error, 'Timeout')) this.counts.unknown += 1;
    else this.violate(`a write was answered with: ${errorMessage(error)}`);
    return isRefusal;
  }

  private violate(what: string): void {
    this.violations.push(`${this.name}: ${what}`);
  }
}
