import type { ContainerDetails } from '../runtime/container-runtime.js';

/** The one with the highest attempt. */
export function newestOf(containers: readonly ContainerDetails[]): ContainerDetails | undefined {
  return containers.reduce<ContainerDetails | undefined>(
    (newest, container) => (newest && newest.identity.attempt >= container.identity.attempt ? newest : container),
    undefined,
  );
}

export function isAlive(container: { phase: ContainerDetails['phase'] }): boolean {
  return container.phase === 'running' || container.phase === 'paused';
}
