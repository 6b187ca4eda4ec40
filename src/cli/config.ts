import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { OrchError } from '../support/errors.js';
import type { Cli } from './cli.js';
import { locateConfig, readConfig } from './connection.js';

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
      case 'view':
        await readConfig(cli.environment, options);
        cli.print(hideSecrets(await readFile(path, 'utf8')).trimEnd());
        return;
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

/** A kubeconfig without what must not be seen (tokens, keys, passwords) and what nobody reads (certificates). */
export function hideSecrets(text: string): string {
  const withoutData = text.replaceAll(/^(\s*certificate-authority-data\s*:\s*)\S.*$/gm, '$1DATA+OMITTED');
  return withoutData.replaceAll(
    /^(\s*(?:-\s+)?["']?(?:token|client-key-data|password|id-token|refresh-token)["']?\s*:\s*)\S.*$/gm,
    '$1HIDDEN',
  );
}
