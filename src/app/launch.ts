/**
 * What `orch up`, `orch manager` and `orch worker` do: options of the command line in, an exit code out once a signal
 * came. Always holds: one process per data folder, and stopping orch stops no container.
 */
import { join } from 'node:path';
import type { Launchers, LogLaunch, ManagerLaunch, StartedFacts } from '../cli/launchers.js';
import { defaultDataDirectory, defaultWorkersDirectory } from '../cli/default-paths.js';
import { createSystemClock } from '../support/clock.js';
import { createLogger } from '../support/logger.js';
import { ensurePrivateFolder } from '../support/private-folder.js';
import { createSystemRandom } from '../support/random.js';
import { joinOverNetwork, readGivenFile } from './join-cluster.js';
import { startManager } from './manager.js';
import type { Effects, ManagerOptions, RunningManager } from './manager.js';
import { openPrettyLog } from './pretty-log.js';
import { acquireProcessLock } from './process-lock.js';
import { restore } from './restore.js';
import { runUntilSignal } from './run-until-signal.js';
import { startWorker } from './worker.js';

/** What the store and its like write is nobody else's to read either. */
const privateUmask = 0o077;

export const launchers: Launchers = {
  async up(options) {
    const effects = createEffects(options);
    return runLocked(options.dataDirectory, effects, async () => {
      const manager = await startManager(managerOptions(options), effects);
      try {
        const worker = await startWorker(
          {
            ...options,
            dataDirectory: join(options.dataDirectory, 'worker'),
            // The manager's keys lie beside.
            deniedHostPaths: [options.dataDirectory, ...usualFolders()],
            server: manager.url,
            caPem: manager.caPem,
            join: ({ csr }) => manager.admit(options.name, options.labels, csr),
          },
          effects,
        );
        options.onStarted?.({ ...factsOf('orch', manager, options), node: options.name });
        effects.logger.info('orch is up', { url: manager.url, kubeconfig: manager.kubeconfigPath, node: options.name });
        return async () => {
          await worker.close();
          await manager.close();
        };
      } catch (error) {
        await manager.close();
        throw error;
      }
    });
  },

  async manager(options) {
    const effects = createEffects(options);
    return runLocked(options.dataDirectory, effects, async () => {
      const manager = await startManager(managerOptions(options), effects);
      options.onStarted?.(factsOf('manager', manager, options));
      effects.logger.info('the manager is up', { url: manager.url, kubeconfig: manager.kubeconfigPath });
      return () => manager.close();
    });
  },

  async worker(options) {
    const effects = createEffects(options);
    return runLocked(options.dataDirectory, effects, async () => {
      const caPem = await readGivenFile(options.caFile, '--ca-file');
      const { server, name, labels } = options;
      const worker = await startWorker(
        {
          ...options,
          caPem,
          deniedHostPaths: [options.dataDirectory, ...usualFolders()],
          join: joinOverNetwork({
            server,
            caPem,
            name,
            labels,
            tokenFile: options.joinTokenFile,
            clock: effects.clock,
          }),
        },
        effects,
      );
      options.onStarted?.({ what: 'worker', url: server, node: name });
      effects.logger.info('the worker is up', { server, node: name });
      return () => worker.close();
    });
  },

  restore(options) {
    process.umask(privateUmask);
    return restore(options, createEffects({ logLevel: 'silent' }));
  },
};

function createEffects({ logLevel, logFormat }: LogLaunch): Effects {
  const destination = logFormat === 'pretty' ? openPrettyLog(process.stderr.hasColors?.() === true) : 2;
  const logger = createLogger(logLevel, destination);
  const clock = createSystemClock({ onError: (error) => logger.error('a timer failed', { error }) });
  return { clock, random: createSystemRandom(), logger };
}

function factsOf(
  what: StartedFacts['what'],
  { url, kubeconfigPath }: RunningManager,
  { watchDirectory }: ManagerLaunch,
): StartedFacts {
  return { what, url, kubeconfigPath, ...(watchDirectory === undefined ? {} : { watchDirectory }) };
}

function managerOptions(launch: ManagerLaunch): ManagerOptions {
  return launch;
}

/** Where a manager and other workers of this user keep their keys unless told otherwise. */
function usualFolders(): string[] {
  return [defaultDataDirectory(process.env), defaultWorkersDirectory(process.env)];
}

/** `orch.pid` in the data folder is the lock, and what a person kills to stop orch. */
async function runLocked(
  dataDirectory: string,
  effects: Effects,
  start: () => Promise<() => Promise<void>>,
): Promise<number> {
  process.umask(privateUmask);
  await ensurePrivateFolder(dataDirectory);
  const lock = await acquireProcessLock(join(dataDirectory, 'orch.pid'), `the data folder ${dataDirectory}`);
  try {
    return await runUntilSignal(await start(), effects);
  } finally {
    await lock.release();
  }
}
