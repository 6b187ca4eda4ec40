import { whyNoServices } from '../model/absent-kinds.js';
import type { Kind } from '../model/kind.js';
import { servedAsStored, type ServedResource } from './served-resource.js';

/**
 * core/v1 Services, of which there are none: nobody can write one. They are served because clients ask for them whatever
 * they are about (`kubectl cluster-info`, k9s, Headlamp) and take "no such kind" for a broken server, and because who makes
 * one is to be told what to do instead.
 */
const serviceKind: Kind = {
  group: '',
  version: 'v1',
  kind: 'Service',
  plural: 'services',
  singular: 'service',
  shortNames: ['svc'],
  categories: [],
  namespaced: true,
  hasStatus: false,
  writtenBySystem: whyNoServices,
  schema: {
    title: 'Service',
    type: 'object',
    description: `Kubernetes' Service. None can be made: ${whyNoServices}.`,
  },
  columns: [],
  selectableFields: {},
  listKeys: {},
  validate: () => [],
};

export const servicesResource: ServedResource = {
  ...servedAsStored(serviceKind),
  verbs: ['get', 'list', 'watch'],
};
