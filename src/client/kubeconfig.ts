import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { JsonObject } from '../model/json.js';
import { isJsonObject } from '../model/json.js';
import { errorMessage, OrchError } from '../support/errors.js';
import { own } from '../support/own.js';

/** Where a manager is and how to prove who we are: what a kubeconfig says of its current context. */
export interface ConnectionConfig {
  server: string;
  caPem: string;
  token: string;
  /** Of the context; 'default' is meant when absent. */
  namespace?: string;
}

/** Reads a kubeconfig file. Paths within it are relative to its folder. Rejects with what is missing and where. */
export async function loadKubeconfig(path: string): Promise<ConnectionConfig> {
  return parseKubeconfig(await readText(path), { name: path, folder: dirname(resolve(path)) });
}

/** All that a kubeconfig file says, secrets too. Rejects when it cannot be read or is no mapping. */
export async function readKubeconfig(path: string): Promise<JsonObject> {
  return parseYaml(await readText(path), failure(path));
}

function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: unknown) => {
    throw new OrchError('BadRequest', `the configuration ${path} cannot be read: ${errorMessage(error)}`);
  });
}

function failure(name: string): (problem: string) => never {
  return (problem) => {
    throw new OrchError('BadRequest', `the configuration ${name} ${problem}`);
  };
}

/** The same for text. `origin.name` stands in messages. */
export async function parseKubeconfig(
  text: string,
  origin: { name: string; folder: string },
): Promise<ConnectionConfig> {
  const fail: (problem: string) => never = failure(origin.name);
  const config = await parseYaml(text, fail);
  const contextName = config['current-context'];
  const context = findNamed(config['contexts'], contextName, 'context');
  if (!context) return fail(`has no context "${shown(contextName)}" (current-context)`);
  const cluster = findNamed(config['clusters'], context['cluster'], 'cluster');
  if (!cluster) return fail(`has no cluster "${shown(context['cluster'])}"`);
  const user = findNamed(config['users'], context['user'], 'user');
  if (!user) return fail(`has no user "${shown(context['user'])}"`);

  const { server } = cluster;
  if (typeof server !== 'string') return fail('names no server in its cluster');
  if (cluster['insecure-skip-tls-verify'] === true) {
    fail('sets insecure-skip-tls-verify: orch always checks certificates; give certificate-authority-data instead');
  }
  const readBeside = (path: string): Promise<string> =>
    readFile(resolve(origin.folder, path), 'utf8').catch((error: unknown) =>
      fail(`names the file ${path}, which cannot be read: ${errorMessage(error)}`),
    );
  const caData = cluster['certificate-authority-data'];
  const caFile = cluster['certificate-authority'];
  const caPem =
    typeof caData === 'string'
      ? Buffer.from(caData, 'base64').toString('utf8')
      : typeof caFile === 'string'
        ? await readBeside(caFile)
        : fail('has no certificate-authority-data in its cluster');
  const { token, tokenFile } = user;
  return {
    server,
    caPem,
    token:
      typeof token === 'string'
        ? token
        : typeof tokenFile === 'string'
          ? (await readBeside(tokenFile)).trim()
          : fail('has no token in its user'),
    ...(typeof context['namespace'] === 'string' ? { namespace: context['namespace'] } : {}),
  };
}

async function parseYaml(text: string, fail: (problem: string) => never): Promise<JsonObject> {
  let value: unknown;
  try {
    // The YAML parser is loaded only when it is needed: commands should start fast.
    value = text.trimStart().startsWith('{')
      ? JSON.parse(text)
      : (await import('js-yaml')).load(text, { maxAliases: 0 });
  } catch (error) {
    return fail(`is not YAML: ${errorMessage(error).split('\n')[0]}`);
  }
  return isJsonObject(value) ? value : fail('is not a kubeconfig: it should be a mapping');
}

/** The member `what` of the entry that is called `name`. */
function findNamed(list: unknown, name: unknown, what: string): JsonObject | undefined {
  if (!Array.isArray(list)) return undefined;
  const entry: unknown = list.find((candidate) => isJsonObject(candidate) && candidate['name'] === name);
  const value = isJsonObject(entry) ? own(entry, what) : undefined;
  return isJsonObject(value) ? value : undefined;
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
