import { JSONPath } from 'jsonpath-plus';
import { isJsonObject } from '../model/json.js';
import { OrchError } from '../support/errors.js';
import { own } from '../support/own.js';

/**
 * kubectl's `-o jsonpath=` templates: text with `{...}` in it, where the braces hold a path (`.items[*].metadata.name`), a
 * quoted text (`"\n"`), or `range PATH` ... `end`. Filters are comparisons (`[?(@.type=="Ready")]`), read here: nothing
 * is ever evaluated as code.
 */
type Part =
  { type: 'text'; text: string } | { type: 'path'; path: string } | { type: 'range'; path: string; body: Part[] };

/** The text that a template makes of a value. Throws BadRequest that quotes what is wrong. */
export function renderJsonPath(template: string, value: unknown): string {
  return render(parseTemplate(template), value);
}

/** All values that a path leads to. Accepts `.a.b`, `a.b`, `{.a.b}` and `$.a.b`. */
export function findByPath(path: string, value: unknown): unknown[] {
  const bare = /^\{(.*)\}$/s.exec(path.trim())?.[1] ?? path.trim();
  return evaluate(bare.startsWith('.') || bare.startsWith('[') || bare.startsWith('$') ? bare : `.${bare}`, value);
}

function render(parts: readonly Part[], value: unknown): string {
  return parts
    .map((part) => {
      if (part.type === 'text') return part.text;
      const found = evaluate(part.path, value);
      return part.type === 'path' ? found.map(show).join(' ') : found.map((item) => render(part.body, item)).join('');
    })
    .join('');
}

function show(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function parseTemplate(template: string): Part[] {
  const root: Part[] = [];
  const open: Part[][] = [root];
  // A template without braces is a path.
  const tokens = template.includes('{') ? splitTemplate(template) : [{ inner: template }];
  for (const token of tokens) {
    const into = open.at(-1) ?? root;
    if ('text' in token) {
      into.push({ type: 'text', text: token.text });
      continue;
    }
    const inner = token.inner.trim();
    const quoted = /^"(.*)"$|^'(.*)'$/s.exec(inner);
    if (quoted) {
      into.push({ type: 'text', text: unescape(quoted[1] ?? quoted[2] ?? '') });
    } else if (inner === 'end') {
      if (open.length === 1) throw malformed(template, '{end} without {range}');
      open.pop();
    } else if (inner.startsWith('range ')) {
      const range: Part = { type: 'range', path: inner.slice(6).trim(), body: [] };
      into.push(range);
      open.push(range.body);
    } else {
      into.push({ type: 'path', path: inner });
    }
  }
  if (open.length > 1) throw malformed(template, '{range} without {end}');
  return root;
}

function splitTemplate(template: string): ({ text: string } | { inner: string })[] {
  const tokens: ({ text: string } | { inner: string })[] = [];
  let at = 0;
  while (at < template.length) {
    const start = template.indexOf('{', at);
    if (start < 0) {
      tokens.push({ text: template.slice(at) });
      break;
    }
    if (start > at) tokens.push({ text: template.slice(at, start) });
    const end = findClosing(template, start);
    tokens.push({ inner: template.slice(start + 1, end) });
    at = end + 1;
  }
  return tokens;
}

/** The `}` that belongs to the `{` at `start`: not one within quotes. */
function findClosing(template: string, start: number): number {
  let quote = '';
  for (let at = start + 1; at < template.length; at++) {
    const character = template[at] ?? '';
    if (quote !== '') {
      if (character === '\\') at += 1;
      else if (character === quote) quote = '';
    } else if (character === '"' || character === "'") quote = character;
    else if (character === '}') return at;
  }
  throw malformed(template, 'a { is not closed');
}

function unescape(text: string): string {
  return text.replaceAll(
    /\\(.)/g,
    (_, character: string) => own({ n: '\n', t: '\t', r: '\r' }, character) ?? character,
  );
}

/** Evaluates piece by piece: what stands before a filter by the library, the filter by comparison, and so on. */
function evaluate(path: string, value: unknown): unknown[] {
  if (path === '' || path === '@' || path === '$' || path === '.') return [value];
  const filter = /^(.*?)\[\?\((.*?)\)\](.*)$/s.exec(path);
  if (!filter) return plain(path, value);
  const [, before = '', condition = '', after = ''] = filter;
  const holds = parseCondition(condition, path);
  return evaluate(before, value)
    .flatMap((found) => (Array.isArray(found) ? (found as unknown[]) : isJsonObject(found) ? Object.values(found) : []))
    .filter(holds)
    .flatMap((item) => evaluate(after, item));
}

function plain(path: string, value: unknown): unknown[] {
  const rooted = path.startsWith('$') ? path : `$${path.startsWith('@') ? path.slice(1) : path}`;
  if (!/^\$([.[]|$)/.test(rooted)) throw malformed(path, 'a path starts with "."');
  if (typeof value !== 'object' || value === null) return [];
  // kubectl writes a dot within a name as \. : such a name goes in brackets.
  const escaped = rooted.replaceAll(
    /\.((?:[^.[\]\\]|\\.)*\\\.(?:[^.[\]\\]|\\.)*)/g,
    (_, name: string) => `['${name.replaceAll(/\\(.)/g, '$1')}']`,
  );
  try {
    const found: unknown = JSONPath({ path: escaped, json: value, eval: false, wrap: true });
    return Array.isArray(found) ? (found as unknown[]) : [];
  } catch (error) {
    throw malformed(path, error instanceof Error ? error.message : String(error));
  }
}

/** `@.type=="Ready"`, `@.count>2`, `@.name` (present). */
function parseCondition(condition: string, path: string): (item: unknown) => boolean {
  const match = /^\s*@([^=!<>\s]*)\s*(?:(==|!=|<=|>=|<|>)\s*(.+?))?\s*$/s.exec(condition);
  if (!match) throw malformed(path, `the filter (${condition}) is not @.FIELD OPERATOR VALUE`);
  const [, left = '', operator, right] = match;
  if (operator === undefined || right === undefined) return (item) => evaluate(left, item).length > 0;
  const wanted = parseLiteral(right);
  return (item) => {
    const [actual] = evaluate(left, item);
    if (operator === '==') return actual === wanted;
    if (operator === '!=') return actual !== wanted;
    if (typeof actual !== typeof wanted || (typeof wanted !== 'number' && typeof wanted !== 'string')) return false;
    const [a, b] = [actual as number | string, wanted];
    return operator === '<' ? a < b : operator === '<=' ? a <= b : operator === '>' ? a > b : a >= b;
  };
}

function parseLiteral(text: string): unknown {
  const quoted = /^"(.*)"$|^'(.*)'$/s.exec(text);
  if (quoted) return unescape(quoted[1] ?? quoted[2] ?? '');
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function malformed(template: string, problem: string): OrchError {
  return new OrchError('BadRequest', `jsonpath "${template.slice(0, 100)}": ${problem}; write it like {.status.state}`);
}
