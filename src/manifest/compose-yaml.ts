import { EVENT_ID, getScalarValue, SCALAR_STYLE, type Event } from 'js-yaml';
import { isJsonObject, type JsonObject, type JsonValue } from '../model/json.js';
import { formatFieldPath, shorten } from './field-path.js';
import type { IndentedText } from './indent-flow-lines.js';
import { forbiddenKeys, maxDuplicateFields, type DuplicateFields, type TextLimits } from './limits.js';
import { readEvents } from './read-events.js';
import type { SourceMap, Spot } from './source-map.js';
import { TextProblem } from './text-problem.js';
import { keyOf, resolvePlainScalar } from './yaml-scalars.js';

/** One document of a text: a tree that is plain data, without shared parts or cycles, and where it starts. */
export interface TextDocument {
  value: JsonValue;
  offset: number;
}

export interface ComposedText {
  documents: TextDocument[];
  problems: TextProblem[];
}

/**
 * Builds the documents of a YAML text from js-yaml's events. What aliases stand for is counted before it is copied,
 * so an alias bomb costs nothing. A document with problems is left out.
 */
export function composeYaml(
  text: string,
  limits: TextLimits,
  sourceMap: SourceMap,
  duplicates?: DuplicateFields,
): ComposedText {
  const whole = composePart(text, 0, text.length, limits, sourceMap, duplicates);
  if (whole.syntaxError === undefined) return whole;
  // A syntax error ends the parser; "---" at the start of a line ends a document whatever stands before it, so the
  // other documents can still be read, and all syntax errors told at once.
  const starts = [0, ...[...text.matchAll(/^---(?=\s|$)/gm)].map((match) => match.index).filter((index) => index > 0)];
  if (starts.length === 1) return { documents: [], problems: [whole.syntaxError] };
  const result: ComposedText = { documents: [], problems: [] };
  for (const [index, start] of starts.entries()) {
    const part = composePart(text, start, starts[index + 1] ?? text.length, limits, sourceMap);
    result.documents.push(...part.documents);
    result.problems.push(...part.problems, ...(part.syntaxError ? [part.syntaxError] : []));
    if (result.problems.length > 100) break;
  }
  return result.problems.length > 0 ? result : { documents: [], problems: [whole.syntaxError] };
}

function composePart(
  text: string,
  start: number,
  end: number,
  limits: TextLimits,
  sourceMap: SourceMap,
  duplicates?: DuplicateFields,
): ComposedText & { syntaxError?: TextProblem } {
  const part = start === 0 && end === text.length ? text : text.slice(start, end);
  const { events, source, syntaxError } = readEvents(part, limits.maxDepth);
  if (syntaxError) {
    const problem = new TextProblem(syntaxError.message, start + syntaxError.offset);
    return { documents: [], problems: [], syntaxError: problem };
  }
  return new Composer(source, start, events, limits, sourceMap, duplicates).compose();
}

interface Anchor {
  value: JsonValue;
  nodes: number;
  depth: number;
  /** False while its own content is still being read: an alias to it then would be a cycle. */
  complete: boolean;
}

interface Composed {
  value: JsonValue;
  /** Where it begins in the text that was read. */
  start: number;
  spot: Omit<Spot, 'key'>;
  /** Nesting inside the value. */
  depth: number;
}

class Composer {
  #next = 0;
  #nodes = 0;
  #depth = 0;
  #anchors = new Map<string, Anchor>();
  #path: (string | number)[] = [];
  #lastOffset = 0;
  /** Whether a part of the document hangs at two places. */
  #shared = false;
  readonly #problems: TextProblem[] = [];

  readonly text: string;

  constructor(
    readonly source: IndentedText,
    readonly base: number,
    readonly events: readonly Event[],
    readonly limits: TextLimits,
    readonly sourceMap: SourceMap,
    readonly duplicates: DuplicateFields | undefined,
  ) {
    this.text = source.text;
  }

