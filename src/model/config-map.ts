import schema from '../../schemas/config-map.schema.json' with { type: 'json' };
import type { ApiObject } from './api-object.js';
import type { ConfigMap } from './generated/config-map.js';
import { base64Causes, immutableCauses, keyCauses, sizeCauses } from './keyed-data.js';
import type { Kind } from './kind.js';

export type { ConfigMap } from './generated/config-map.js';

const asConfigMap = (object: ApiObject): ConfigMap => object as ConfigMap;

export const configMapKind: Kind = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  singular: 'configmap',
  shortNames: ['cm'],
  categories: [],
  namespaced: true,
  hasStatus: false,
  schema: schema,
  columns: [
    {
      name: 'DATA',
      type: 'integer',
      description: 'How many values it has.',
      value: (object) => {
        const { data = {}, binaryData = {} } = asConfigMap(object);
        return Object.keys(data).length + Object.keys(binaryData).length;
      },
    },
  ],
  selectableFields: {},
  listKeys: {},
  validate: (object, old) => {
    const map = asConfigMap(object);
    const { data = {}, binaryData = {} } = map;
    return [
      ...keyCauses('data', data),
      ...keyCauses('binaryData', binaryData),
      ...Object.keys(data)
        .filter((key) => Object.hasOwn(binaryData, key))
        .map((key) => ({
          reason: 'FieldValueInvalid',
          field: `data[${key}]`,
          message: 'the same key stands in binaryData: keep one',
        })),
      ...base64Causes('binaryData', binaryData),
      ...sizeCauses('data', [
        ...Object.values(data).map((text) => Buffer.byteLength(text)),
        ...Object.values(binaryData).map((text) => Buffer.byteLength(text, 'base64')),
      ]),
      ...immutableCauses(map, old && asConfigMap(old), ['data', 'binaryData']),
    ];
  },
};
