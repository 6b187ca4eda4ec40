import { existsSync } from 'node:fs';
import type { Client } from '../client/client.js';
import type { ConnectionConfig } from '../client/kubeconfig.js';
import { defaultNamespace } from '../model/namespace.js';
import { OrchError } from '../support/errors.js';
import type { CliEnvironment, CommonOptions } from './cli.js';
import { defaultConfigPath } from './default-paths.js';

/** Who is asked, and on behalf of which namespace. */
export interface Connection {
  client: Client;
  namespace: string;
}

/** Which configuration is used, and because of what: --config, $ORCH_CONFIG, the default place. */
export function locateConfig(environment: CliEnvironment, options: CommonOptions): { path: string; because: string } {
  if (options.config !== undefined) return { path: options.config, because: '--config' };
  const fromEnvironment = environment.env['ORCH_CONFIG'];
  if (fromEnvironment) return { path: fromEnvironment, because: 'ORCH_CONFIG' };
  return { path: defaultConfigPath(environment.env), because: 'the default place' };
}

/** Rejects with what to do when there is no configuration. */
export async function readConfig(environment: CliEnvironment, options: CommonOptions): Promise<ConnectionConfig> {
  const { path, because } = locateConfig(environment, options);
  if (!existsSync(path)) {
    throw new OrchError(
      'BadRequest',
      because === 'the default place'
        ? `which manager? There is no configuration at ${path}: start one with \`orch up\`, or name a manager's kubeconfig with --config FILE or ORCH_CONFIG`
        : `there is no file ${path} (named by ${because})`,
    );
  }
  const { loadKubeconfig } = await import('../client/connect.js');
  return loadKubeconfig(path);
}

/** Runs `work` with a connection to the manager and closes it afterwards. */
export async function withConnection<T>(
  environment: CliEnvironment,
  options: CommonOptions,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const config = await readConfig(environment, options);
  const { createClient } = await import('../client/connect.js');
  const client = createClient({
    server: config.server,
    caPem: config.caPem,
    token: config.token,
    clock: environment.clock,
    userAgent: `orch/${environment.version ?? 'source'}`,
  });
  try {
    return await work({ client, namespace: options.namespace ?? config.namespace ?? defaultNamespace });
  } finally {
    await client.close();
  }
}
