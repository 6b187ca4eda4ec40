import { configMapKind } from '../model/config-map.js';
import type { ApiObject } from '../model/api-object.js';
import type { ConfigMap } from '../model/generated/config-map.js';
import type { Namespace } from '../model/namespace.js';
import { namespaceKind } from '../model/namespace.js';
import type { ObjectEvent, Registry } from '../registry/registry.js';
import type { Clock } from '../support/clock.js';
import { errorMessage, isOrchError } from '../support/errors.js';
import type { Logger } from '../support/logger.js';
import { Background } from './background.js';
import { WatchedKind } from './watched-kind.js';

/** Kubernetes' name for it: programs and charts look for it in each namespace. */
export const rootCertificateName = 'kube-root-ca.crt';

const resyncMilliseconds = 60_000;

/**
 * Keeps the certificate that the API's own is signed with in a ConfigMap of each namespace. Arrives: namespaces and these
 * ConfigMaps as they change. Leaves: the ConfigMap as it has to be, also after somebody changed or deleted it.
 */
export class RootCertificates {
  private readonly namespaces: WatchedKind<Namespace>;
  private readonly maps: WatchedKind<ConfigMap>;
  private readonly background: Background;
  private readonly writes = new Set<Promise<void>>();
  private readonly seen = new Set<string>();
  private caPem: string;
  private stopped = false;

  constructor(private readonly parts: { registry: Registry; clock: Clock; logger: Logger; caPem: string }) {
    this.caPem = parts.caPem;
    const { registry, clock } = parts;
    this.background = new Background(clock, (error) => this.warn(error));
    this.namespaces = new WatchedKind<Namespace>({
      registry,
      kind: namespaceKind,
      onList: (items) => items.forEach((item) => this.ensure(item.metadata.name)),
      onEvents: (events) => this.each(events, ({ metadata }) => metadata.name ?? ''),
    });
    this.maps = new WatchedKind<ConfigMap>({
      registry,
      kind: configMapKind,
      onList: () => undefined,
      onEvents: (events) =>
        this.each(
          events.filter(({ object }) => object.metadata.name === rootCertificateName),
          ({ metadata }) => metadata.namespace ?? '',
        ),
    });
  }

  async start(): Promise<void> {
    await this.maps.start();
    await this.namespaces.start();
    this.background.every(resyncMilliseconds, async () => void (await this.namespaces.resync()));
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.namespaces.close();
    this.maps.close();
    await this.background.stop();
    await Promise.all(this.writes);
  }

  /** The authority has another certificate from now on: each namespace gets that one. */
  useAuthority(caPem: string): void {
    if (caPem === this.caPem) return;
    this.caPem = caPem;
    for (const namespace of this.seen) this.ensure(namespace);
  }

  private each<T extends ApiObject>(
    events: readonly ObjectEvent<T>[],
    namespaceOf: (object: ApiObject) => string,
  ): void {
    for (const { object } of events) this.ensure(namespaceOf(object));
  }

  private ensure(namespace: string): void {
    if (this.stopped) return;
    this.seen.add(namespace);
    const write: Promise<void> = this.write(namespace)
      .catch((error: unknown) => this.warn(error))
      .finally(() => this.writes.delete(write));
    this.writes.add(write);
  }

  private async write(namespace: string): Promise<void> {
    const { registry } = this.parts;
    const { caPem } = this;
    const key = { namespace, name: rootCertificateName };
    try {
      const { metadata } = await registry.get(namespaceKind, { name: namespace });
      if (metadata.deletionTimestamp !== undefined) {
        this.seen.delete(namespace);
        return;
      }
      const map: ConfigMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: key, data: { 'ca.crt': caPem } };
      // By apply: what others add to it stays, and the same again writes nothing.
      await registry.apply(configMapKind, key, map, { fieldManager: 'orch-root-ca', force: true });
    } catch (error) {
      // The namespace has gone, or goes: what happens to it next comes here again.
      if (!isOrchError(error, 'NotFound') && !isOrchError(error, 'Forbidden')) throw error;
      this.seen.delete(namespace);
    }
  }

  private warn(error: unknown): void {
    this.parts.logger.warn('the certificate of a namespace was not written; it is tried again', {
      error: errorMessage(error),
    });
  }
}
