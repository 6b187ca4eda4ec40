import type { ErrorCause } from '../support/errors.js';
import { canonicalJson } from './json.js';

/** The rules that ConfigMap and Secret share: values under keys, bounded, and closed to changes on request. All pure. */
const maxTotalBytes = 2 ** 20;

type Values = Readonly<Record<string, string>> | undefined;

/** Why `text` is not base64; undefined when it is. Line breaks are allowed, as `base64` prints them. */
export function base64Problem(text: string): string | undefined {
  const compact = text.replace(/[\r\n]/g, '');
  if (Buffer.from(compact, 'base64').toString('base64') === compact) return undefined;
  return 'is not base64: encode the value (printf %s VALUE | base64)';
}

/** `.` and `..` would leave the folder that a key becomes a file of. */
export function keyCauses(field: string, values: Values): ErrorCause[] {
  return Object.keys(values ?? {})
    .filter((key) => key === '.' || key.startsWith('..'))
    .map((key) => ({
      reason: 'FieldValueInvalid',
      field: `${field}[${key}]`,
      message: 'a key may not be "." nor begin with ".."',
    }));
}

export function base64Causes(field: string, values: Values): ErrorCause[] {
  return Object.entries(values ?? {}).flatMap(([key, value]) => {
    const problem = base64Problem(value);
    return problem === undefined ? [] : [{ reason: 'FieldValueInvalid', field: `${field}.${key}`, message: problem }];
  });
}

/** `sizes` are the bytes of every value, decoded. */
export function sizeCauses(field: string, sizes: readonly number[]): ErrorCause[] {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total <= maxTotalBytes) return [];
  const message = `must have at most ${maxTotalBytes} bytes together, not ${total}`;
  return [{ reason: 'FieldValueTooLong', field, message }];
}

/** What an immutable object refuses: to become mutable, and other values. */
export function immutableCauses<T extends { immutable?: boolean }>(
  object: T,
  old: T | undefined,
  fields: readonly (keyof T & string)[],
): ErrorCause[] {
  if (old?.immutable !== true) return [];
  const changed = [...(object.immutable === true ? [] : ['immutable']), ...fields.filter(isDifferent)];
  const message = 'field is immutable when `immutable` is set: delete the object and make a new one';
  return changed.map((field) => ({ reason: 'FieldValueForbidden', field, message }));

  function isDifferent(field: keyof T): boolean {
    return canonicalJson(object[field] ?? {}) !== canonicalJson(old?.[field] ?? {});
  }
}
