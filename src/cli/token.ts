import { createHash } from 'node:crypto';
import type { Command } from 'commander';
import { formatJoinToken, joinTokenKind, type JoinToken } from '../model/join-token.js';
import { toTimestamp } from '../support/clock.js';
import { OrchError } from '../support/errors.js';
import type { Cli, CommonOptions } from './cli.js';
import { collect } from './collect.js';
import { withConnection } from './connection.js';
import { parseLabels } from './daemon-flags.js';
import { parseDuration, parseWhole } from './parse-duration.js';

interface TokenOptions extends CommonOptions {
  ttl: string;
  node?: string;
  labels?: string[];
  uses?: string;
}

export function defineToken(command: Command, cli: Cli): void {
  command
    .argument('<action>', 'create, list or delete')
    .argument('[ids...]', 'which tokens `delete` revokes: the ID in join-ID.SECRET')
    .option('--ttl <time>', '`create`: for how long workers may join with it', '24h')
    .option('--node <name>', '`create`: the only name that a worker may join under')
    .option('--labels <key=value>', '`create`: labels that the nodes get; repeat, or separate with commas', collect)
    .option('--uses <number>', '`create`: how many workers may join with it (default: any number)')
    .addHelpText(
      'after',
      `
A worker joins with such a token once; then it has a certificate of its own, which it renews by itself. To revoke a token
puts nobody out who has joined: delete the node for that. The manager stores a hash of each token, so \`create\` is the only
time that it is shown.

The manager also keeps a token in the file join-token of its data folder: for any name, without labels, for 12 to 24 hours.

Examples:
  orch token create --node db-1 --labels disk=ssd,zone=a --uses 1 > join-token
  orch worker --manager https://10.0.0.5:7443 --ca-file ca.crt --join-token-file join-token --name db-1
  orch token list
  orch token delete 3f9c2ab7d1`,
    );
  cli.run<TokenOptions>(command, async ([action = '', ...ids], options) => {
    if (action === 'create' && ids.length === 0) return create(cli, options);
    if (action === 'list' && ids.length === 0) return list(cli, options);
    if (action === 'delete' && ids.length > 0) return revoke(cli, ids, options);
    throw new OrchError('BadRequest', 'write `orch token create`, `orch token list` or `orch token delete ID`');
  });
}

async function create(cli: Cli, options: TokenOptions): Promise<void> {
  const { clock, random } = cli.environment;
  const milliseconds = parseDuration(options.ttl, '--ttl');
  if (milliseconds < 1000) throw new OrchError('BadRequest', `--ttl ${options.ttl}: write a time of at least 1s`);
  const labels = parseLabels(options.labels);
  const name = Buffer.from(random.bytes(8)).toString('hex').slice(0, 10);
  const token = formatJoinToken(name, Buffer.from(random.bytes(32)).toString('base64url'));
  const object: JoinToken = {
    apiVersion: 'orch.dev/v1',
    kind: 'JoinToken',
    metadata: { name },
    spec: {
      tokenSha256: createHash('sha256').update(token).digest('hex'),
      expirationTimestamp: toTimestamp(clock.now() + milliseconds),
      ...(options.node === undefined ? {} : { nodeName: options.node }),
      ...(Object.keys(labels).length === 0 ? {} : { labels }),
      ...(options.uses === undefined ? {} : { uses: parseWhole(options.uses, '--uses', 1, 100_000) }),
    },
  };
  await withConnection(cli.environment, options, async ({ client }) => {
    await client.create(joinTokenKind, object, { fieldManager: 'orch-cli' });
  });
  cli.print(token);
}

async function list(cli: Cli, options: TokenOptions): Promise<void> {
  const { getTables } = await import('./get-tables.js');
  await withConnection(cli.environment, options, async (connection) => {
    await getTables(cli, connection, [{ kind: joinTokenKind }], { headers: true }, false);
  });
}

async function revoke(cli: Cli, ids: readonly string[], options: TokenOptions): Promise<void> {
  await withConnection(cli.environment, options, async ({ client }) => {
    for (const word of ids) {
      // Whoever has the whole token at hand may give that.
      const name = /^join-([a-z0-9-]+)\./.exec(word)?.[1] ?? word;
      await client.delete(joinTokenKind, { name });
      cli.print(`join token ${name} deleted`);
    }
  });
}
