import { apiVersionOf, type Kind } from '../model/kind.js';
import { subresourcesOf, verbsOf, type ServedResource } from './served-resource.js';

/** What clients ask first: which groups, versions and kinds there are. Two shapes: aggregated (one answer) and legacy. */
export type DiscoveryVersion = 'v2' | 'v2beta1';

/** The Content-Type without whose parameters kubectl sees no groups at all. */
export function aggregatedContentType(version: DiscoveryVersion): string {
  return `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
}

/** The answer to GET /api (`core`) or GET /apis in one piece. */
export function aggregatedDiscovery(
  resources: readonly ServedResource[],
  core: boolean,
  version: DiscoveryVersion,
): object {
  const mine = resources.filter(({ kind }) => (kind.group === '') === core);
  const groups = [...new Set(mine.map(({ kind }) => kind.group))];
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: groups.map((group) => ({
      metadata: group === '' ? {} : { name: group },
      versions: versionsOf(mine, group).map((groupVersion) => ({
        version: groupVersion,
        freshness: 'Current',
        resources: mine
          .filter(({ kind }) => kind.group === group && kind.version === groupVersion)
          .map(aggregatedResource),
      })),
    })),
  };
}

function aggregatedResource(resource: ServedResource): object {
  const { kind } = resource;
  const responseKind = { group: kind.group, version: kind.version, kind: kind.kind };
  const subresources = subresourcesOf(resource);
  return {
    resource: kind.plural,
    responseKind,
    scope: kind.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: kind.singular,
    verbs: verbsOf(resource),
    ...(kind.shortNames.length > 0 ? { shortNames: kind.shortNames } : {}),
    ...(kind.categories.length > 0 ? { categories: kind.categories } : {}),
    ...(subresources.length > 0
      ? {
          subresources: subresources.map(({ name, verbs, kind: other }) => ({
            subresource: name,
            responseKind: other ?? responseKind,
            verbs,
          })),
        }
      : {}),
  };
}

/** The legacy answer to GET /api. */
export function apiVersions(): object {
  return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
}

/** The legacy answer to GET /apis. */
export function apiGroupList(resources: readonly ServedResource[]): object {
  const groups = [...new Set(resources.map(({ kind }) => kind.group))].filter((group) => group !== '');
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map((group) => groupOf(resources, group)) };
}

/** The answer to GET /apis/GROUP. */
export function apiGroup(resources: readonly ServedResource[], group: string): object {
  return { kind: 'APIGroup', apiVersion: 'v1', ...groupOf(resources, group) };
}

function groupOf(resources: readonly ServedResource[], group: string): object {
  const versions = versionsOf(resources, group).map((version) => ({ groupVersion: `${group}/${version}`, version }));
  return { name: group, versions, preferredVersion: versions[0] };
}

/** The answer to GET /api/v1 and GET /apis/GROUP/VERSION. Subresources come after their parent. */
export function apiResourceList(resources: readonly ServedResource[], group: string, version: string): object {
  const mine = resources.filter(({ kind }) => kind.group === group && kind.version === version);
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: apiVersionOf({ group, version }),
    resources: mine.flatMap((resource) => [
      {
        ...legacyResource(resource.kind, resource.kind.plural, verbsOf(resource)),
        ...(resource.kind.shortNames.length > 0 ? { shortNames: resource.kind.shortNames } : {}),
        ...(resource.kind.categories.length > 0 ? { categories: resource.kind.categories } : {}),
      },
      ...subresourcesOf(resource).map(({ name, verbs, kind }) => ({
        ...legacyResource(resource.kind, `${resource.kind.plural}/${name}`, verbs),
        singularName: '',
        ...kind,
      })),
    ]),
  };
}

function legacyResource(kind: Kind, name: string, verbs: readonly string[]): object {
  return { name, singularName: kind.singular, namespaced: kind.namespaced, kind: kind.kind, verbs };
}

/** Every group and version served, `{group, version}` each once. */
export function groupVersions(resources: readonly ServedResource[]): { group: string; version: string }[] {
  const seen = new Map(resources.map(({ kind }) => [apiVersionOf(kind), { group: kind.group, version: kind.version }]));
  return [...seen.values()];
}

function versionsOf(resources: readonly ServedResource[], group: string): string[] {
  return [...new Set(resources.filter(({ kind }) => kind.group === group).map(({ kind }) => kind.version))];
}
