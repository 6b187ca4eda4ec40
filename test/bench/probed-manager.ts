import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { loadKubeconfig } from '../../src/client/kubeconfig.js';
import { freePort } from '../support/orch-process.js';
import { waitFor } from '../support/wait-for.js';

export interface Probe {
  /** The longest time since the last reset that the main loop did nothing else. */
  maxMilliseconds: number;
  rssBytes: number;
}

/** The built manager as a process, its data on disk, that also tells how its event loop fares. */
export interface ProbedManager {
  url: string;
  caPem: string;
  token: string;
  reset(): Promise<void>;
  read(): Promise<Probe>;
  stop(): Promise<void>;
}

export async function startProbedManager(): Promise<ProbedManager> {
  const directory = await mkdtemp(join(tmpdir(), 'orch-bench-'));
  const manager = fork(
    resolve(import.meta.dirname, '../../dist/orch.js'),
    ['manager', '--data', directory, '--port', String(await freePort()), '--log-level', 'error'],
    {
      execArgv: ['--import', join(import.meta.dirname, 'loop-delay-probe.mjs')],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    },
  );
  const kubeconfig = join(directory, 'kubeconfig');
  await waitFor('the manager to serve', () => existsSync(kubeconfig));
  const { server, caPem, token = '' } = await loadKubeconfig(kubeconfig);
  const ask = async (what: string): Promise<Probe> => {
    const answer = once(manager, 'message');
    manager.send(what);
    return ((await answer) as [Probe])[0];
  };
  return {
    url: server,
    caPem,
    token,
    reset: async () => void (await ask('reset')),
    read: () => ask('read'),
    stop: async () => {
      const ended = once(manager, 'exit');
      // The probe ends the manager then: as long as it is connected, it would keep the process.
      manager.disconnect();
      await ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}
