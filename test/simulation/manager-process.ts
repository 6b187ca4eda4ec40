import { checkDelete } from '../../src/api/node-scope.js';
import { nodeIdentity } from '../../src/api/identity.js';
import type { Client, ClientResponse } from '../../src/client/client.js';
import { DeploymentController } from '../../src/controllers/deployments/deployment-controller.js';
import { Manager } from '../../src/controllers/manager.js';
import type { ApiObject } from '../../src/model/api-object.js';
import type { FileSystem } from '../../src/gitops/file-system.js';
import { startGitops } from '../../src/gitops/gitops.js';
import type { OpenedRegistry } from '../../src/registry/open-registry.js';
import { openRegistry } from '../../src/registry/open-registry.js';
import type { Registry } from '../../src/registry/registry.js';
import type { Store } from '../../src/store/store.js';
import type { Clock } from '../../src/support/clock.js';
import { createRegistryClient } from '../support/registry-client.js';
import type { Patched } from './checkers/client-writes.js';
import { HostileDoor, type HostileObserver } from './hostile/hostile-door.js';
import type { HostileServed } from './hostile/hostile-worker.js';
import { ManagerDoor } from './http/manager-door.js';
import { Lifeline } from './lifeline.js';
import type { Scenario } from './scenario.js';
import type { SimulatedDisk } from './simulated-disk.js';
import type { SimulatedFolder } from './simulated-folder.js';
import type { SeededRandom } from './seeded-random.js';
import type { Trace } from './trace.js';

/** What is looked at, and what is wrong, inside a manager. */
export interface ManagerObserver {
  /** The same store, looked at. */
  checkStore(store: Store): Store;
  onServing(isServing: boolean): void;
  /** A heartbeat was taken in. */
  onBeat(nodeName: string): void;
  /** A worker's patch was done. */
  onPatched(worker: string, ...patched: Patched): void;
  /** A request came over HTTP. */
  onRequest(): void;
  onHostile: { worker: HostileObserver; client: HostileObserver };
  /** What gitops applied, and is about to delete. */
  onApplied(uid: string): void;
  onPruned(name: string, uid: string): void;
  /** Whether lists that this worker asks for are empty. */
  listsNothing(nodeName: string): boolean;
}

/** One life of a manager: a registry and the controllers over a store that outlives them, and what workers see of it. */
export class ManagerProcess {
  readonly lifeline: Lifeline;
  private store: Store | undefined;
  private registry: OpenedRegistry | undefined;
  private manager: Manager | undefined;
  private deployments: DeploymentController | undefined;
  private gitops: { close(): Promise<void> } | undefined;
  private httpDoor: ManagerDoor | undefined;
  private readonly hostileDoors = new Map<keyof ManagerObserver['onHostile'], HostileDoor>();
  private readonly apis = new Map<string, Client>();

  constructor(
    base: Clock,
    private readonly disk: SimulatedDisk,
    private readonly random: SeededRandom,
    private readonly trace: Trace,
    private readonly scenario: Scenario,
    private readonly observer: ManagerObserver,
    private readonly folder: SimulatedFolder | undefined,
  ) {
    this.lifeline = new Lifeline(base);
  }

  async start(): Promise<void> {
    const { random, lifeline } = this;
    const { clock } = lifeline;
    const logger = this.trace.logger('manager');
    const store = guardStore(this.observer.checkStore(this.disk.open(lifeline)), lifeline);
    this.store = store;
    const registry = await openRegistry({ store, clock, random, logger });
    const { nodeGraceSeconds, notReadyTolerationSeconds } = this.scenario;
    const manager = new Manager({
      registry,
      clock,
      random,
      logger,
      settings: { nodeGraceSeconds, notReadyTolerationSeconds },
    });
    await manager.start();
    if (this.folder !== undefined) {
      const fileSystem = guardFolder(this.folder, lifeline);
      this.gitops = startGitops({
        registry: this.watchGitops(registry),
        clock,
        random,
        logger,
        allowedFolders: [this.folder.path],
        fileSystem,
      });
    }
    if (this.scenario.hasHttp) this.httpDoor = this.openDoor(registry, manager);
    if (this.scenario.hasDeployments) {
      this.deployments = new DeploymentController({ registry, clock, random, logger });
      await this.deployments.start();
    }
    this.manager = manager;
    this.registry = registry;
    this.observer.onServing(true);
    lifeline.onDeath(() => this.observer.onServing(false));
  }

  /** For users; undefined until it serves. */
  get serving(): OpenedRegistry | undefined {
    return this.lifeline.isAlive && this.manager !== undefined ? this.registry : undefined;
  }

  /** For those who speak HTTP; undefined until it serves. */
  get door(): ManagerDoor | undefined {
    return this.serving === undefined ? undefined : this.httpDoor;
  }

  /** For who is hostile; undefined until it serves. */
  get hostile(): HostileServed | undefined {
    const { serving: registry, manager, lifeline } = this;
    if (registry === undefined || manager === undefined) return undefined;
    const beat = (name: string, session: string): 'ok' | 'conflict' => this.beat(manager, name, session);
    const heartbeats = { beat, heartbeatPeriodSeconds: manager.heartbeatPeriodSeconds };
    const doorFor = (who: keyof ManagerObserver['onHostile']): HostileDoor => {
      const logger = this.trace.logger('manager');
      const [{ clock }, { random }, observer] = [lifeline, this, this.observer.onHostile[who]];
      const door =
        this.hostileDoors.get(who) ?? HostileDoor.open({ registry, clock, random, logger, heartbeats, observer });
      this.hostileDoors.set(who, door);
      return door;
    };
    return { doorFor, registry, isAlive: () => lifeline.isAlive, beat };
  }

