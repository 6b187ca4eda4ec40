import type { FileLook, FileSystem } from '../../src/gitops/file-system.js';
import type { JsonObject } from '../../src/model/json.js';
import type { Clock } from '../../src/support/clock.js';
import type { FolderFile } from './scenario.js';
import type { SeededRandom } from './seeded-random.js';

/** What is wrong with the folder for a while. */
export type FolderFault = 'missing' | 'unreadable' | 'empty' | 'unreadableFile' | 'brokenFile';

const separator = '\n---\n';

interface SeenFile {
  text: string;
  version: number;
}

/**
 * A watched folder: what people mean to be in it, and what is to be seen of it: not there, not to be read, empty, a file half
 * written or broken. Some hints of changes are lost.
 */
export class SimulatedFolder implements FileSystem {
  /** By file: the tasks that it is meant to name. */
  readonly meant = new Map<string, readonly FolderFile['tasks'][number][]>();
  private readonly seen = new Map<string, SeenFile>();
  private readonly faults = new Set<FolderFault>();
  /** Files half written, each with the write that goes on: whoever writes a file anew ends the write before. */
  private readonly writing = new Map<string, symbol>();
  private readonly watchers = new Set<() => void>();
  private readonly past: Map<string, readonly FolderFile['tasks'][number][]>[] = [];
  private versions = 0;
  private roots = 1;

  constructor(
    readonly path: string,
    private readonly options: {
      clock: Clock;
      random: SeededRandom;
      /** What is meant, or what is to be seen, is about to change, or has changed. */
      onChange: () => void;
    },
  ) {}

  /** Nothing about the folder is in doubt. */
  get isClear(): boolean {
    return this.faults.size === 0 && this.writing.size === 0;
  }

  names(task: string): boolean {
    return this.tasks().some(({ name }) => name === task);
  }

  /** Every task that the folder is meant to name, with its spec. */
  tasks(): { name: string; spec: JsonObject }[] {
    return [...this.meant.values()].flat();
  }

  /** Writes a file; with `pauseSeconds` in two pieces, the first of which ends at `cut` (0 to 1) of it. */
  write({ file, tasks }: FolderFile, pauseSeconds: number, cut: number): void {
    const texts = tasks.map(({ name, spec }) =>
      JSON.stringify({ apiVersion: 'orch.dev/v1', kind: 'Task', metadata: { name }, spec }),
    );
    const text = texts.join(separator);
    const write = Symbol(file);
    this.change(() => {
      this.past.push(new Map(this.meant));
      this.meant.set(file, tasks);
      this.writing.delete(file);
      if (pauseSeconds === 0) return this.show(file, text);
      this.writing.set(file, write);
      this.show(file, firstPiece(texts, text, cut));
    });
    if (pauseSeconds === 0) return;
    this.options.clock.setTimer(() => {
      this.change(() => {
        if (this.writing.get(file) !== write) return;
        this.writing.delete(file);
        this.show(file, text);
      });
    }, pauseSeconds * 1000);
  }

  remove(file: string): void {
    this.change(() => {
      this.past.push(new Map(this.meant));
      this.meant.delete(file);
      this.seen.delete(file);
      this.writing.delete(file);
    });
  }

  /** All files as they were some changes ago. */
  revert(steps: number): void {
    const then = this.past.at(-steps);
    if (then === undefined) return;
    for (const file of [...this.meant.keys()]) if (!then.has(file)) this.remove(file);
    for (const [file, tasks] of then) this.write({ file, tasks }, 0, 0);
  }

  setFault(fault: FolderFault, isSet: boolean): void {
    if (this.faults.has(fault) === isSet) return;
    this.change(() => {
      if (isSet) this.faults.add(fault);
      else this.faults.delete(fault);
      this.versions += 1;
      if (fault === 'missing') this.roots += 1;
    });
  }

  heal(): void {
    for (const fault of [...this.faults]) this.setFault(fault, false);
  }

  async look(path: string): Promise<FileLook> {
    this.assertPresent();
    if (path === this.path) {
      const readable = !this.faults.has('unreadable');
      return { type: 'folder', size: 0, readable, id: `root ${this.roots}`, signature: String(this.versions) };
    }
    const file = this.find(path);
    const readable = !(this.isFirst(path) && this.faults.has('unreadableFile'));
    const id = `file ${path}`;
    const { length } = Buffer.from(file.text);
    return { type: 'file', size: length, readable, id, signature: `${id} ${file.version} ${readable}` };
  }

  async readFolder(): Promise<string[]> {
    this.assertPresent();
    if (this.faults.has('unreadable')) throw failure('EACCES');
    return this.faults.has('empty') ? [] : [...this.seen.keys()];
  }

  async readFile(path: string): Promise<Uint8Array> {
    this.assertPresent();
    const { text } = this.find(path);
    if (this.isFirst(path) && this.faults.has('unreadableFile')) throw failure('EACCES');
    return Buffer.from(this.isFirst(path) && this.faults.has('brokenFile') ? `${text}\n---\n{ broken` : text);
  }

  async resolve(path: string): Promise<string> {
    this.assertPresent();
    return path;
  }

  watch(_root: string, _isInteresting: unknown, onHint: () => void): { close(): Promise<void> } {
    this.watchers.add(onHint);
    return {
      close: async () => {
        this.watchers.delete(onHint);
      },
    };
  }

  private show(file: string, text: string): void {
    this.seen.set(file, { text, version: ++this.versions });
  }

  private change(what: () => void): void {
    const { clock, random, onChange } = this.options;
    onChange();
    what();
    if (this.faults.has('brokenFile')) this.touchFirst();
    onChange();
    for (const onHint of this.watchers) if (random.chance(0.8)) clock.setTimer(onHint, 10);
  }

  /** What is wrong with a file's content shows in its signature. */
  private touchFirst(): void {
    const [first] = [...this.seen.keys()].sort();
    const file = first === undefined ? undefined : this.seen.get(first);
    if (first !== undefined && file !== undefined) this.show(first, file.text);
  }

  private isFirst(path: string): boolean {
    const [first] = [...this.seen.keys()].sort();
    return path === `${this.path}/${first ?? ''}`;
  }

  private find(path: string): SeenFile {
    const file = this.faults.has('empty') ? undefined : this.seen.get(path.slice(this.path.length + 1));
    if (file === undefined) throw failure('ENOENT');
    return file;
  }

  private assertPresent(): void {
    if (this.faults.has('missing')) throw failure('ENOENT');
  }
}

/** A piece that is a whole document looks complete, and only rest can tell: a cut of 0 makes one, no other does. */
function firstPiece(texts: readonly string[], text: string, cut: number): string {
  const [first = ''] = texts;
  if (cut === 0 && texts.length > 1) return first;
  const end = Math.ceil(cut * text.length * 0.9);
  const isBetween = end >= first.length && end <= first.length + separator.length;
  return text.slice(0, isBetween ? first.length - 1 : end);
}

function failure(code: 'ENOENT' | 'EACCES'): Error {
  return Object.assign(new Error(`${code}: the simulated folder`), { code });
}
