import schema from '../../schemas/secret.schema.json' with { type: 'json' };
import type { ErrorCause } from '../support/errors.js';
import type { ApiObject } from './api-object.js';
import type { Secret } from './generated/secret.js';
import { isJsonObject, type JsonObject } from './json.js';
import { base64Causes, immutableCauses, keyCauses, sizeCauses } from './keyed-data.js';
import type { Kind } from './kind.js';
import { own } from '../support/own.js';

export type { Secret } from './generated/secret.js';

const asSecret = (object: ApiObject): Secret => object as Secret;

const defaultType = 'Opaque';

/** Keys that a type demands, all of them or one of them; they are Kubernetes' own. */
const demandedKeys: Readonly<Record<string, { keys: readonly string[]; oneIsEnough?: boolean }>> = {
  'kubernetes.io/dockercfg': { keys: ['.dockercfg'] },
  'kubernetes.io/dockerconfigjson': { keys: ['.dockerconfigjson'] },
  'kubernetes.io/basic-auth': { keys: ['username', 'password'], oneIsEnough: true },
  'kubernetes.io/ssh-auth': { keys: ['ssh-privatekey'] },
  'kubernetes.io/tls': { keys: ['tls.crt', 'tls.key'] },
};

/** Types whose first key holds JSON. */
const jsonTypes: readonly string[] = ['kubernetes.io/dockercfg', 'kubernetes.io/dockerconfigjson'];

export const secretKind: Kind = {
  group: '',
  version: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  singular: 'secret',
  shortNames: [],
  categories: [],
  namespaced: true,
  hasStatus: false,
  schema: schema,
  columns: [
    { name: 'TYPE', type: 'string', description: 'What it is for.', value: (object) => typeOf(asSecret(object)) },
    {
      name: 'DATA',
      type: 'integer',
      description: 'How many values it has.',
      value: (object) => Object.keys(asSecret(object).data ?? {}).length,
    },
  ],
  selectableFields: { type: (object) => typeOf(asSecret(object)) },
  listKeys: {},
  secretFields: ['data', 'stringData'],
  normalize: (sent, isWhole) => (isWhole ? withType(foldStringData(sent)) : foldStringData(sent)),
  validate: (object, old) => {
    const secret = asSecret(object);
    const { data = {} } = secret;
    const causes = [
      ...keyCauses('data', data),
      ...base64Causes('data', data),
      ...sizeCauses(
        'data',
        Object.values(data).map((text) => Buffer.byteLength(text, 'base64')),
      ),
      ...immutableCauses(secret, old && asSecret(old), ['data']),
      ...typeCauses(secret, old && asSecret(old)),
    ];
    return causes.length > 0 ? causes : contentCauses(secret);
  },
};

/** stringData is for writing only: each of its values becomes one of data. What is malformed stays, to be refused. */
function foldStringData(sent: JsonObject): JsonObject {
  const { stringData, ...rest } = sent;
  if (stringData === undefined) return sent;
  if (stringData === null) return rest;
  const data = rest['data'] ?? {};
  if (!isJsonObject(stringData) || !isJsonObject(data)) return sent;
  const values = Object.entries(stringData);
  if (values.some(([, value]) => typeof value !== 'string')) return sent;
  const encoded = values.map(([key, value]) => [key, Buffer.from(value as string, 'utf8').toString('base64')]);
  return { ...rest, data: { ...data, ...(Object.fromEntries(encoded) as JsonObject) } };
}

function withType(sent: JsonObject): JsonObject {
  const { type } = sent;
  return type === undefined || type === null || type === '' ? { ...sent, type: defaultType } : sent;
}

function typeOf(secret: Secret): string {
  return secret.type === undefined || secret.type === '' ? defaultType : secret.type;
}

function typeCauses(secret: Secret, old: Secret | undefined): ErrorCause[] {
  const type = typeOf(secret);
  if (old && typeOf(old) !== type) {
    return [{ reason: 'FieldValueInvalid', field: 'type', message: `field is immutable: it is ${typeOf(old)}` }];
  }
  if (type !== 'kubernetes.io/service-account-token') return [];
  const message = 'this type is filled in by the server for ServiceAccounts, which orch does not have';
  return [{ reason: 'FieldValueNotSupported', field: 'type', message }];
}

function contentCauses(secret: Secret): ErrorCause[] {
  const type = typeOf(secret);
  const data = secret.data ?? {};
  const demanded = own(demandedKeys, type);
  if (!demanded) return [];
  const missing = demanded.keys.filter((key) => !Object.hasOwn(data, key));
  if (demanded.oneIsEnough ? missing.length === demanded.keys.length : missing.length > 0) {
    return missing.map((key) => ({
      reason: 'FieldValueRequired',
      field: `data[${key}]`,
      message: `a Secret of type ${type} needs ${demanded.keys.join(demanded.oneIsEnough ? ' or ' : ' and ')}`,
    }));
  }
  const [key = ''] = demanded.keys;
  if (!jsonTypes.includes(type) || isJson(own(data, key) ?? '')) return [];
  // The value itself is secret, so the parser's words (which quote it) are not told.
  return [{ reason: 'FieldValueInvalid', field: `data[${key}]`, message: 'must hold JSON, and does not' }];
}

function isJson(base64: string): boolean {
  try {
    return isJsonObject(JSON.parse(Buffer.from(base64, 'base64').toString('utf8')));
  } catch {
    return false;
  }
}
