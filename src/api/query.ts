import { OrchError } from '../support/errors.js';
import type { ListOptions, WriteOptions } from '../registry/registry.js';
import type { IncludeObject } from './table.js';
import { own } from '../support/own.js';

/** A query string as Node's simple parser leaves it: a parameter given twice is a list. */
export type Query = Readonly<Record<string, string | string[] | undefined>>;

const maxSelectorLength = 8192;

/** One value of a parameter; the last one when it is given several times. */
export function queryValue(query: Query, name: string): string | undefined {
  const value = own(query, name);
  return Array.isArray(value) ? value.at(-1) : value;
}

export function queryValues(query: Query, name: string): string[] {
  const value = own(query, name);
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}

/** `true`, `1` and a bare `?follow` are true, as Go's clients send them, and Python's `True`. Throws BadRequest for other words. */
export function queryFlag(query: Query, name: string): boolean {
  const value = queryValue(query, name);
  const word = value?.toLowerCase();
  if (value === undefined || word === 'false' || word === '0') return false;
  if (word === 'true' || word === '1' || word === '') return true;
  throw new OrchError('BadRequest', `the query parameter ${name} must be true or false, not "${shorten(value)}"`);
}

/** A whole number of at least 0, or undefined without the parameter. */
export function queryInteger(query: Query, name: string): number | undefined {
  const value = queryValue(query, name);
  if (value === undefined || value === '') return undefined;
  const number = Number(value);
  if (!/^\d{1,15}$/.test(value) || !Number.isSafeInteger(number)) {
    throw new OrchError(
      'BadRequest',
      `the query parameter ${name} must be a whole number of at least 0, not "${shorten(value)}"`,
    );
  }
  return number;
}

/** Selectors and paging of LIST. limit=0 means no limit. */
export function listOptions(query: Query, namespace: string | undefined): ListOptions {
  const labelSelector = selector(query, 'labelSelector');
  const fieldSelector = selector(query, 'fieldSelector');
  const limit = queryInteger(query, 'limit');
  const continueToken = queryValue(query, 'continue');
  return {
    ...(namespace === undefined ? {} : { namespace }),
    ...(labelSelector ? { labelSelector } : {}),
    ...(fieldSelector ? { fieldSelector } : {}),
    ...(limit ? { limit } : {}),
    ...(continueToken ? { continueToken } : {}),
  };
}

function selector(query: Query, name: string): string | undefined {
  const value = queryValue(query, name);
  if (value !== undefined && value.length > maxSelectorLength) {
    throw new OrchError('BadRequest', `the query parameter ${name} is longer than ${maxSelectorLength} characters`);
  }
  return value;
}

/** dryRun, fieldManager (else the User-Agent's first word) and fieldValidation (else Warn) of a write. */
export function writeOptions(query: Query, userAgent: string | undefined, source: string): WriteOptions {
  const validation = queryValue(query, 'fieldValidation') ?? 'Warn';
  if (validation !== 'Strict' && validation !== 'Warn' && validation !== 'Ignore') {
    throw new OrchError('BadRequest', `fieldValidation must be Strict, Warn or Ignore, not "${shorten(validation)}"`);
  }
  return {
    fieldManager: fieldManager(query, userAgent),
    dryRun: isDryRun(queryValues(query, 'dryRun')),
    fieldValidation: validation,
    source,
  };
}

function fieldManager(query: Query, userAgent: string | undefined): string {
  const given = queryValue(query, 'fieldManager');
  if (given !== undefined && (given.length > 128 || !/^[\x20-\x7e]*$/.test(given))) {
    throw new OrchError('BadRequest', 'fieldManager must be at most 128 printable characters');
  }
  const fromAgent = (userAgent ?? '')
    .split('/')[0]
    ?.replace(/[^\x20-\x7e]/g, '')
    .slice(0, 128);
  return given || fromAgent || 'unknown';
}

/** The values of dryRun: none, or All. Throws BadRequest for others, because a typo must not write. */
export function isDryRun(values: readonly string[]): boolean {
  const unknown = values.find((value) => value !== 'All');
  if (unknown !== undefined) throw new OrchError('BadRequest', `dryRun must be All, not "${shorten(unknown)}"`);
  return values.length > 0;
}

export function includeObject(query: Query): IncludeObject {
  const value = queryValue(query, 'includeObject') ?? 'Metadata';
  if (value === 'None' || value === 'Metadata' || value === 'Object') return value;
  throw new OrchError('BadRequest', `includeObject must be None, Metadata or Object, not "${shorten(value)}"`);
}

export function shorten(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 80)}...`;
}
