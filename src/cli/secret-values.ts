import type { Stored } from '../model/api-object.js';
import { isJsonObject, type JsonValue } from '../model/json.js';
import type { Kind } from '../model/kind.js';
import { own } from '../support/own.js';

/** What may be shown of kinds with secret fields (Kind.secretFields): names and sizes, never values. All pure. */
const lastApplied = 'metadata.annotations.kubectl.kubernetes.io/last-applied-configuration';

/** Whether the path of a field leads into a secret one, or into kubectl's copy of the whole manifest. */
export function isSecretPath({ secretFields = [] }: Pick<Kind, 'secretFields'>, path: string): boolean {
  const isInside = (field: string): boolean => path === field || path.startsWith(`${field}.`);
  return secretFields.some(isInside) || (secretFields.length > 0 && path === lastApplied);
}

/** The object with sizes in place of secret values. */
export function withoutSecretValues({ secretFields = [] }: Pick<Kind, 'secretFields'>, object: Stored): Stored {
  const shown = object as Stored & Record<string, JsonValue | undefined>;
  const sizes = secretFields.flatMap((field) => {
    const values = own(shown, field);
    if (!isJsonObject(values)) return [];
    const sized = Object.entries(values).map(([key, value]) => [key, sizeOf(value)] as const);
    return [[field, Object.fromEntries(sized)] as const];
  });
  return { ...object, ...(Object.fromEntries(sizes) as object) };
}

function sizeOf(value: JsonValue): string {
  return typeof value === 'string' ? `${Buffer.byteLength(value.replace(/[\r\n]/g, ''), 'base64')} bytes` : '<hidden>';
}
