import { isAbsolute, resolve } from 'node:path';
import type { Command } from 'commander';
import { nearest } from '../manifest/nearest.js';
import { parseQuantity } from '../model/quantities.js';
import { isExtendedResource } from '../model/resources.js';
import { type RestrictedFeature, restrictedFeatures } from '../model/restricted-features.js';
import { OrchError } from '../support/errors.js';
import type { LogLevel } from '../support/logger.js';
import type { Cli, CliEnvironment } from './cli.js';
import { collect } from './collect.js';
import { defaultConfigPath, defaultDataDirectory } from './default-paths.js';
import type { LogLaunch, ManagerLaunch, RuntimeLaunch, StartedFacts } from './launchers.js';
import { parseWhole } from './parse-duration.js';
import { startupBlock } from './startup-block.js';

/** The flags that up, manager and worker share, and what they mean. */
export interface ManagerFlags extends LogFlags {
  data: string;
  host: string;
  port: string;
  watch?: string;
  allowSourcePath?: string[];
  scheduler?: string;
  nodeGraceSeconds?: string;
  notReadyTolerationSeconds?: string;
}

export interface LogFlags {
  logLevel: string;
  logFormat?: string;
}

export interface RuntimeFlags {
  runtime: string;
  dockerSocket?: string;
  allowHostPath?: string[];
  allowVolume?: string[];
  pidsLimit?: string;
  forbid?: string[];
  extendedResources?: string[];
  labels?: string[];
}

const schedulers = ['roundRobin', 'greedy', 'epvm', 'spread', 'binpack'] as const;
const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;

export function addManagerFlags(command: Command, environment: CliEnvironment): Command {
  command
    .option('--data <dir>', 'the folder for all data', defaultDataDirectory(environment.env))
    .option('--host <host>', 'the address to listen on; it also goes into the certificate', '127.0.0.1')
    .option('--port <port>', 'the port to listen on; 0: any free one', '7443')
    .option('--watch <dir>', 'a folder with manifests to keep applied')
    .option('--allow-source-path <dir>', 'a folder of this machine that Sources may read; repeatable', collect)
    .option('--scheduler <name>', `how to choose among workers: ${schedulers.join(', ')}`)
    .option('--node-grace-seconds <seconds>', 'silence after which a worker counts as not ready (default: 40)')
    .option('--not-ready-toleration-seconds <seconds>', 'after that, how long its tasks are left to it (default: 300)');
  return addLogFlags(command);
}

export function addLogFlags(command: Command): Command {
  return command
    .option('--log-level <level>', 'debug, info, warn or error', 'info')
    .option('--log-format <format>', 'json, or pretty: for people (default: pretty on a terminal)');
}

/** A person at a terminal gets lines to read and, once it runs, what to do next; a program gets JSON. */
export function toLogLaunch(flags: LogFlags, cli: Cli): LogLaunch {
  const { stderr, env } = cli.environment;
  const format = oneOf(
    flags.logFormat ?? (stderr.isTTY ? 'pretty' : 'json'),
    ['json', 'pretty'] as const,
    '--log-format',
  );
  const logLevel = parseLogLevel(flags.logLevel);
  if (format === 'json') return { logLevel };
  const onStarted = (facts: StartedFacts): void => {
    const isDefaultPlace = facts.kubeconfigPath === defaultConfigPath(env);
    cli.note(startupBlock({ ...facts, isDefaultPlace }, cli.colors));
  };
  return { logLevel, logFormat: format, onStarted };
}

export function addRuntimeFlags(command: Command): Command {
  return command
    .option('--runtime <name>', 'docker, or simulated (containers that exist in memory only)', 'docker')
    .option('--docker-socket <path>', "the engine's socket (default: $DOCKER_HOST or /var/run/docker.sock)")
    .option('--allow-host-path <dir>', 'a folder of this machine that tasks may mount (hostPath); repeatable', collect)
    .option('--allow-volume <name>', 'a volume not made by orch that tasks may mount; repeatable', collect)
    .option(
      '--forbid <features>',
      `what no task gets here: ${restrictedFeatures.join(', ')}; repeat, or use commas`,
      collect,
    )
    .option(
      '--extended-resources <name=amount>',
      'what this machine has besides, such as nvidia.com/gpu=2: orch counts who asks for it; repeat, or use commas',
      collect,
    )
    .option('--pids-limit <number>', 'processes and threads of one container; 0: no limit (default: 1024)')
    .option(
      '--labels <key=value>',
      "labels of the worker's node (of a worker apart: such as its join token gives); repeat, or separate with commas",
      collect,
    );
}

