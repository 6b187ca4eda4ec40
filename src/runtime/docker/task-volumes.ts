import type { TaskVolume } from '../container-runtime.js';
import { RuntimeError } from '../container-runtime.js';
import { deadlines } from '../deadlines.js';
import { labels } from './create-body.js';
import type { ListedVolume } from './engine-api.js';
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

function taskVolume({ Name, Labels }: ListedVolume, clusterUid: string): TaskVolume | undefined {
  const { [labels.taskUid]: taskUid, [labels.task]: taskKey, [labels.podVolume]: volume } = Labels ?? {};
  const isOurs = Labels?.[labels.clusterUid] === clusterUid && /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(Name);
  if (!isOurs || !taskUid || !taskKey || !volume) return undefined;
  return { name: Name, taskUid, taskKey, volume };
}
