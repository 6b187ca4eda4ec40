import schema from '../../schemas/join-token.schema.json' with { type: 'json' };
import type { ErrorCause } from '../support/errors.js';
import type { ApiObject, Stored } from './api-object.js';
import type { JoinToken } from './generated/join-token.js';
import { canonicalJson } from './json.js';
import type { Kind } from './kind.js';

export type { JoinToken, JoinTokenSpec } from './generated/join-token.js';
export type StoredJoinToken = Stored<JoinToken>;

const asToken = (object: ApiObject): JoinToken => object as JoinToken;

/** Set on the tokens that the manager keeps in the file join-token of its data folder. */
export const fileTokenLabel = 'orch.dev/join-token-file';

/** RFC 3339 in UTC, as all timestamps are written. */
const timestampPattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/;
const prefix = 'join-';

export const joinTokenKind: Kind = {
  group: 'orch.dev',
  version: 'v1',
  kind: 'JoinToken',
  plural: 'jointokens',
  singular: 'jointoken',
  shortNames: ['jt'],
  categories: [],
  namespaced: false,
  hasStatus: true,
  schema: schema,
  columns: [
    {
      name: 'NODE',
      type: 'string',
      description: 'The only name that a worker may join under.',
      value: (object) => asToken(object).spec.nodeName ?? '<any>',
    },
    {
      name: 'LABELS',
      type: 'string',
      description: 'What the nodes of its workers are labelled with.',
      value: (object) => labelText(asToken(object).spec.labels),
    },
    {
      name: 'USED',
      type: 'string',
      description: 'How many workers have joined with it, of how many.',
      value: (object) => `${usedOf(asToken(object))}/${asToken(object).spec.uses ?? 'any'}`,
    },
    {
      name: 'EXPIRES',
      type: 'string',
      description: 'From when on nobody joins with it.',
      value: (object) => asToken(object).spec.expirationTimestamp,
    },
  ],
  selectableFields: { 'spec.nodeName': (object) => asToken(object).spec.nodeName },
  listKeys: {},
  validate(object, old) {
    const { spec } = asToken(object);
    const causes: ErrorCause[] = [];
    if (!timestampPattern.test(spec.expirationTimestamp) || Number.isNaN(Date.parse(spec.expirationTimestamp))) {
      const message = 'must be a time in UTC such as 2026-01-31T12:00:00Z';
      causes.push({ reason: 'FieldValueInvalid', field: 'spec.expirationTimestamp', message });
    }
    if (old && canonicalJson(asToken(old).spec) !== canonicalJson(spec)) {
      const message = 'field is immutable: delete the token and create another';
      causes.push({ reason: 'FieldValueInvalid', field: 'spec', message });
    }
    return causes;
  },
};

/** The token of the object with this name: what is handed to a worker. `secret` is of the alphabet of base64url. */
export function formatJoinToken(id: string, secret: string): string {
  return `${prefix}${id}.${secret}`;
}

/** The id in what may be a join token; undefined for every other text. */
export function joinTokenId(token: string): string | undefined {
  return /^join-([a-z0-9][a-z0-9-]{0,61}[a-z0-9])\.[A-Za-z0-9_-]{16,128}$/.exec(token)?.[1];
}

export type TokenEnd = 'deleted' | 'expired' | 'usedUp';

/** Why nobody joins with it any more, or undefined while somebody may. Pure. */
export function endOfToken({ metadata, spec, status }: JoinToken, now: number): TokenEnd | undefined {
  // A finalizer may keep what was deleted.
  if (metadata.deletionTimestamp !== undefined) return 'deleted';
  if (Date.parse(spec.expirationTimestamp) <= now) return 'expired';
  return spec.uses !== undefined && (status?.used ?? 0) >= spec.uses ? 'usedUp' : undefined;
}

/** What is told to whoever holds a token that has ended. Pure. */
export function tokenEndMessage({ metadata, spec }: JoinToken, end: TokenEnd): string {
  const how =
    end === 'deleted'
      ? 'was deleted'
      : end === 'expired'
        ? `expired at ${spec.expirationTimestamp}`
        : `is used up (${spec.uses})`;
  return `the join token "${metadata.name}" ${how}: make another one with \`orch token create\``;
}

function usedOf(token: JoinToken): number {
  return token.status?.used ?? 0;
}

function labelText(labels: Readonly<Record<string, string>> = {}): string {
  const texts = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
  return texts.length === 0 ? '<none>' : texts.join(',');
}
