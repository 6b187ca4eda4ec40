import { isJsonObject, type JsonObject, type JsonValue } from '../model/json.js';
import type { Kind } from '../model/kind.js';
import { isAllowed, verbs, type RouteAccess, type Subresource, type Verb } from './authorization.js';
import { adminIdentity, isNodeName, nodeIdentity, type Identity } from './identity.js';
import { isReadForTasks } from './node-scope.js';
import { verbsOf, type ServedResource } from './served-resource.js';

/**
 * Questions about permission, as `kubectl auth` asks them: they are answered from the rules that every route is checked
 * against, and never stored. All pure.
 */
export interface Review {
  resource: ServedResource;
  /** The status of what was asked. */
  answer: (identity: Identity, spec: JsonObject, resources: readonly ServedResource[]) => JsonObject;
  /** What others may do is told to admins only. */
  adminOnly?: boolean;
}

export const reviews: readonly Review[] = [
  { resource: reviewResource('authentication.k8s.io', 'SelfSubjectReview'), answer: whoAmI },
  { resource: reviewResource('authorization.k8s.io', 'SelfSubjectAccessReview'), answer: mayI },
  { resource: reviewResource('authorization.k8s.io', 'SelfSubjectRulesReview'), answer: whatMayI },
  { resource: reviewResource('authorization.k8s.io', 'SubjectAccessReview'), answer: mayThey, adminOnly: true },
  {
    resource: reviewResource('authorization.k8s.io', 'LocalSubjectAccessReview', true),
    answer: mayThey,
    adminOnly: true,
  },
];

function reviewResource(group: string, kindName: string, namespaced = false): ServedResource {
  const singular = kindName.toLowerCase();
  const kind: Kind = {
    group,
    version: 'v1',
    kind: kindName,
    plural: `${singular}s`,
    singular,
    shortNames: [],
    categories: [],
    namespaced,
    hasStatus: false,
    schema: { title: kindName, type: 'object' },
    columns: [],
    selectableFields: {},
    listKeys: {},
    validate: () => [],
  };
  return { kind, stored: kind, verbs: ['create'] };
}

function whoAmI(identity: Identity): JsonObject {
  const group = { admin: 'system:masters', node: 'system:nodes', join: 'system:bootstrappers' }[identity.role];
  return { userInfo: { username: identity.name, groups: [group, 'system:authenticated'] } };
}

function mayI(identity: Identity, spec: JsonObject, resources: readonly ServedResource[]): JsonObject {
  const wanted = spec['resourceAttributes'];
  const path = spec['nonResourceAttributes'];
  const allowed = isJsonObject(wanted)
    ? mayUse(identity, wanted, resources)
    : identity.role === 'admin' || (isJsonObject(path) && textOf(path['verb']) === 'get' && identity.role === 'node');
  return { allowed, ...(allowed ? {} : { reason: `"${identity.name}" has no permission for it` }) };
}

/** Of somebody else, by name or group. A name that no token here stands for may do nothing. */
function mayThey(_asker: Identity, spec: JsonObject, resources: readonly ServedResource[]): JsonObject {
  const user = textOf(spec['user']);
  const groups = Array.isArray(spec['groups']) ? spec['groups'] : [];
  const [, nodeName] = /^system:node:(.+)$/.exec(user) ?? [];
  const subject =
    user === adminIdentity.name || groups.includes('system:masters')
      ? adminIdentity
      : nodeName !== undefined && isNodeName(nodeName)
        ? nodeIdentity(nodeName, '')
        : undefined;
  if (subject) return mayI(subject, spec, resources);
  return { allowed: false, reason: `nobody here is called "${user.slice(0, 100)}"` };
}

function mayUse(identity: Identity, wanted: JsonObject, resources: readonly ServedResource[]): boolean {
  if (identity.role === 'admin') return true;
  const group = textOf(wanted['group']);
  const found = resources.find(({ kind }) => kind.plural === textOf(wanted['resource']) && kind.group === group);
  const [verb, subresource, name] = [wanted['verb'], wanted['subresource'], wanted['name']].map(textOf);
  if (!found || !isVerb(verb)) return false;
  // A question cannot say for which task; a request that does not say it is refused.
  if (isReadForTasks(identity, found.kind)) return false;
  const access: RouteAccess = { type: 'resource', kind: found.kind, verb };
  return isAllowed(
    identity,
    subresource ? { ...access, subresource: subresource as Subresource } : access,
    name || undefined,
  );
}

function whatMayI(identity: Identity, _spec: JsonObject, resources: readonly ServedResource[]): JsonObject {
  if (identity.role === 'admin') {
    return {
      resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
      nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
      incomplete: false,
    };
  }
  const rules = resources.flatMap((resource) => {
    const { kind } = resource;
    const rule = (name: string, may: readonly string[]): JsonObject[] =>
      may.length === 0 ? [] : [{ verbs: [...may], apiGroups: [kind.group], resources: [name] }];
    const may = (subresource?: Subresource): Verb[] =>
      verbs.filter((verb) =>
        isAllowed(identity, { type: 'resource', kind, verb, ...(subresource && { subresource }) }, undefined),
      );
    const known = verbsOf(resource);
    return [
      ...rule(
        kind.plural,
        may().filter((verb) => known.includes(verb)),
      ),
      ...(kind.hasStatus
        ? rule(
            `${kind.plural}/status`,
            may('status').filter((verb) => verb !== 'delete'),
          )
        : []),
    ];
  });
  return {
    resourceRules: rules,
    nonResourceRules: [
      { verbs: ['get'], nonResourceURLs: ['/api', '/api/*', '/apis', '/apis/*', '/openapi/*', '/version'] },
    ],
    // Which objects of these kinds are its own, rules cannot say.
    incomplete: true,
  };
}

function isVerb(verb: string | undefined): verb is Verb {
  return verbs.some((known) => known === verb);
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}
