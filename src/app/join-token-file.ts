/**
 * The file join-token of the manager's data folder: always a token that lets workers join, for a day from when it was written.
 * In: what the file and the store say; out: a new token once half of that day is over, or it counts no more. Also
 * removes join tokens that have expired.
 */
import { createHash } from 'node:crypto';
import {
  endOfToken,
  fileTokenLabel,
  formatJoinToken,
  joinTokenId,
  joinTokenKind,
  type JoinToken,
  type StoredJoinToken,
} from '../model/join-token.js';
import type { Registry } from '../registry/registry.js';
import { toTimestamp, type Clock, type Timer } from '../support/clock.js';
import { errorMessage, isOrchError } from '../support/errors.js';
import type { Logger } from '../support/logger.js';
import { readFileIfThere, writePrivateFile } from '../support/private-file.js';
import type { Random } from '../support/random.js';

const validMilliseconds = 86_400_000;
const lookEveryMilliseconds = 60_000;
/** An expired token stays this long, so that who tries it is told so. */
const expiredKeptMilliseconds = 3_600_000;

export interface JoinTokenFileOptions {
  path: string;
  registry: Registry;
  clock: Clock;
  random: Random;
  logger: Logger;
}

/** What is to be done about the tokens that there are. */
export interface JoinTokenPlan {
  writesFile: boolean;
  /** Names of JoinTokens. */
  deletes: string[];
}

/**
 * `fileText` is what the file holds; undefined when it is not there: then the tokens that were ever written to it
 * are revoked, since whoever removes it wants that. Pure.
 */
export function planJoinTokens(
  fileText: string | undefined,
  tokens: readonly StoredJoinToken[],
  now: number,
): JoinTokenPlan {
  const ofFile = fileText === undefined ? undefined : tokens.find((token) => isTokenOf(fileText.trim(), token));
  const left = ofFile && endOfToken(ofFile, now) === undefined ? expiryOf(ofFile) - now : 0;
  const deletes = tokens.filter(
    (token) =>
      expiryOf(token) + expiredKeptMilliseconds <= now ||
      (fileText === undefined && token.metadata.labels?.[fileTokenLabel] !== undefined),
  );
  return { writesFile: left <= validMilliseconds / 2, deletes: deletes.map(({ metadata }) => metadata.name) };
}

/** Resolves when the file holds a token. Then it looks once a minute until it is stopped. */
export async function keepJoinTokenFile(options: JoinTokenFileOptions): Promise<{ stop(): Promise<void> }> {
  const { clock, logger } = options;
  let timer: Timer;
  let looking = Promise.resolve();
  let isStopped = false;
  const look = async (): Promise<void> => {
    await sync(options).catch((error: unknown) =>
      logger.error('join tokens not looked after, will try again', { error: errorMessage(error) }),
    );
    if (!isStopped) arm();
  };
  const arm = (): void => {
    timer = clock.setTimer(() => void (looking = look()), lookEveryMilliseconds);
  };
  await sync(options);
  arm();
  return {
    stop: () => {
      isStopped = true;
      timer.cancel();
      return looking;
    },
  };
}

async function sync(options: JoinTokenFileOptions): Promise<void> {
  const { path, registry, clock, random, logger } = options;
  const { items } = await registry.list<JoinToken>(joinTokenKind);
  const { writesFile, deletes } = planJoinTokens(await readFileIfThere(path), items, clock.now());
  for (const name of deletes) {
    await registry.delete(joinTokenKind, { name }).catch((error: unknown) => {
      if (!isOrchError(error, 'NotFound')) throw error;
    });
  }
  if (!writesFile) return;
  const name = randomId(random);
  const token = formatJoinToken(name, Buffer.from(random.bytes(32)).toString('base64url'));
  const expirationTimestamp = toTimestamp(clock.now() + validMilliseconds);
  await registry.create<JoinToken>(joinTokenKind, {
    apiVersion: 'orch.dev/v1',
    kind: 'JoinToken',
    metadata: { name, labels: { [fileTokenLabel]: 'true' } },
    spec: { tokenSha256: sha256(token), expirationTimestamp },
  });
  await writePrivateFile(path, `${token}\n`);
  logger.info('join token written', { path, token: name, expirationTimestamp });
}

function isTokenOf(text: string, { metadata, spec }: StoredJoinToken): boolean {
  return joinTokenId(text) === metadata.name && sha256(text) === spec.tokenSha256;
}

function expiryOf({ spec }: StoredJoinToken): number {
  return Date.parse(spec.expirationTimestamp);
}

function randomId(random: Random): string {
  return Buffer.from(random.bytes(8)).toString('hex').slice(0, 10);
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
