import type { Command } from 'commander';
import { isJsonObject } from '../model/json.js';
import { isOrchError, OrchError } from '../support/errors.js';
import type { Cli, CommonOptions } from './cli.js';
import { withConnection } from './connection.js';
import { toYaml } from './output-format.js';

interface VersionOptions {
  client?: boolean;
  output?: string;
}

export function defineVersion(command: Command, cli: Cli): void {
  command
    .option('--client', 'of this command only; asks no manager')
    .option('-o, --output <format>', 'json or yaml')
    .addHelpText('after', '\nExamples:\n  orch version\n  orch version --client -o json');
  cli.run<VersionOptions>(command, async (_operands, options) => {
    const client = { orch: cli.environment.version ?? 'source', node: process.version };
    const server = options.client ? undefined : await askServer(cli, options);
    if (options.output === 'json') cli.print(JSON.stringify({ client, ...(server ? { server } : {}) }, null, 2));
    else if (options.output === 'yaml') cli.print((await toYaml({ client, ...(server ? { server } : {}) })).trimEnd());
    else if (options.output === undefined) {
      cli.print(`orch     ${client.orch} (Node ${client.node})`);
      if (server) cli.print(`manager  ${server}`);
    } else throw new OrchError('BadRequest', `-o ${options.output}: choose json or yaml`);
    return server === undefined && !options.client ? 1 : 0;
  });
}

/** The version of the manager, or undefined when none answers: then a note has been printed. */
async function askServer(cli: Cli, options: CommonOptions): Promise<string | undefined> {
  try {
    return await withConnection(cli.environment, options, async ({ client }) => {
      const response = await client.request({ method: 'GET', path: '/version' });
      const body: unknown = JSON.parse(await response.text());
      const version = isJsonObject(body) ? body['gitVersion'] : undefined;
      return typeof version === 'string' ? version : 'unknown';
    });
  } catch (error) {
    if (!isOrchError(error)) throw error;
    cli.note(`manager  not reached: ${error.message}`);
    return undefined;
  }
}
