import type { Client } from '../../src/client/client.js';
import type { Registry } from '../../src/registry/registry.js';

/** What users ask a manager for. */
export type UserApi = {
  [Call in 'apply' | 'patch' | 'delete']: (...call: Parameters<Client[Call]>) => Promise<unknown>;
};

/** A registry as the API serves it to users, without HTTP. */
export function registryForUsers(registry: Registry): UserApi {
  return {
    apply: (kind, key, object, options) => registry.apply(kind, key, object, options),
    patch: (kind, key, body) => registry.patch(kind, key, { type: 'merge', body }),
    delete: (kind, key, { gracePeriodSeconds } = {}) =>
      registry.delete(kind, key, gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
  };
}