  async stop(): Promise<void> {
    await this.gitops?.close();
    this.httpDoor?.endStreams();
    for (const door of this.hostileDoors.values()) door.endStreams();
    await this.deployments?.stop();
    await this.manager?.stop();
    await this.registry?.close();
    await this.store?.close();
    this.lifeline.kill();
  }

  private openDoor(registry: OpenedRegistry, manager: Manager): ManagerDoor {
    const { random, lifeline, observer } = this;
    const door = new ManagerDoor({
      registry,
      clock: lifeline.clock,
      random,
      logger: this.trace.logger('manager'),
      heartbeats: {
        beat: (nodeName, sessionId) => this.beat(manager, nodeName, sessionId),
        heartbeatPeriodSeconds: manager.heartbeatPeriodSeconds,
      },
      listsNothing: (nodeName) => observer.listsNothing(nodeName),
      onRequest: () => observer.onRequest(),
    });
    lifeline.onDeath(() => door.cut());
    return door;
  }

  private beat(manager: Manager, nodeName: string, sessionId: string): 'ok' | 'conflict' {
    const answer = manager.beat(nodeName, sessionId);
    if (answer === 'ok') this.observer.onBeat(nodeName);
    return answer;
  }

  /** The same registry, with what gitops writes looked at. */
  private watchGitops(registry: OpenedRegistry): Registry {
    const { observer } = this;
    const watched: Pick<Registry, 'apply' | 'delete'> = {
      async apply<T extends ApiObject>(...call: Parameters<Registry['apply']>) {
        const result = await registry.apply<T>(...call);
        observer.onApplied(result.object.metadata.uid);
        return result;
      },
      async delete<T extends ApiObject>(...call: Parameters<Registry['delete']>) {
        const result = await registry.delete<T>(...call);
        observer.onPruned(result.object.metadata.name, result.object.metadata.uid);
        return result;
      },
    };
    return Object.assign(Object.create(registry) as Registry, watched);
  }

  /** The API as the worker with this name sees it: the real rules of api/, without HTTP. */
  apiFor(nodeName: string): Client | undefined {
    const { serving: registry, manager } = this;
    if (registry === undefined || manager === undefined) return undefined;
    const known = this.apis.get(nodeName);
    if (known !== undefined) return known;
    const base = createRegistryClient({ registry, nodeName });
    const api: Client = {
      ...base,
      list: (kind, options) => {
        base.listsNothing = this.observer.listsNothing(nodeName);
        return base.list(kind, options);
      },
      patch: async <T extends ApiObject>(...[kind, key, body, options]: Parameters<Client['patch']>) => {
        const result = await base.patch<T>(kind, key, body, options);
        this.observer.onPatched(nodeName, kind, key, body, result, options?.subresource === 'status');
        return result;
      },
      async delete(kind, key, options) {
        const { uid, gracePeriodSeconds } = options ?? {};
        const deletion = {
          ...(uid === undefined ? {} : { preconditions: { uid } }),
          ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
        };
        checkDelete(nodeIdentity(nodeName, 'any'), kind, await base.get(kind, key), deletion);
        await base.delete(kind, key, options);
      },
      request: async (request) => {
        if (!request.path.endsWith('/heartbeat')) return base.request(request);
        const { sessionId } = JSON.parse(request.body ?? '{}') as { sessionId: string };
        const isConflict = this.beat(manager, nodeName, sessionId) === 'conflict';
        const body = { periodSeconds: manager.heartbeatPeriodSeconds };
        return answer(registry.clusterUid, isConflict ? 409 : 200, JSON.stringify(isConflict ? {} : body));
      },
    };
    this.apis.set(nodeName, api);
    return api;
  }
}

/** The folder as one process sees it. */
function guardFolder(folder: SimulatedFolder, lifeline: Lifeline): FileSystem {
  return {
    look: (path) => lifeline.guard(folder.look(path)),
    readFolder: () => lifeline.guard(folder.readFolder()),
    readFile: (path) => lifeline.guard(folder.readFile(path)),
    resolve: (path) => lifeline.guard(folder.resolve(path)),
    watch: (root, isInteresting, onHint) => {
      const watch = folder.watch(root, isInteresting, () => void (lifeline.isAlive && onHint()));
      lifeline.onDeath(() => void watch.close());
      return watch;
    },
  };
}

/** The store as one process sees it: after its death nothing is written any more, and nobody hears of anything. */
function guardStore(store: Store, lifeline: Lifeline): Store {
  return {
    clusterUid: store.clusterUid,
    restoreUid: store.restoreUid,
    get: (key) => lifeline.guard(store.get(key)),
    list: (prefix) => lifeline.guard(store.list(prefix)),
    commit: (operations) => lifeline.effect(() => store.commit(operations)),
    watch: (prefix, afterRevision, onEvents) => {
      const watch = store.watch(prefix, afterRevision, (events) => void (lifeline.isAlive && onEvents(events)));
      const forget = lifeline.onDeath(() => watch.close());
      return {
        close: () => {
          forget();
          watch.close();
        },
      };
    },
    currentRevision: () => store.currentRevision(),
    compact: (revision) => lifeline.effect(() => store.compact(revision)),
    readOnlyReason: () => store.readOnlyReason(),
    close: () => store.close(),
  };
}

function answer(clusterUid: string, status: number, text: string): ClientResponse {
  return {
    status,
    headers: { 'x-orch-cluster-uid': clusterUid },
    text: () => Promise.resolve(text),
    body: (async function* () {
      yield new TextEncoder().encode(text);
    })(),
  };
}