  compose(): ComposedText {
    const documents: TextDocument[] = [];
    while (this.#next < this.events.length) {
      if (this.events[this.#next++]?.type !== EVENT_ID.DOCUMENT) continue;
      this.#nodes = this.#depth = 0;
      this.#anchors = new Map();
      this.#path = [];
      this.#shared = false;
      const problemsBefore = this.#problems.length;
      try {
        const { value, spot } = this.#node();
        if (this.#problems.length > problemsBefore) continue;
        // Copied only now: a bomb was refused by its count, before it cost anything.
        documents.push({ value: this.#shared ? this.sourceMap.copy(value) : value, offset: spot.value });
      } catch (error) {
        if (!(error instanceof TextProblem)) throw error;
        this.#problems.push(error);
      }
    }
    return { documents, problems: this.#problems };
  }

  #node(): Composed {
    const event = this.events[this.#next++];
    if (!event) return this.#stop('the document ends too early');
    if (++this.#nodes > this.limits.maxNodes) this.#tooManyNodes();
    switch (event.type) {
      case EVENT_ID.SCALAR:
        return this.#scalar(event);
      case EVENT_ID.ALIAS:
        return this.#alias(event);
      case EVENT_ID.MAPPING:
      case EVENT_ID.SEQUENCE:
        return this.#collection(event);
      default:
        return this.#stop('the document ends too early');
    }
  }

  #scalar(event: Event & { type: typeof EVENT_ID.SCALAR }): Composed {
    const quoted = event.style === SCALAR_STYLE.SINGLE_QUOTED || event.style === SCALAR_STYLE.DOUBLE_QUOTED ? 1 : 0;
    const start = event.valueStart < 0 ? this.#lastOffset : event.valueStart - quoted;
    const end = event.valueStart < 0 ? start : event.valueEnd + quoted;
    this.#lastOffset = end;
    const text = event.valueStart < 0 ? '' : getScalarValue(this.text, event);
    const tag = event.tagStart < 0 ? '' : this.text.slice(event.tagStart, event.tagEnd);
    const nodesBefore = this.#nodes - 1;
    let value: JsonValue = text;
    if (tag === '' || ['!!null', '!!bool', '!!int', '!!float'].includes(tag)) {
      if (event.style === SCALAR_STYLE.PLAIN || tag !== '') {
        const scalar = resolvePlainScalar(text);
        if ('problem' in scalar) this.#note(scalar.problem, start);
        else value = scalar.value;
        if (tag !== '' && typeof value === 'string') this.#note(`"${shorten(text)}" is no ${tag.slice(2)}`, start);
      }
    } else if (tag !== '!!str' && tag !== '!') this.#note(`the tag ${shorten(tag)} is not allowed`, event.tagStart);
    this.#anchor(event, value, nodesBefore, 0);
    return { value, start, spot: { value: this.#at(start), end: this.#at(end) }, depth: 0 };
  }

  #alias(event: Event & { type: typeof EVENT_ID.ALIAS }): Composed {
    const name = this.text.slice(event.anchorStart, event.anchorEnd);
    const offset = event.anchorStart - 1;
    this.#lastOffset = event.anchorEnd;
    const spot = { value: this.#at(offset), end: this.#at(event.anchorEnd) };
    const anchor = this.#anchors.get(name);
    if (!anchor) {
      this.#note(`the alias *${shorten(name)} has no anchor &${shorten(name)} before it`, offset);
      return { value: null, start: offset, spot, depth: 0 };
    }
    if (!anchor.complete) this.#stop(`the alias *${shorten(name)} stands inside its own anchor`, offset);
    this.#nodes += anchor.nodes - 1;
    if (this.#nodes > this.limits.maxNodes) this.#tooManyNodes(offset);
    if (this.#depth + anchor.depth > this.limits.maxDepth) this.#tooDeep(offset);
    if (typeof anchor.value === 'object') this.#shared = true;
    return { value: anchor.value, start: offset, spot, depth: anchor.depth };
  }

  #collection(event: Event & { type: typeof EVENT_ID.MAPPING | typeof EVENT_ID.SEQUENCE }): Composed {
    if (++this.#depth > this.limits.maxDepth) this.#tooDeep(event.start);
    this.#lastOffset = event.start;
    const nodesBefore = this.#nodes - 1;
    const expectedTag = event.type === EVENT_ID.MAPPING ? '!!map' : '!!seq';
    const tag = event.tagStart < 0 ? expectedTag : this.text.slice(event.tagStart, event.tagEnd);
    if (tag !== expectedTag && tag !== '!') this.#note(`the tag ${shorten(tag)} is not allowed`, event.tagStart);
    const value: JsonObject | JsonValue[] = event.type === EVENT_ID.MAPPING ? {} : [];
    const anchor = this.#anchor(event, value, nodesBefore, 0, false);
    let inner = 0;
    const merged = new Set<string>();
    while (this.events[this.#next] && this.events[this.#next]?.type !== EVENT_ID.POP) {
      inner = Math.max(inner, Array.isArray(value) ? this.#item(value) : this.#member(value, merged));
    }
    this.#next++;
    this.#depth--;
    if (anchor) Object.assign(anchor, { nodes: this.#nodes - nodesBefore, depth: inner + 1, complete: true });
    const { start } = event;
    return { value, start, spot: { value: this.#at(start), end: -1 }, depth: inner + 1 };
  }

  #item(list: JsonValue[]): number {
    this.#path.push(list.length);
    const { value, spot, depth } = this.#node();
    this.sourceMap.note(list, list.length, { key: -1, ...spot });
    list.push(value);
    this.#path.pop();
    return depth;
  }

  /** `merged` are the keys that only "<<" has brought so far: what the mapping says itself takes their place. */
  #member(mapping: JsonObject, merged: Set<string>): number {
    const event = this.events[this.#next];
    const { value: rawKey, spot: keySpot, start: offset } = this.#node();
    const plain = event?.type === EVENT_ID.SCALAR && event.style === SCALAR_STYLE.PLAIN;
    const text = plain && event.valueStart >= 0 ? getScalarValue(this.text, event) : '';
    const key = keyOf(rawKey, text);
    if (key === undefined) {
      const what = typeof rawKey === 'object' && rawKey ? 'a collection' : text === '' ? 'empty' : `${text}: quote it`;
      this.#note(`a key must be a string, not ${what}`, offset);
      return this.#node().depth;
    }
    this.#path.push(key);
    const isMerge = key === '<<' && plain;
    const isTwice = Object.hasOwn(mapping, key) && !merged.has(key);
    if (isTwice && this.duplicates && this.duplicates.length < maxDuplicateFields) {
      this.duplicates.push(formatFieldPath(this.#path));
    }
    const refused = forbiddenKeys.has(key)
      ? `the key "${key}" is not allowed`
      : isTwice && !this.duplicates
        ? `the key "${shorten(key)}" is there twice`
        : undefined;
    if (refused !== undefined) this.#note(refused, offset);
    const { value, spot, depth } = this.#node();
    if (isMerge) this.#merge(mapping, value, merged, offset);
    else if (refused === undefined) {
      mapping[key] = value;
      merged.delete(key);
      this.sourceMap.note(mapping, key, { key: keySpot.value, ...spot });
    }
    this.#path.pop();
    return depth;
  }

  /** Of several mappings in a list the first one counts; what they stand for was counted when their aliases were read. */
  #merge(mapping: JsonObject, value: JsonValue, merged: Set<string>, offset: number): void {
    for (const source of (Array.isArray(value) ? value : [value]).toReversed()) {
      if (!isJsonObject(source)) return this.#note('"<<" merges mappings: write an alias of one, like *name', offset);
      for (const [key, member] of Object.entries(source)) {
        if (Object.hasOwn(mapping, key) && !merged.has(key)) {
          const said = `the key "${shorten(key)}" stands before the "<<" that brings it too`;
          return this.#note(`${said}, and programs differ in which one counts: put "<<" first`, offset);
        }
        mapping[key] = member;
        merged.add(key);
        this.sourceMap.noteAgain(mapping, source, key);
      }
    }
    this.#shared = true;
  }

  #anchor(
    event: { anchorStart: number; anchorEnd: number },
    value: JsonValue,
    nodesBefore: number,
    depth: number,
    complete = true,
  ): Anchor | undefined {
    if (event.anchorStart < 0) return undefined;
    const anchor: Anchor = { value, nodes: this.#nodes - nodesBefore, depth, complete };
    this.#anchors.set(this.text.slice(event.anchorStart, event.anchorEnd), anchor);
    return anchor;
  }

  #tooManyNodes(offset = this.#lastOffset): never {
    return this.#stop(`more than ${this.limits.maxNodes} values, with aliases expanded`, offset);
  }

  #tooDeep(offset: number): never {
    return this.#stop(`nested deeper than ${this.limits.maxDepth} levels`, offset);
  }

  /** A problem after which the rest of the document can still be read. */
  #note(message: string, offset: number): void {
    const problem = this.#problem(message, offset);
    if (this.#problems.length >= 100) throw problem;
    this.#problems.push(problem);
  }

  #stop(message: string, offset = this.#lastOffset): never {
    throw this.#problem(message, offset);
  }

  /** Where in the whole text an offset of this part is. */
  #at(offset: number): number {
    return this.base + this.source.originalOffset(offset);
  }

  #problem(message: string, offset: number): TextProblem {
    return new TextProblem(message, this.#at(offset), formatFieldPath(this.#path.slice(0, 12)) || undefined);
  }
}
