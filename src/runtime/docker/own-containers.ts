import { errorMessage } from '../../support/errors.js';
import type { Logger } from '../../support/logger.js';
import type { ContainerDetails, ContainerSummary } from '../container-runtime.js';
import { RuntimeError } from '../container-runtime.js';
import { deadlines } from '../deadlines.js';
import { detailsOf, summaryOf } from './container-views.js';
import { identityOf, labels } from './create-body.js';
import type { InspectedContainer } from './engine-api.js';
import type { EngineConnection } from './engine-connection.js';
import type { EngineEvent } from './event-hints.js';
import { RecentlySeen } from './recently-seen.js';

const containerName = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,254}$/;
const containerId = /^[0-9a-f]{64}$/;

export function isContainerName(text: string): boolean {
  return containerName.test(text);
}

export function isContainerId(text: string): boolean {
  return containerId.test(text);
}

/**
 * Which containers of the engine are this cluster's. A container is ours once its labels were seen to be: labels and
 * ids never change. Ids and names are checked here, before any becomes part of a path of the engine's API.
 */
export class OwnContainers {
  readonly #connection: EngineConnection;
  readonly #clusterUid: string;
  readonly #logger: Logger;
  readonly #seen = new RecentlySeen<true>(50_000);
  readonly #outOfMemory = new RecentlySeen<true>(1_000);

  constructor(connection: EngineConnection, clusterUid: string, logger: Logger) {
    this.#connection = connection;
    this.#clusterUid = clusterUid;
    this.#logger = logger;
  }

  async list(): Promise<ContainerSummary[]> {
    const filters = { label: [`${labels.clusterUid}=${this.#clusterUid}`] };
    const listed = await this.#connection.call('list', deadlines.list, (engine, abortSignal) =>
      engine.listContainers({ all: true, filters, abortSignal }),
    );
    if (!Array.isArray(listed)) {
      throw new RuntimeError('Unavailable', 'list: the engine sent something that is not a list');
    }
    const summaries = listed.map((item) => summaryOf(item, this.#clusterUid)).filter((item) => item !== undefined);
    for (const { id } of summaries) this.remember(id);
    return summaries;
  }

  async inspect(idOrName: string): Promise<ContainerDetails> {
    const inspected = await this.#inspectAny(idOrName);
    const details = detailsOf(inspected, this.#clusterUid);
    if (!details) throw notFound(idOrName);
    this.remember(details.id);
    if (this.#outOfMemory.get(details.id)) details.oomKilled = true;
    const policy = inspected.HostConfig?.RestartPolicy?.Name;
    if (policy && policy !== 'no') await this.#takeRestartPolicyBack(details.id, policy);
    return details;
  }

  remember(id: string): void {
    this.#seen.set(id, true);
  }

  /** An engine that hears of it after the container's end tells it once, as an event, and never again when inspected. */
  hear({ containerId, action }: EngineEvent): void {
    if (containerId === undefined) return;
    if (action === 'oom') this.#outOfMemory.set(containerId, true);
    else if (action === 'start') this.#outOfMemory.delete(containerId);
  }

  /** The id of a container of ours. Rejects with NotFound. */
  async idOf(idOrName: string): Promise<string> {
    if (isContainerId(idOrName) && this.#seen.get(idOrName)) return idOrName;
    return (await this.inspect(idOrName)).id;
  }

  /** The same, or undefined when there is none. */
  async findId(idOrName: string): Promise<string | undefined> {
    return unlessNotFound(this.idOf(idOrName));
  }

  /** Whether a container of ours has a terminal: what it writes has no frames then. */
  async hasTerminal(id: string): Promise<boolean> {
    return (await this.#inspectAny(id)).Config?.Tty ?? false;
  }

  /** The container that keeps the file for its last message, if there is one. */
  async messageFileOf(id: string): Promise<string | undefined> {
    const name = (await this.#inspectAny(id)).Config?.Labels?.[labels.messageFile];
    return name !== undefined && isContainerName(name) ? name : undefined;
  }

  async exists(id: string): Promise<boolean> {
    return (await unlessNotFound(this.#inspectAny(id))) !== undefined;
  }

  /** Who holds the name that a refusal of the engine is about; undefined when nobody does any more. */
  async nameConflict(name: string, refusal: RuntimeError): Promise<RuntimeError | undefined> {
    const told = /by container "?([0-9a-f]{64})/.exec(refusal.message)?.[1];
    const holder = await unlessNotFound(this.#inspectAny(told ?? name));
    if (!holder) return undefined;
    const holderIsOurs = identityOf(holder.Config?.Labels, this.#clusterUid) !== undefined;
    if (holderIsOurs) this.remember(holder.Id);
    const whose = holderIsOurs
      ? 'a container of this cluster'
      : 'a container that is not of this cluster and is left alone: rename or remove it yourself';
    return new RuntimeError(
      'NameConflict',
      `the name ${name} is in use by ${holder.Id.slice(0, 12)}, ${whose}`,
      { holderId: holder.Id, holderIsOurs },
      { cause: refusal },
    );
  }

  async #inspectAny(idOrName: string): Promise<InspectedContainer> {
    if (!isContainerId(idOrName) && !isContainerName(idOrName)) throw notFound(idOrName);
    const inspected = await this.#connection.call('inspect', deadlines.inspect, (engine, abortSignal) =>
      engine.getContainer(idOrName).inspect({ abortSignal }),
    );
    if (!inspected || !isContainerId(inspected.Id)) {
      throw new RuntimeError('Unavailable', 'inspect: the engine sent something that is not a container');
    }
    return inspected;
  }

  /** Somebody gave the container a restart policy of the engine: two authorities would restart it. */
  async #takeRestartPolicyBack(id: string, policy: string): Promise<void> {
    this.#logger.warn('container had a restart policy of the engine; set to no', { container: id, policy });
    await this.#connection
      .call('update', deadlines.inspect, (engine, abortSignal) =>
        engine.getContainer(id).update({ RestartPolicy: { Name: 'no' }, abortSignal }),
      )
      .catch((error: unknown) => {
        this.#logger.warn('cannot take the restart policy back', { container: id, error: errorMessage(error) });
      });
  }
}

async function unlessNotFound<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof RuntimeError && error.code === 'NotFound') return undefined;
    throw error;
  }
}

function notFound(idOrName: string): RuntimeError {
  return new RuntimeError('NotFound', `there is no container ${JSON.stringify(idOrName)} of this cluster`);
}
