import { RuntimeError } from '../container-runtime.js';
import { deadlines } from '../deadlines.js';
import type { Place } from './container-archive.js';

/** Names of the engine's volumes that a container has, by where they are mounted. Rejects with Unavailable when the engine does not say. */
export async function mountedVolumes({ connection, id }: Place): Promise<ReadonlyMap<string, string>> {
  const inspected = await connection.call('inspect', deadlines.inspect, (engine, abortSignal) =>
    engine.getContainer(id).inspect({ abortSignal }),
  );
  const { Mounts } = inspected ?? {};
  if (Mounts !== null && !Array.isArray(Mounts)) {
    throw new RuntimeError('Unavailable', 'inspect: the engine does not say what the container mounts');
  }
  const volumes = (Mounts ?? []).flatMap(({ Type, Name = '', Destination = '' }): [string, string][] =>
    Type === 'volume' && Name !== '' ? [[Destination, Name]] : [],
  );
  return new Map(volumes);
}

/** A place as the engine tells it: without a `/` at its end. Pure. */
export function plainPlace(target: string): string {
  return target.replace(/(.)\/+$/, '$1');
}
