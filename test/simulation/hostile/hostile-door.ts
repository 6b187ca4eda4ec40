import { adminIdentity, nodeIdentity, type Authenticator } from '../../../src/api/identity.js';
import type { HeartbeatSink } from '../../../src/api/heartbeat-sink.js';
import type { ApiObject, ObjectKey } from '../../../src/model/api-object.js';
import { isJsonObject } from '../../../src/model/json.js';
import type { Kind } from '../../../src/model/kind.js';
import { nodeKind } from '../../../src/model/node.js';
import type { Registry, EventInput, WriteResult } from '../../../src/registry/registry.js';
import { isOrchError } from '../../../src/support/errors.js';
import type { Clock } from '../../../src/support/clock.js';
import type { Logger } from '../../../src/support/logger.js';
import { adminToken, ManagerDoor } from '../http/manager-door.js';
import type { SeededRandom } from '../seeded-random.js';

/** What came of requests that were hostile. */
export interface HostileObserver {
  /** This object was made or changed; it is as it was written. */
  onWritten(kind: Kind, object: ApiObject): void;
  onDeleted(kind: Kind, object: ApiObject): void;
  onReported(event: EventInput): void;
}

/** The token of the worker that joined as this very Node. */
export const memberToken = (nodeName: string, uid: string): string => `member ${nodeName} ${uid}`.replaceAll(' ', '_');

/**
 * The manager's real application for who is hostile, without connections. As in the real one, a worker is known while the very Node is
 * there that it joined as; nobody joins anew. What is written on its requests is told.
 */
export class HostileDoor extends ManagerDoor {
  private constructor(options: ConstructorParameters<typeof ManagerDoor>[0]) {
    super(options);
  }

  static open(options: {
    registry: Registry;
    clock: Clock;
    random: SeededRandom;
    logger: Logger;
    heartbeats: HeartbeatSink;
    observer: HostileObserver;
  }): HostileDoor {
    const { registry, observer, ...rest } = options;
    return new HostileDoor({
      ...rest,
      registry: observed(registry, observer),
      authenticator: membersOf(registry),
      listsNothing: () => false,
      onRequest: () => undefined,
    });
  }
}

function membersOf(registry: Registry): Authenticator {
  return {
    authenticate: async (token = '') => {
      if (token === adminToken) return adminIdentity;
      const [type, name = '', uid = ''] = token.split('_');
      if (type !== 'member') return undefined;
      const node = await registry.get(nodeKind, { name }).catch((error: unknown) => {
        if (isOrchError(error, 'NotFound')) return undefined;
        throw error;
      });
      return node?.metadata.uid === uid ? nodeIdentity(name, uid) : undefined;
    },
  };
}

/** The same registry, with what is written through it told. What a write left as it was is told of nobody. */
function observed(registry: Registry, observer: HostileObserver): Registry {
  const told = <R extends WriteResult<ApiObject>>(kind: Kind, before: string | undefined, result: R): R => {
    if (result.object.metadata.resourceVersion !== before) observer.onWritten(kind, result.object);
    return result;
  };
  const watched: Pick<Registry, 'create' | 'replace' | 'patch' | 'apply' | 'delete' | 'recordTaskEvent'> = {
    async create<T extends ApiObject>(...call: Parameters<Registry['create']>) {
      return told(call[0], undefined, await registry.create<T>(...call));
    },
    async replace<T extends ApiObject>(...call: Parameters<Registry['replace']>) {
      return told(call[0], versionIn(call[2]), await registry.replace<T>(...call));
    },
    async patch<T extends ApiObject>(...call: Parameters<Registry['patch']>) {
      const { body } = call[2] as { body?: unknown };
      return told(call[0], versionIn(body), await registry.patch<T>(...call));
    },
    async apply<T extends ApiObject>(...call: Parameters<Registry['apply']>) {
      return told(call[0], undefined, await registry.apply<T>(...call));
    },
    async delete<T extends ApiObject>(kind: Kind, key: ObjectKey, options?: Parameters<Registry['delete']>[2]) {
      const result = await registry.delete<T>(kind, key, options);
      observer.onDeleted(kind, result.object);
      return result;
    },
    async recordTaskEvent(event) {
      observer.onReported(event);
      await registry.recordTaskEvent(event);
    },
  };
  return Object.assign(Object.create(registry) as Registry, watched);
}

function versionIn(object: unknown): string | undefined {
  const metadata = isJsonObject(object) ? (object as { metadata?: unknown }).metadata : undefined;
  const version = (metadata as { resourceVersion?: unknown } | undefined)?.resourceVersion;
  return typeof version === 'string' ? version : undefined;
}
