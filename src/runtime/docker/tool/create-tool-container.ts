import { RuntimeError } from '../../container-runtime.js';
import { deadlines } from '../../deadlines.js';
import type { CreateBody } from '../engine-api.js';
import type { EngineConnection } from '../engine-connection.js';
import { parseLine, readLines } from '../lines.js';
import type { Architecture } from './machine-code.js';
import { toolImage } from './tool-image.js';

/** Creates a container of orch's own image, which is loaded when the engine does not have it. Gives its id. */
export async function createToolContainer(
  connection: EngineConnection,
  architecture: Architecture,
  name: string,
  body: Omit<CreateBody, 'Image'>,
): Promise<string> {
  const image = await toolImage(architecture);
  const create = (): Promise<{ id: string } | undefined> =>
    connection.call('create', deadlines.create, (engine, abortSignal) =>
      engine.createContainer({ _query: { name }, _body: { ...body, Image: image.name }, abortSignal }),
    );
  const created = await create().catch(async (error: unknown) => {
    if (!(error instanceof RuntimeError) || error.code !== 'ImageNotFound') throw error;
    await load(connection, image.archive);
    return create();
  });
  if (typeof created?.id !== 'string') throw new RuntimeError('Unavailable', 'create: the engine gave no id');
  return created.id;
}

/** What the engine says of it comes in lines; whether it has the image, the next create tells. */
async function load(connection: EngineConnection, archive: Buffer): Promise<void> {
  let failure: unknown;
  await connection.read(
    'load',
    deadlines.archive,
    (engine, abortSignal) => engine.loadImage(archive, { abortSignal }),
    (answer) =>
      readLines(answer, (line) => {
        failure ??= parseLine(line)?.['error'];
      }),
  );
  if (typeof failure === 'string') throw new RuntimeError('Unavailable', `load: the engine says: ${failure}`);
}
