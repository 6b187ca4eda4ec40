import type { Mount, TaskVolume } from '../container-runtime.js';
import { RuntimeError } from '../container-runtime.js';
import { deadlines } from '../deadlines.js';
import { labels } from './create-body.js';
import type { InspectedVolume, ListedVolume } from './engine-api.js';
import type { EngineConnection } from './engine-connection.js';

/** Volumes that were made for emptyDirs of this cluster, by their labels. */
export async function listTaskVolumes(connection: EngineConnection, clusterUid: string): Promise<TaskVolume[]> {
  const filters = { label: [`${labels.clusterUid}=${clusterUid}`, labels.podVolume] };
  const listed = await connection.call('volume list', deadlines.list, (engine, abortSignal) =>
    engine.listVolumes({ filters, abortSignal }),
  );
  const { Volumes } = listed ?? {};
  if (Volumes !== null && !Array.isArray(Volumes)) {
    throw new RuntimeError('Unavailable', 'volume list: the engine sent something that is not a list');
  }
  return (Volumes ?? []).flatMap((listed) => taskVolume(listed, clusterUid) ?? []);
}

/** Any other volume is as if it did not exist. */
export async function removeTaskVolume(connection: EngineConnection, clusterUid: string, name: string): Promise<void> {
  const volumes = await listTaskVolumes(connection, clusterUid);
  if (!volumes.some((volume) => volume.name === name)) return;
  await connection.call(
    'volume remove',
    deadlines.remove,
    (engine, abortSignal) => engine.getVolume(name).remove({ abortSignal }),
    [404],
  );
}

/** A volume as the engine has it; undefined when it has none of this name. The name is one that the engine takes. */
export async function inspectVolume(connection: EngineConnection, name: string): Promise<InspectedVolume | undefined> {
  return connection.call(
    'volume',
    deadlines.inspect,
    (engine, abortSignal) => engine.getVolume(name).inspect({ abortSignal }),
    [404],
  );
}

/**
 * Places of the emptyDirs whose permissions are not a program's: those that no program had, and those that are not there (any
 * more), to be made together with the container.
 */
export async function foldersToOpen(connection: EngineConnection, mounts: readonly Mount[]): Promise<string[]> {
  const targets = await Promise.all(
    mounts.map(async (mount) => {
      if (mount.type !== 'emptyDir' || mount.readOnly) return [];
      return mount.isUsed && (await inspectVolume(connection, mount.name)) ? [] : [mount.target];
    }),
  );
  return targets.flat();
}

function taskVolume({ Name, Labels }: ListedVolume, clusterUid: string): TaskVolume | undefined {
  const { [labels.taskUid]: taskUid, [labels.task]: taskKey, [labels.podVolume]: volume } = Labels ?? {};
  const isOurs = Labels?.[labels.clusterUid] === clusterUid && /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(Name);
  if (!isOurs || !taskUid || !taskKey || !volume) return undefined;
  return { name: Name, taskUid, taskKey, volume };
}
