import { OrchError } from '../support/errors.js';
import type { ApiObject } from './api-object.js';
import type { Kind } from './kind.js';
import { own } from '../support/own.js';

/**
 * Label and field selectors in Kubernetes' syntax: text in, a test for objects out. Pure; every pattern is linear and
 * the text is bounded, so a hostile selector costs nothing.
 */
type LabelRequirement =
  | { key: string; operator: 'in' | 'notin'; values: ReadonlySet<string> }
  | { key: string; operator: 'exists' | 'absent' }
  | { key: string; operator: 'greater' | 'less'; than: bigint };

interface FieldRequirement {
  field: string;
  operator: '=' | '!=';
  value: string;
}

export const maxSelectorLength = 16_384;
/** Each is asked of every object of a list or watch. */
export const maxTerms = 64;
const labelKey = /^(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const wholeNumber = /^[+-]?\d{1,19}$/;
const labelValue = /^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/;

/**
 * The requirements of a label selector (`a=b,c!=d,e in (f,g),h,!i,j>1,k<9`), all of which must hold. Empty text: none. Throws
 * BadRequest that quotes the part which is wrong.
 */
export function parseLabelSelector(text: string): LabelRequirement[] {
  checkLength(text);
  return splitOutsideParentheses(text).map(parseLabelRequirement);
}

/** Whether the labels meet all requirements. As in Kubernetes `!=` and `notin` hold for an absent label too. */
export function matchesLabels(
  requirements: readonly LabelRequirement[],
  labels: Readonly<Record<string, string>> = {},
): boolean {
  return requirements.every((requirement) => {
    const value = own(labels, requirement.key);
    switch (requirement.operator) {
      case 'exists':
        return value !== undefined;
      case 'absent':
        return value === undefined;
      case 'in':
        return value !== undefined && requirement.values.has(value);
      case 'notin':
        return value === undefined || !requirement.values.has(value);
      case 'greater':
        return value !== undefined && wholeNumber.test(value) && BigInt(value) > requirement.than;
      case 'less':
        return value !== undefined && wholeNumber.test(value) && BigInt(value) < requirement.than;
    }
  });
}

/** The requirements of a field selector (`metadata.name=x,status.state!=Running`). Throws BadRequest. */
export function parseFieldSelector(text: string): FieldRequirement[] {
  checkLength(text);
  return splitFieldTerms(text).map((term) => {
    const match = /^([^=!]+)(==|!=|=)(.*)$/s.exec(term);
    const [, field = '', operator, value = ''] = match ?? [];
    if (!match || /(?<!\\)=/.test(value)) {
      throw new OrchError(
        'BadRequest',
        `invalid field selector: "${term.slice(0, 100)}" is not FIELD=VALUE or FIELD!=VALUE`,
      );
    }
    return { field: field.trim(), operator: operator === '!=' ? '!=' : '=', value: unescapeValue(value) };
  });
}

/**
 * A test for objects of this kind, from both selectors. Throws BadRequest for bad syntax and for a field that the kind
 * cannot be selected by.
 */
export function compileSelectors(
  kind: Kind,
  selectors: { labelSelector?: string; fieldSelector?: string },
): (object: ApiObject) => boolean {
  const labels = parseLabelSelector(selectors.labelSelector ?? '');
  const fields = parseFieldSelector(selectors.fieldSelector ?? '').map(({ field, operator, value }) => {
    const read = fieldReader(kind, field);
    return (object: ApiObject): boolean => ((read(object) ?? '') === value) === (operator === '=');
  });
  if (labels.length === 0 && fields.length === 0) return () => true;
  return (object) => matchesLabels(labels, object.metadata.labels) && fields.every((holds) => holds(object));
}

function fieldReader(kind: Kind, field: string): (object: ApiObject) => string | undefined {
  if (field === 'metadata.name') return (object) => object.metadata.name;
  if (field === 'metadata.namespace') return (object) => object.metadata.namespace;
  const reader = own(kind.selectableFields, field);
  if (reader) return reader;
  const known = ['metadata.name', 'metadata.namespace', ...Object.keys(kind.selectableFields)].join(', ');
  throw new OrchError(
    'BadRequest',
    `field label not supported: ${field.slice(0, 100)} (${kind.kind} can be selected by ${known})`,
  );
}

function parseLabelRequirement(term: string): LabelRequirement {
  if (term.startsWith('!')) return { key: checkedKey(term.slice(1).trim(), term), operator: 'absent' };
  const set = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(term);
  if (set) {
    const values = new Set((set[3] ?? '').split(',').map((value) => checkedValue(value.trim(), term)));
    return { key: checkedKey(set[1] ?? '', term), operator: set[2] === 'in' ? 'in' : 'notin', values };
  }
  const comparison = /^([^=!<>\s]+)\s*([<>])\s*([^=!<>\s]*)$/.exec(term);
  if (comparison) {
    const [, key = '', sign, number = ''] = comparison;
    if (!wholeNumber.test(number)) throw badRequirement(term, `"${number.slice(0, 100)}" is not a whole number`);
    return { key: checkedKey(key, term), operator: sign === '>' ? 'greater' : 'less', than: BigInt(number) };
  }
  const equality = /^([^=!\s]+)\s*(==|!=|=)\s*([^=!\s]*)$/.exec(term);
  if (equality) {
    const values = new Set([checkedValue(equality[3] ?? '', term)]);
    return { key: checkedKey(equality[1] ?? '', term), operator: equality[2] === '!=' ? 'notin' : 'in', values };
  }
  return { key: checkedKey(term, term), operator: 'exists' };
}

function checkedKey(key: string, term: string): string {
  if (!labelKey.test(key)) throw badRequirement(term, `"${key.slice(0, 100)}" is not a label's name`);
  return key;
}

function checkedValue(value: string, term: string): string {
  if (value.length > 63 || !labelValue.test(value)) {
    throw badRequirement(term, `"${value.slice(0, 100)}" is not a label's value`);
  }
  return value;
}

function badRequirement(term: string, problem: string): OrchError {
  return new OrchError(
    'BadRequest',
    `unable to parse requirement "${term.slice(0, 100)}": ${problem}; write a=b, a!=b, a in (b,c), a>1, a<9, a or !a`,
  );
}

function checkLength(text: string): void {
  if (text.length > maxSelectorLength) {
    throw new OrchError('BadRequest', `the selector is longer than ${maxSelectorLength} characters`);
  }
}

function splitOutsideParentheses(text: string): string[] {
  const terms: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at <= text.length; at += 1) {
    const character = text[at];
    if (character === '(') depth += 1;
    if (character === ')') depth -= 1;
    if (at === text.length || (character === ',' && depth === 0)) {
      terms.push(text.slice(start, at).trim());
      start = at + 1;
    }
  }
  return checkedTerms(terms);
}

function splitFieldTerms(text: string): string[] {
  return checkedTerms(text.split(/(?<!\\),/).map((term) => term.trim()));
}

/** Nothing selects everything, but an empty term between commas is a mistake. */
function checkedTerms(terms: string[]): string[] {
  if (terms.length > maxTerms) {
    throw new OrchError('BadRequest', `the selector has ${terms.length} terms, more than ${maxTerms}`);
  }
  return terms.length === 1 && terms[0] === '' ? [] : terms;
}

function unescapeValue(value: string): string {
  return value.replace(/\\([\\,=])/g, '$1');
}
