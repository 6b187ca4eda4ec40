import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { planJoinTokens } from '../../../src/app/join-token-file.js';
import { fileTokenLabel, formatJoinToken, type StoredJoinToken } from '../../../src/model/join-token.js';

const hour = 3_600_000;
const now = Date.parse('2026-01-01T00:00:00Z');
const secret = 'a-secret-that-is-long-enough';
const text = (id: string): string => `${formatJoinToken(id, secret)}\n`;
const tokenOf = (id: string, expiresInHours: number, isOfFile = true): StoredJoinToken =>
  ({
    metadata: { name: id, ...(isOfFile ? { labels: { [fileTokenLabel]: 'true' } } : {}) },
    spec: {
      tokenSha256: createHash('sha256').update(formatJoinToken(id, secret)).digest('hex'),
      expirationTimestamp: new Date(now + expiresInHours * hour).toISOString(),
    },
  }) as StoredJoinToken;

it('keeps a token in the file that is good for half a day at least', () => {
  expect(planJoinTokens(text('aa'), [tokenOf('aa', 20)], now)).toEqual({ writesFile: false, deletes: [] });
  expect(planJoinTokens(text('aa'), [tokenOf('aa', 12)], now)).toEqual({ writesFile: true, deletes: [] });
});

it('writes another one when that of the file was deleted, used up, forged, or is of an earlier version', () => {
  expect(planJoinTokens(text('aa'), [tokenOf('bb', 20)], now).writesFile).toBe(true);
  expect(planJoinTokens(`${formatJoinToken('aa', `${secret}x`)}\n`, [tokenOf('aa', 20)], now).writesFile).toBe(true);
  expect(planJoinTokens('join.c2lnbmF0dXJl\n', [tokenOf('aa', 20)], now).writesFile).toBe(true);
});

it('revokes the tokens of the file when the file is removed, and no others', () => {
  const tokens = [tokenOf('aa', 20), tokenOf('bb', 5), tokenOf('cc', 20, false)];
  expect(planJoinTokens(undefined, tokens, now)).toEqual({ writesFile: true, deletes: ['aa', 'bb'] });
});

it('removes what expired an hour ago', () => {
  const tokens = [tokenOf('aa', 20), tokenOf('bb', -2, false), tokenOf('cc', -0.5, false)];
  expect(planJoinTokens(text('aa'), tokens, now).deletes).toEqual(['bb']);
});
