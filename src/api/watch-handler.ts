import type { Writable } from 'node:stream';
import type { Stored } from '../model/api-object.js';
import type { ListOptions, ObjectEvent } from '../registry/registry.js';
import type { Timer } from '../support/clock.js';
import { objectForm } from './accept.js';
import type { ApiContext } from './api-context.js';
import { includeObject, type Query } from './query.js';
import { compileSelectors } from '../model/selectors.js';
import { present, type ServedResource } from './served-resource.js';
import { visibleEvents, type Matches, type VisibleEvent } from './watch-filter.js';
import { bookmarkLine, type WatchForm } from './watch-frames.js';
import { watchOptions, type WatchOptions } from './watch-options.js';
import { WatchStream, type WatchLine } from './watch-stream.js';

/** A bookmark tells what was current one interval ago, so two intervals stay below the promised 60 seconds. */
const bookmarkIntervalMilliseconds = 25_000;
/** A client that has been told to go gets this long to read the rest. */
const lingerMilliseconds = 10_000;
const defaultTimeoutSeconds = 1800;

/** How a watch is asked for: over HTTP or a WebSocket, in the same words. */
export interface WatchRequest {
  query: Query;
  accept: string | undefined;
}

/** Where its lines go. `begin` is called once, when nothing can be refused any more. */
export interface WatchOutput {
  stream: Writable;
  begin(): void;
}

/**
 * WATCH: the events of a collection as lines of JSON, in order, without gap or repetition, from a revision or from the
 * current objects on. Rejects, before anything is sent, with Expired when the revision is forgotten.
 */
export async function handleWatch(
  context: ApiContext,
  request: WatchRequest,
  output: WatchOutput,
  resource: ServedResource,
  options: ListOptions,
): Promise<void> {
  const { wanted, form } = readWatchRequest(request);
  const onPresented = compileSelectors(resource.kind, options);
  const matches: Matches = resource.convert ? (object) => onPresented(present(resource, object)) : onPresented;
  const { namespace } = options;
  const scope = namespace === undefined ? {} : { namespace };

  let initial: Stored[] = [];
  let revision: number;
  if (wanted.start.type === 'after') {
    revision = wanted.start.revision;
  } else if (wanted.start.type === 'now') {
    revision = context.registry.currentRevision();
  } else {
    const listed = await context.registry.list(resource.stored, scope);
    revision = listed.revision;
    initial = listed.items.filter(matches);
  }
  if (output.stream.destroyed) return;
  const session = new WatchSession(context, output, resource, wanted, form, matches, revision);
  session.start(scope, initial);
}

/** Pure. Throws BadRequest, Invalid and NotAcceptable for what cannot be meant or is not served. */
export function readWatchRequest({ query, accept }: WatchRequest): { wanted: WatchOptions; form: WatchForm } {
  return { wanted: watchOptions(query), form: { form: objectForm(accept), include: includeObject(query) } };
}

class WatchSession {
  readonly #context: ApiContext;
  readonly #output: WatchOutput;
  readonly #resource: ServedResource;
  readonly #wanted: WatchOptions;
  readonly #form: WatchForm;
  readonly #matches: Matches;
  /** Whether the next live event is the very first line: a table's columns come with that one. */
  #first = true;
  /** Everything up to here is in the stream. */
  #delivered: number;
  #current: number;
  #stream: WatchStream | undefined;
  #source: { close(): void } | undefined;
  #timers: Timer[] = [];
  #over = false;

  constructor(
    context: ApiContext,
    output: WatchOutput,
    resource: ServedResource,
    wanted: WatchOptions,
    form: WatchForm,
    matches: Matches,
    revision: number,
  ) {
    this.#context = context;
    this.#output = output;
    this.#resource = resource;
    this.#wanted = wanted;
    this.#form = form;
    this.#matches = matches;
    this.#delivered = revision;
    this.#current = revision;
  }

  start(scope: { namespace?: string }, initial: readonly Stored[]): void {
    const { registry, openStreams } = this.#context;
    this.#first = initial.length === 0;
    const early: ObjectEvent[] = [];
    // Throws Expired while a proper error can still be sent.
    this.#source = registry.watch(
      this.#resource.stored,
      { ...scope, afterRevision: this.#delivered },
      (events) => void (this.#stream ? this.#onEvents(events) : early.push(...events)),
    );
    const { stream } = this.#output;
    this.#output.begin();
    this.#stream = new WatchStream(stream, this.#initialLines(initial, this.#delivered));
    const stop = (): void => this.#end();
    openStreams.add(stop);
    stream.on('close', () => {
      openStreams.delete(stop);
      this.#release();
    });
    if (early.length > 0) this.#onEvents(early);
    this.#startTimers();
  }

  *#initialLines(objects: readonly Stored[], revision: number): Generator<string> {
    for (const [index, object] of objects.entries()) {
      yield this.#context.frames.event(this.#resource, { type: 'ADDED', object, revision }, this.#form, index === 0);
    }
    if (this.#wanted.markInitialEnd) yield bookmarkLine(this.#resource, revision, true);
  }

  #onEvents(events: readonly ObjectEvent[]): void {
    if (this.#over) return;
    const lines: WatchLine[] = [];
    for (const event of events) {
      for (const visible of visibleEvents(event, this.#matches, this.#resource.uidOf)) {
        lines.push({ text: this.#line(visible), revision: visible.revision });
      }
    }
    const kept = this.#stream?.push(lines) ?? true;
    this.#delivered = events.at(-1)?.revision ?? this.#delivered;
    if (!kept) {
      this.#context.logger.warn('watcher fell behind and was closed', { kind: this.#resource.kind.plural });
      this.#end();
    }
  }

  #line(event: VisibleEvent): string {
    const line = this.#context.frames.event(this.#resource, event, this.#form, this.#first);
    this.#first = false;
    return line;
  }

  #startTimers(): void {
    const { clock, random } = this.#context;
    const seconds = this.#wanted.timeoutSeconds ?? defaultTimeoutSeconds * (1 + random.next());
    const milliseconds = Math.min(seconds * 1000, 2 ** 31 - 1);
    this.#timers.push(clock.setTimer(() => this.#end(), milliseconds));
    if (this.#wanted.bookmarks) this.#timers.push(clock.setTimer(() => this.#bookmark(), bookmarkIntervalMilliseconds));
  }

  /**
   * Honest: it names what was the newest revision one interval ago, whose events have long been delivered, or the last
   * one delivered, whichever is newer.
   */
  #bookmark(): void {
    if (this.#over) return;
    const revision = Math.max(this.#current, this.#delivered);
    this.#delivered = revision;
    this.#current = this.#context.registry.currentRevision();
    if (!this.#stream?.push([{ text: bookmarkLine(this.#resource, revision), revision }])) return this.#end();
    this.#timers[1] = this.#context.clock.setTimer(() => this.#bookmark(), bookmarkIntervalMilliseconds);
  }

  #end(): void {
    if (this.#over) return;
    this.#release();
    this.#stream?.end();
    const { stream } = this.#output;
    const linger = this.#context.clock.setTimer(() => stream.destroy(), lingerMilliseconds);
    stream.on('close', () => linger.cancel());
  }

  #release(): void {
    this.#over = true;
    this.#source?.close();
    for (const timer of this.#timers) timer.cancel();
  }
}
