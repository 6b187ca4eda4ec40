import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { JsonValue } from '../model/json.js';
import { isJsonObject } from '../model/json.js';
import { OrchError } from '../support/errors.js';
import type { Cli } from './cli.js';
import { locateConfig, readConfig } from './connection.js';
import { toYaml } from './output-format.js';

export function defineConfig(command: Command, cli: Cli): void {
  command.argument('[what]', 'path (the default), view or current').addHelpText(
    'after',
    `
  path      where the configuration is that orch uses: --config, else $ORCH_CONFIG, else the default place
  view      what is in it, with the token hidden
  current   the manager and the namespace that commands work on

Examples:
  orch config path
  export KUBECONFIG=$(orch config path)       # kubectl on the same manager`,
  );
  cli.run(command, async ([what = 'path'], options) => {
    const { path, because } = locateConfig(cli.environment, options);
    switch (what) {
      case 'path':
        cli.print(resolve(path));
        return;
      case 'view': {
        await readConfig(cli.environment, options);
        const { readKubeconfig } = await import('../client/connect.js');
        cli.print((await toYaml(hideSecrets(await readKubeconfig(path)))).trimEnd());
        return;
      }
      case 'current': {
        const config = await readConfig(cli.environment, options);
        cli.print(`manager:    ${config.server}`);
        cli.print(`namespace:  ${options.namespace ?? config.namespace ?? 'default'}`);
        cli.print(`from:       ${resolve(path)} (${because})`);
        return;
      }
      default:
        throw new OrchError('BadRequest', `orch config ${what}: choose path, view or current`);
    }
  });
}

const secretFields = new Set(['token', 'client-key-data', 'password', 'id-token', 'refresh-token']);

/** A kubeconfig without what must not be seen (tokens, keys, passwords) and what nobody reads (certificates). */
export function hideSecrets(config: JsonValue): JsonValue {
  if (Array.isArray(config)) return config.map(hideSecrets);
  if (!isJsonObject(config)) return config;
  return Object.fromEntries(
    Object.entries(config).map(([field, value]) => [
      field,
      secretFields.has(field) ? 'HIDDEN' : field === 'certificate-authority-data' ? 'DATA+OMITTED' : hideSecrets(value),
    ]),
  );
}
