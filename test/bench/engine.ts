import Docker from 'dockerode';
import PQueue from 'p-queue';
import { runCommand } from '../support/orch-process.js';
import { waitFor } from '../support/wait-for.js';

export const engine = new Docker();
export const sleeper = ['sleep', '3600'];

/** How many containers with this label run. */
export async function countRunning(label: string): Promise<number> {
  const list = await engine.listContainers({ filters: { label: [label], status: ['running'] } });
  return list.length;
}

export async function removeLabelled(label: string): Promise<void> {
  const list = await engine.listContainers({ all: true, filters: { label: [label] } });
  const queue = new PQueue({ concurrency: 4 });
  await queue.addAll(
    list.map(
      ({ Id }) =>
        () =>
          engine.getContainer(Id).remove({ force: true }),
    ),
  );
}

/** Creates and starts containers as fast as the engine lets one: four in flight. Seconds. */
export async function startBare(count: number, label: string): Promise<number> {
  const begin = performance.now();
  const queue = new PQueue({ concurrency: 4 });
  await queue.addAll(
    Array.from({ length: count }, () => async () => {
      const container = await engine.createContainer({
        Image: 'busybox:latest',
        Cmd: sleeper,
        Labels: { [label]: '' },
        HostConfig: { NetworkMode: 'host' },
      });
      await container.start();
    }),
  );
  await waitFor('all to run', async () => (await countRunning(label)) === count, 300);
  return (performance.now() - begin) / 1000;
}

export interface Swarm {
  /** `service create --replicas`, until all run. Seconds. */
  start(count: number, name: string): Promise<number>;
  remove(name: string): Promise<void>;
  leave(): Promise<void>;
}

export const swarmLabel = (name: string): string => `com.docker.swarm.service.name=${name}`;

/** Joins a swarm of its own for the time of the measurement, unless the engine is in one already. */
export async function openSwarm(): Promise<Swarm> {
  const state = await docker('info', '--format', '{{.Swarm.LocalNodeState}}');
  const ours = state !== 'active';
  if (ours) await docker('swarm', 'init', '--advertise-addr', '127.0.0.1', '--listen-addr', '127.0.0.1:2377');
  return {
    start: async (count, name) => {
      const begin = performance.now();
      await docker(
        ...[
          'service',
          'create',
          '--detach',
          '--quiet',
          '--no-resolve-image',
          '--name',
          name,
          '--replicas',
          String(count),
        ],
        ...['--network', 'host', '--restart-delay', '0s', '--stop-grace-period', '1s', 'busybox:latest', ...sleeper],
      );
      await waitFor('all replicas to run', async () => (await countRunning(swarmLabel(name))) === count, 300);
      return (performance.now() - begin) / 1000;
    },
    remove: async (name) => {
      await docker('service', 'rm', name);
      await waitFor(
        'the service to be gone',
        async () => {
          const left = await engine.listContainers({ all: true, filters: { label: [swarmLabel(name)] } });
          return left.length === 0;
        },
        120,
      );
    },
    leave: async () => {
      if (ours) await docker('swarm', 'leave', '--force');
    },
  };
}

async function docker(...args: string[]): Promise<string> {
  const result = await runCommand('docker', args, { timeoutSeconds: 120 });
  if (result.exitCode !== 0) throw new Error(`docker ${args[0]} ${args[1]}: ${result.stderr}`);
  return result.stdout.trim();
}
