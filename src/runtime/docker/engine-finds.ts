import { noAmounts } from '../../model/resources.js';
import type { ContainerSpec } from '../container-runtime.js';
import { RuntimeError } from '../container-runtime.js';
import { deadlines } from '../deadlines.js';
import { createBody } from './create-body.js';
import type { EngineConnection } from './engine-connection.js';

/**
 * Whether the engine finds a path that lies here: it may run on another machine, or see other mounts. It is asked for a container
 * of an image that does not exist, so nothing is made: it looks for what is to be mounted first. Rejects when it does not
 * answer. `nonce`: never used before.
 */
export async function engineFinds(connection: EngineConnection, path: string, nonce: string): Promise<boolean> {
  const spec: ContainerSpec = {
    name: `orch-probe-${nonce}`,
    identity: { taskUid: nonce, attempt: 0, specHash: '', taskKey: '' },
    image: `orch.invalid/none:${nonce}`,
    env: [],
    ports: [],
    hostNetwork: false,
    limits: noAmounts,
    mounts: [{ type: 'bind', path, target: '/probe', readOnly: true }],
  };
  const body = createBody('none', spec, { cpus: 1, pidsLimit: 0 });
  try {
    await connection.call('create', deadlines.create, (engine, abortSignal) =>
      engine.createContainer({ _query: { name: spec.name }, _body: body, abortSignal }),
    );
    return false;
  } catch (error) {
    if (error instanceof RuntimeError && error.code === 'ImageNotFound') return true;
    if (error instanceof RuntimeError && error.code === 'MountFailed') return false;
    throw error;
  }
}
