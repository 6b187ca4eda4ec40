import type { JsonObject, JsonValue } from '../model/json.js';
import { OrchError } from '../support/errors.js';
import { formatFieldPath, shorten } from './field-path.js';
import { defaultLimits, forbiddenKeys, maxDuplicateFields, type DuplicateFields, type TextLimits } from './limits.js';
import type { SourceMap } from './source-map.js';
import { TextProblem } from './text-problem.js';
import { own } from '../support/own.js';

/**
 * Reads one JSON text from a stranger in linear time. Unlike JSON.parse it refuses what would surprise later: a key
 * twice (unless `duplicates` collects them), keys that reach the prototype, deep nesting, more values than the limit. Throws OrchError BadRequest with line
 * and column, RequestEntityTooLarge for what is over a limit.
 */
export function parseJson(text: string, limits: Partial<TextLimits> = {}, duplicates?: DuplicateFields): JsonValue {
  try {
    return scanJson(text, { ...defaultLimits, ...limits }, undefined, duplicates);
  } catch (error) {
    if (!(error instanceof TextProblem)) throw error;
    const where = `${formatPosition(text, error.offset)}: ${error.field ? `${error.field}: ` : ''}`;
    if (error.isTooMuch) throw new OrchError('RequestEntityTooLarge', `too much to read at ${where}${error.message}`);
    throw new OrchError('BadRequest', `invalid JSON at ${where}${error.message}`);
  }
}

/** LINE:COLUMN, without a table of all lines: it is asked for once. */
function formatPosition(text: string, offset: number): string {
  let line = 1;
  let start = 0;
  for (let at = 0; at < offset; at++) {
    if (text.charCodeAt(at) !== 0x0a) continue;
    line++;
    start = at + 1;
  }
  return `${line}:${offset - start + 1}`;
}

/** parseJson for this room: notes where everything stands when given a map, and throws TextProblem. */
export function scanJson(
  text: string,
  limits: TextLimits,
  sourceMap?: SourceMap,
  duplicates?: DuplicateFields,
): JsonValue {
  if (text.length > limits.maxBytes) {
    throw new TextProblem(`the text is larger than ${limits.maxBytes / 2 ** 20} MiB`, 0, undefined, true);
  }
  return new JsonScanner(text, limits, sourceMap, duplicates).scan();
}

const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

