import { describe, expect, it } from 'vitest';
import { configMapKind } from '../../../src/model/config-map.js';
import type { ApiObject } from '../../../src/model/api-object.js';
import type { JsonObject } from '../../../src/model/json.js';
import type { Kind } from '../../../src/model/kind.js';
import { secretKind } from '../../../src/model/secret.js';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

function causes(kind: Kind, object: object, old?: object): string[] {
  const whole = (part: object): ApiObject => ({ apiVersion: 'v1', kind: kind.kind, metadata: { name: 'x' }, ...part });
  return kind.validate(whole(object), old && whole(old)).map(({ field, message }) => `${field}: ${message}`);
}

describe('ConfigMap', () => {
  it('takes text, and bytes in base64', () => {
    expect(causes(configMapKind, { data: { a: 'ä\n' }, binaryData: { b: base64('\0\u0001') } })).toEqual([]);
    expect(causes(configMapKind, { binaryData: { b: 'no base64!' } })).toEqual([
      expect.stringMatching(/^binaryData\.b: is not base64/),
    ]);
  });

  it('refuses a key twice, keys that leave their folder, and more than 1 MiB', () => {
    expect(causes(configMapKind, { data: { a: 'x' }, binaryData: { a: '' } })).toEqual([
      'data[a]: the same key stands in binaryData: keep one',
    ]);
    expect(causes(configMapKind, { data: { '..': 'x', '.': 'y', '.ok': 'z' } })).toHaveLength(2);
    expect(causes(configMapKind, { data: { a: 'x'.repeat(2 ** 20) } })).toEqual([]);
    expect(causes(configMapKind, { data: { a: 'x'.repeat(2 ** 20), b: 'y' } })).toEqual([
      'data: must have at most 1048576 bytes together, not 1048577',
    ]);
  });

  it('keeps what is immutable, and lets its labels change', () => {
    const old = { immutable: true, data: { a: 'x' } };
    expect(causes(configMapKind, { ...old, metadata: { name: 'x', labels: { b: 'c' } } }, old)).toEqual([]);
    expect(causes(configMapKind, { immutable: true, data: { a: 'y' } }, old)).toEqual([
      expect.stringMatching(/^data: field is immutable/),
    ]);
    expect(causes(configMapKind, { data: { a: 'x' } }, old)).toEqual([expect.stringMatching(/^immutable: /)]);
  });
});

describe('Secret', () => {
  const normalized = (sent: JsonObject): JsonObject => secretKind.normalize?.(sent, false) ?? sent;

  it('encodes stringData into data, where it wins', () => {
    expect(normalized({ data: { a: 'eA==', b: 'eQ==' }, stringData: { b: 'ü', c: '' } })).toEqual({
      data: { a: 'eA==', b: base64('ü'), c: '' },
    });
    expect(normalized({ stringData: null })).toEqual({});
    expect(normalized({ stringData: { a: 5 } })).toEqual({ stringData: { a: 5 } }); // for the schema to refuse
  });

  it('names the type of a whole object, and leaves the one of a part that is applied alone', () => {
    expect(secretKind.normalize?.({ type: '' }, true)).toEqual({ type: 'Opaque' });
    expect(secretKind.normalize?.({}, false)).toEqual({});
  });

  it('takes base64 as the command prints it, in lines', () => {
    expect(causes(secretKind, { data: { a: `${base64('x'.repeat(57))}\n${base64('y')}\n` } })).toEqual([]);
  });

  it('never quotes a value that it refuses', () => {
    const secret = 'pa$$word';
    const told = [
      ...causes(secretKind, { data: { a: secret } }),
      ...causes(secretKind, {
        type: 'kubernetes.io/dockerconfigjson',
        data: { '.dockerconfigjson': base64(secret) },
      }),
    ];
    expect(told).toHaveLength(2);
    expect(told.join()).not.toContain('pa$$');
  });

  it('demands the keys of a type, and never changes the type', () => {
    const tls = { type: 'kubernetes.io/tls', data: { 'tls.crt': '', 'tls.key': '' } };
    expect(causes(secretKind, tls)).toEqual([]);
    expect(causes(secretKind, { ...tls, data: { 'tls.crt': '' } })).toEqual([
      expect.stringMatching(/^data\[tls\.key\]: a Secret of type kubernetes\.io\/tls needs tls\.crt and tls\.key/),
    ]);
    expect(causes(secretKind, { type: 'kubernetes.io/basic-auth', data: { password: '' } })).toEqual([]);
    expect(causes(secretKind, { type: 'kubernetes.io/basic-auth', data: {} })).toHaveLength(2);
    expect(causes(secretKind, { data: {} }, tls)).toEqual(['type: field is immutable: it is kubernetes.io/tls']);
    expect(causes(secretKind, { type: 'Opaque' }, {})).toEqual([]);
    expect(causes(secretKind, { type: 'kubernetes.io/service-account-token' })).toHaveLength(1);
  });
});