/** Throws BadRequest that names the flag. */
export function toManagerLaunch(flags: ManagerFlags, cli: Cli): ManagerLaunch {
  const seconds = (value: string | undefined, flag: string): number | undefined =>
    value === undefined ? undefined : parseWhole(value, flag, 1, 86_400);
  const nodeGraceSeconds = seconds(flags.nodeGraceSeconds, '--node-grace-seconds');
  const tolerance =
    flags.notReadyTolerationSeconds === undefined
      ? undefined
      : parseWhole(flags.notReadyTolerationSeconds, '--not-ready-toleration-seconds', 0, 86_400);
  return {
    dataDirectory: flags.data,
    host: flags.host,
    port: parseWhole(flags.port, '--port', 0, 65_535),
    ...(flags.watch === undefined ? {} : { watchDirectory: flags.watch }),
    ...(flags.allowSourcePath === undefined
      ? {}
      : { allowedSourcePaths: flags.allowSourcePath.map((path) => resolve(path)) }),
    ...(flags.scheduler === undefined ? {} : { scheduler: oneOf(flags.scheduler, schedulers, '--scheduler') }),
    ...(nodeGraceSeconds === undefined ? {} : { nodeGraceSeconds }),
    ...(tolerance === undefined ? {} : { notReadyTolerationSeconds: tolerance }),
    ...toLogLaunch(flags, cli),
  };
}

export function toRuntimeLaunch(flags: RuntimeFlags): RuntimeLaunch {
  return {
    runtime: oneOf(flags.runtime, ['docker', 'simulated'] as const, '--runtime'),
    ...(flags.dockerSocket === undefined ? {} : { dockerSocket: flags.dockerSocket }),
    ...(flags.allowHostPath === undefined ? {} : { allowedHostPaths: flags.allowHostPath.map(absoluteFolder) }),
    ...(flags.allowVolume === undefined ? {} : { allowedVolumes: flags.allowVolume }),
    ...(flags.pidsLimit === undefined ? {} : { pidsLimit: parseWhole(flags.pidsLimit, '--pids-limit', 0, 4_194_304) }),
    ...(flags.forbid === undefined ? {} : { forbidden: parseForbidden(flags.forbid) }),
    ...(flags.extendedResources === undefined ? {} : { extendedResources: parseExtended(flags.extendedResources) }),
  };
}

/** `nvidia.com/gpu=2,hugepages-2Mi=1Gi` and repeated -> amounts. */
function parseExtended(texts: readonly string[]): Record<string, number> {
  const amounts: Record<string, number> = {};
  for (const text of texts.flatMap((each) => each.split(','))) {
    const [name = '', quantity = '', ...more] = text.trim().split('=');
    const amount = parseQuantity(quantity);
    if (!isExtendedResource(name) || more.length > 0 || amount === undefined || !isCountable(amount)) {
      const example = 'write it like nvidia.com/gpu=2 or hugepages-2Mi=1Gi: a name with a domain, and a whole number';
      throw new OrchError('BadRequest', `--extended-resources ${text}: ${example}`);
    }
    amounts[name] = amount;
  }
  return amounts;
}

function isCountable(amount: number): boolean {
  return Number.isSafeInteger(amount) && amount >= 0;
}

function parseForbidden(texts: readonly string[]): RestrictedFeature[] {
  const words = texts.flatMap((text) => text.split(','));
  return words.map((word) => oneOf(word.trim(), restrictedFeatures, '--forbid'));
}

function absoluteFolder(path: string): string {
  if (isAbsolute(path)) return path;
  throw new OrchError('BadRequest', `--allow-host-path ${path}: name the folder from the root, like /srv/data`);
}

function parseLogLevel(text: string): LogLevel {
  return oneOf(text, logLevels, '--log-level');
}

/** `a=b,c=d` and repeated -> labels. */
export function parseLabels(texts: readonly string[] = []): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const text of texts.flatMap((each) => each.split(','))) {
    const [name = '', ...value] = text.split('=');
    if (name === '' || value.length !== 1) {
      throw new OrchError('BadRequest', `--labels ${text}: write labels like disk=ssd,zone=a`);
    }
    labels[name] = value[0] ?? '';
  }
  return labels;
}

function oneOf<T extends string>(text: string, choices: readonly T[], flag: string): T {
  const found = choices.find((choice) => choice === text);
  if (found !== undefined) return found;
  const meant = nearest(text, choices);
  throw new OrchError(
    'BadRequest',
    `${flag} ${text}: choose one of ${choices.join(', ')}${meant === undefined ? '' : ` (did you mean "${meant}"?)`}`,
  );
}
