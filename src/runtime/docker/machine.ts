import { readFile, statfs } from 'node:fs/promises';
import type { Clock } from '../../support/clock.js';
import { withDeadline } from '../../support/clock.js';
import type { RuntimeInfo } from '../container-runtime.js';
import { RuntimeError } from '../container-runtime.js';
import { deadlines } from '../deadlines.js';
import type { EngineInfo } from './engine-api.js';
import { own } from '../../support/own.js';

const architectures: Record<string, string | undefined> = { x86_64: 'amd64', aarch64: 'arm64' };

/** Of the engine's machine, as images call it. Pure. */
export function architectureOf({ Architecture = '' }: EngineInfo): string {
  return own(architectures, Architecture) ?? (Architecture || 'unknown');
}

/** The machine as the engine and the kernel tell it. The disk is the one that `diskDirectory` is on, else the root's. */
export async function describeMachine(info: EngineInfo, clock: Clock, diskDirectory: string): Promise<RuntimeInfo> {
  return {
    version: `docker://${info.ServerVersion ?? 'unknown'}`,
    operatingSystem: info.OSType ?? 'linux',
    architecture: architectureOf(info),
    osImage: info.OperatingSystem ?? 'unknown',
    kernelVersion: info.KernelVersion ?? 'unknown',
    bootId: await bootId(info.ID ?? 'unknown'),
    capacity: {
      cpuMillicores: (info.NCPU ?? 0) * 1000,
      memoryBytes: info.MemTotal ?? 0,
      diskBytes: await diskBytes(clock, diskDirectory).catch(() => diskBytes(clock, '/')),
    },
  };
}

async function bootId(otherwise: string): Promise<string> {
  return readFile('/proc/sys/kernel/random/boot_id', 'utf8').then(
    (text) => text.trim(),
    () => otherwise,
  );
}

async function diskBytes(clock: Clock, directory: string): Promise<number> {
  const onTimeout = (): RuntimeError => new RuntimeError('Timeout', `the disk of ${directory} does not answer`);
  const { blocks, bsize } = await withDeadline(clock, deadlines.info, statfs(directory), onTimeout);
  return blocks * bsize;
}
