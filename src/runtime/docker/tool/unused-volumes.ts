import { RuntimeError } from '../../container-runtime.js';
import { deadlines } from '../../deadlines.js';
import { labels } from '../create-body.js';
import type { EngineConnection } from '../engine-connection.js';

/**
 * Removes the volumes that orch made for itself and that no container has any more. A volume of a container goes with it, unless
 * another one had it just then. The engine refuses to remove one that is in use, so nothing is taken from anybody.
 */
export async function removeUnusedVolumes(connection: EngineConnection, clusterUid: string): Promise<void> {
  const filters = { label: [`${labels.ownClusterUid}=${clusterUid}`], dangling: ['true'] };
  const listed = await connection.call('volume list', deadlines.list, (engine, abortSignal) =>
    engine.listVolumes({ filters, abortSignal }),
  );
  const { Volumes } = listed ?? {};
  if (Volumes !== null && !Array.isArray(Volumes)) {
    throw new RuntimeError('Unavailable', 'volume list: the engine sent something that is not a list');
  }
  for (const { Name, Labels } of Volumes ?? []) {
    if (Labels?.[labels.ownClusterUid] !== clusterUid || !/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(Name)) continue;
    await connection.call(
      'volume remove',
      deadlines.remove,
      (engine, abortSignal) => engine.getVolume(Name).remove({ abortSignal }),
      [404, 409],
    );
  }
}
