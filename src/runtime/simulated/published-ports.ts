import type { ContainerDetails, PortBinding } from '../container-runtime.js';

const firstEphemeralPort = 32768;
const lastPort = 65535;

interface Taken {
  containerId: string;
  hostIP?: string;
}

/** Host ports and addresses of one simulated machine. As with Docker, both change with every start of a container. */
export class PublishedPorts {
  readonly #taken = new Map<string, Taken[]>();
  readonly #addresses = new Map<string, number>();
  readonly #usedAddresses = new Set<number>();
  #nextEphemeral = firstEphemeralPort;

  /** All of the ports, or none and the one that is busy. */
  take(containerId: string, bindings: readonly PortBinding[]): ContainerDetails['ports'] | { busy: number } {
    const published: ContainerDetails['ports'] = [];
    for (const { containerPort, protocol, hostPort, hostIP } of bindings) {
      if (hostPort === undefined) continue;
      const port = hostPort === 0 ? this.#freePort(protocol) : hostPort;
      if (this.#isBusy(protocol, port, hostIP)) {
        this.#releasePorts(containerId);
        return { busy: port };
      }
      const key = `${protocol}/${port}`;
      this.#taken.set(key, [...(this.#taken.get(key) ?? []), { containerId, hostIP }]);
      published.push({ containerPort, hostPort: port, hostIP: hostIP ?? '0.0.0.0', protocol });
    }
    return published;
  }

  /** The lowest free address of the bridge: one that was just given back comes again at once. */
  takeAddress(containerId: string): string {
    let number = 2;
    while (this.#usedAddresses.has(number)) number++;
    this.#usedAddresses.add(number);
    this.#addresses.set(containerId, number);
    return `172.17.${number >> 8}.${number & 255}`;
  }

  release(containerId: string): void {
    this.#releasePorts(containerId);
    const address = this.#addresses.get(containerId);
    if (address !== undefined) this.#usedAddresses.delete(address);
    this.#addresses.delete(containerId);
  }

  #releasePorts(containerId: string): void {
    for (const [key, holders] of this.#taken) {
      const others = holders.filter((holder) => holder.containerId !== containerId);
      if (others.length === 0) this.#taken.delete(key);
      else if (others.length < holders.length) this.#taken.set(key, others);
    }
  }

  #isBusy(protocol: string, port: number, hostIP?: string): boolean {
    const holders = this.#taken.get(`${protocol}/${port}`) ?? [];
    return holders.some((holder) => isEvery(hostIP) || isEvery(holder.hostIP) || holder.hostIP === hostIP);
  }

  #freePort(protocol: string): number {
    for (let tries = 0; tries <= lastPort - firstEphemeralPort; tries++) {
      const port = this.#nextEphemeral;
      this.#nextEphemeral = port === lastPort ? firstEphemeralPort : port + 1;
      if (!this.#isBusy(protocol, port)) return port;
    }
    return firstEphemeralPort;
  }
}

function isEvery(hostIP: string | undefined): boolean {
  return hostIP === undefined || hostIP === '' || hostIP === '0.0.0.0';
}
