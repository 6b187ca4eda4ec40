/**
 * Which volumes of the engine tasks may have. In: names; out: they are there and may be mounted, or a RuntimeError says why not.
 * Always holds: a volume that somebody else made is given to nobody who did not have it, unless the worker was started to allow
 * it, and one that is a folder of the machine is judged as such a folder.
 */
import type { Mount } from '../container-runtime.js';
import { RuntimeError } from '../container-runtime.js';
import { deadlines } from '../deadlines.js';
import { labels } from './create-body.js';
import type { InspectedVolume } from './engine-api.js';
import type { EngineConnection } from './engine-connection.js';
import { inspectVolume } from './task-volumes.js';

const volumeName = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}$/;
/** As workers call the volumes of emptyDirs, which no task may mount but its own. */
const nameOfEmptyDir = /^orch-.+-[0-9a-f]{12}$/;
/** What the driver `local` mounts that is not the machine's own. */
const typesElsewhere = new Set(['nfs', 'nfs4', 'cifs', 'smb3', 'tmpfs']);
/** What it mounts of a disk: the device says which. */
const typesOfDisks = new Set(['ext4', 'xfs', 'btrfs']);

/** Whether somebody's emptyDir can be called so, one that is not there yet too. Pure. */
export function isNameOfEmptyDir(name: string): boolean {
  return nameOfEmptyDir.test(name);
}

export interface VolumeRules {
  clusterUid: string;
  /** Volumes of others that tasks may mount. */
  allowed: readonly string[];
}

/**
 * What a volume of the driver `local` shows: nothing of the machine, a path of it, or something that no rule can judge. The engine
 * hands the options to mount(2), which takes `bind` for the whole truth, whatever type is named beside it. Pure.
 */
export function reachOf({ Driver, Options }: InspectedVolume): { path?: string; unjudged?: string } {
  const { type = '', device = '', o = '' } = Options ?? {};
  if (Driver !== undefined && Driver !== 'local') return {};
  if (device === '' && o === '' && type === '') return {};
  const isBind = o.split(',').some((option) => /^r?bind$/i.test(option.trim()));
  if (!isBind && typesElsewhere.has(type)) return {};
  const isOfPath = device.startsWith('/') && (isBind || typesOfDisks.has(type));
  return isOfPath ? { path: device } : { unjudged: `type=${type},device=${device}` };
}

/** Whether orch made the volume, for this cluster and not for the emptyDir of one task, or was started to allow it. Pure. */
export function isAllowedVolume(volume: InspectedVolume, { clusterUid, allowed }: VolumeRules): boolean {
  const own = volume.Labels ?? {};
  return (
    allowed.includes(volume.Name) || (own[labels.clusterUid] === clusterUid && own[labels.podVolume] === undefined)
  );
}

export class VolumeAccess {
  constructor(
    private readonly connection: EngineConnection,
    private readonly rules: VolumeRules,
    private readonly judgeDevice: (path: string) => Promise<void>,
  ) {}

  /** Makes the named volumes that are not there. Rejects with MountFailed for one that may not be mounted: that can pass. */
  async ensure(mounts: readonly Mount[]): Promise<void> {
    for (const mount of mounts) {
      if (mount.type === 'volume' && mount.name !== undefined) {
        await this.#ensureOne(mount.name, mount.isKnown ?? false);
      }
    }
  }

  async #ensureOne(name: string, isKnown: boolean): Promise<void> {
    if (!volumeName.test(name)) throw new RuntimeError('InvalidSpec', `"${name}" is not the name of a volume`);
    if (isNameOfEmptyDir(name)) {
      throw new RuntimeError('InvalidSpec', `a volume name like ${name} is kept for emptyDirs: choose another name`);
    }
    const volume = (await inspectVolume(this.connection, name)) ?? (await this.#create(name));
    if (!isKnown && !isAllowedVolume(volume, this.rules) && !(await this.#isInUse(name))) {
      throw new RuntimeError(
        'MountFailed',
        `the volume ${name} was not made by orch, so no task may mount it: start the worker with --allow-volume ${name}, ` +
          'or name one that is not there yet',
      );
    }
    const { path, unjudged } = reachOf(volume);
    if (unjudged !== undefined) {
      throw new RuntimeError(
        'MountFailed',
        `no task may mount the volume ${name}: its options (${unjudged}) reach into the machine`,
      );
    }
    if (path !== undefined) await this.judgeDevice(path);
  }

  /** With the cluster's label. One that somebody made meanwhile stays as it is: the engine gives that one, without the label. */
  async #create(name: string): Promise<InspectedVolume> {
    const body = { Name: name, Labels: { [labels.clusterUid]: this.rules.clusterUid } };
    await this.connection.call('volume', deadlines.create, (engine, abortSignal) =>
      engine.createVolume({ _query: {}, _body: body, abortSignal }),
    );
    const volume = await inspectVolume(this.connection, name);
    if (!volume)
      throw new RuntimeError('Unavailable', `volume: the engine does not have ${name}, which it has just made`);
    return volume;
  }

  /** The engine makes volumes without a label, as it was once let do. What a container of this cluster has, another may have. */
  async #isInUse(name: string): Promise<boolean> {
    const filters = { label: [`${labels.clusterUid}=${this.rules.clusterUid}`], volume: [name] };
    const listed = await this.connection.call('list', deadlines.list, (engine, abortSignal) =>
      engine.listContainers({ all: true, filters, abortSignal }),
    );
    return Array.isArray(listed) && listed.length > 0;
  }
}