// eslint-disable-next-line no-control-regex -- these are what a JSON string may not hold as they are
const plainCharacters = /[^"\\\u0000-\u001f]*/y;

/** A longer string is not searched for its mistake. */
const maxExplainedLength = 65_536;

const numberPattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

class JsonScanner {
  #at = 0;
  #nodes = 0;
  #depth = 0;
  readonly #path: (string | number)[] = [];

  constructor(
    readonly text: string,
    readonly limits: TextLimits,
    readonly sourceMap: SourceMap | undefined,
    readonly duplicates: DuplicateFields | undefined,
  ) {}

  scan(): JsonValue {
    this.#skipSpace();
    if (this.#at >= this.text.length) throw new TextProblem('the text is empty', 0);
    const value = this.#value();
    this.#skipSpace();
    if (this.#at < this.text.length) this.#fail('nothing may follow the value');
    return value;
  }

  #value(): JsonValue {
    if (++this.#nodes > this.limits.maxNodes) this.#fail(`more than ${this.limits.maxNodes} values`, this.#at, true);
    switch (this.text[this.#at]) {
      case '{':
        return this.#object();
      case '[':
        return this.#array();
      case '"':
        return this.#string();
      case 't':
        return this.#word('true', true);
      case 'f':
        return this.#word('false', false);
      case 'n':
        return this.#word('null', null);
      default:
        return this.#scanNumber();
    }
  }

  #object(): JsonObject {
    this.#enter();
    const object: JsonObject = {};
    if (this.#skipTo('}')) return object;
    for (;;) {
      const keyOffset = this.#at;
      if (this.text[this.#at] !== '"') this.#fail('expected a key in double quotes');
      const key = this.#string();
      this.#path.push(key);
      if (forbiddenKeys.has(key)) this.#fail(`the key "${key}" is not allowed`, keyOffset);
      if (Object.hasOwn(object, key)) {
        if (!this.duplicates) this.#fail(`the key "${shorten(key)}" is there twice`, keyOffset);
        if (this.duplicates.length < maxDuplicateFields) this.duplicates.push(formatFieldPath(this.#path));
      }
      this.#skipSpace();
      if (this.text[this.#at] !== ':') this.#fail('expected ":" after the key');
      this.#at++;
      this.#member(object, key, keyOffset, (value) => (object[key] = value));
      this.#path.pop();
      if (this.#nextOrEnd('}')) return object;
    }
  }

  #array(): JsonValue[] {
    this.#enter();
    const array: JsonValue[] = [];
    if (this.#skipTo(']')) return array;
    for (;;) {
      const index = array.length;
      this.#path.push(index);
      this.#member(array, index, -1, (value) => array.push(value));
      this.#path.pop();
      if (this.#nextOrEnd(']')) return array;
    }
  }

  #member(container: object, key: string | number, keyOffset: number, set: (value: JsonValue) => void): void {
    this.#skipSpace();
    const valueOffset = this.#at;
    const value = this.#value();
    set(value);
    const end = typeof value === 'object' && value !== null ? -1 : this.#at;
    this.sourceMap?.note(container, key, { key: keyOffset, value: valueOffset, end });
  }

  #enter(): void {
    this.#depth++;
    if (this.#depth > this.limits.maxDepth) {
      this.#fail(`nested deeper than ${this.limits.maxDepth} levels`, this.#at, true);
    }
    this.#at++;
    this.#skipSpace();
  }

  /** Whether the container ends here, empty. */
  #skipTo(close: string): boolean {
    if (this.text[this.#at] !== close) return false;
    this.#at++;
    this.#depth--;
    return true;
  }

  #nextOrEnd(close: string): boolean {
    this.#skipSpace();
    if (this.#skipTo(close)) return true;
    if (this.text[this.#at] !== ',') this.#fail(`expected "," or "${close}"`);
    this.#at++;
    this.#skipSpace();
    if (this.text[this.#at] === close) this.#fail(`a comma before "${close}" is not allowed in JSON`);
    return false;
  }

  #string(): string {
    const whole = this.#wholeString();
    if (whole !== undefined) return whole;
    // Something is wrong in it: read letter by letter it shows where.
    const start = this.#at++;
    let result = '';
    for (;;) {
      const from = this.#at;
      plainCharacters.lastIndex = from;
      plainCharacters.test(this.text);
      this.#at = plainCharacters.lastIndex;
      result += this.text.slice(from, this.#at);
      const code = this.text.charCodeAt(this.#at);
      if (code === 0x22) {
        this.#at++;
        return result;
      }
      if (code === 0x5c) result += this.#escape();
      else if (Number.isNaN(code)) this.#fail('the string that starts here does not end', start);
      else this.#fail('a control character in a string must be written as an escape, like \\n');
    }
  }

  /** A string without mistakes, which the engine reads a hundred times faster than we do; undefined for all others. */
  #wholeString(): string | undefined {
    let end = this.text.indexOf('"', this.#at + 1);
    while (end >= 0 && this.#isEscaped(end)) end = this.text.indexOf('"', end + 1);
    const isLong = (end < 0 ? this.text.length : end) - this.#at > maxExplainedLength;
    if (end < 0 && isLong) this.#fail('the string that starts here does not end');
    if (end < 0) return undefined;
    try {
      const value: unknown = JSON.parse(this.text.slice(this.#at, end + 1));
      this.#at = end + 1;
      return value as string;
    } catch {
      if (isLong) this.#fail('a wrong escape or a control character is in the string that starts here');
      return undefined;
    }
  }

  /** An odd number of backslashes stands before it. */
  #isEscaped(at: number): boolean {
    let first = at;
    while (first > this.#at && this.text.charCodeAt(first - 1) === 0x5c) first--;
    return (at - first) % 2 === 1;
  }

  #escape(): string {
    const letter = this.text[this.#at + 1] ?? '';
    if (letter === 'u') {
      const digits = this.text.slice(this.#at + 2, this.#at + 6);
      if (!/^[0-9a-fA-F]{4}$/.test(digits)) this.#fail('\\u needs four hexadecimal digits');
      this.#at += 6;
      return String.fromCharCode(parseInt(digits, 16));
    }
    const character = own(escapes, letter);
    if (character === undefined) this.#fail(`"\\${letter}" is not an escape of JSON`);
    this.#at += 2;
    return character;
  }

  #word<T extends JsonValue>(word: string, value: T): T {
    if (!this.text.startsWith(word, this.#at)) this.#unexpected();
    this.#at += word.length;
    return value;
  }

  #scanNumber(): number {
    numberPattern.lastIndex = this.#at;
    const match = numberPattern.exec(this.text);
    if (!match) this.#unexpected();
    const value = Number(match[0]);
    if (!Number.isFinite(value)) this.#fail(`the number ${shorten(match[0])} is too large`);
    this.#at += match[0].length;
    if (/[\w.+-]/.test(this.text[this.#at] ?? '')) this.#fail('this is not a number of JSON');
    return value;
  }

  #skipSpace(): void {
    for (;;) {
      const code = this.text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at++;
    }
  }

  #unexpected(): never {
    const character = this.text[this.#at];
    return this.#fail(
      character === undefined ? 'the text ends too early' : `${JSON.stringify(character)} is not expected here`,
    );
  }

  #fail(message: string, offset = this.#at, isTooMuch = false): never {
    const field = formatFieldPath(this.#path.slice(0, 12));
    throw new TextProblem(message, Math.min(offset, this.text.length), field || undefined, isTooMuch);
  }
}
