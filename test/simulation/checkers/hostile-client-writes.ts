import type { HostileObserver } from '../hostile/hostile-door.js';
import type { Violated } from './checker.js';

/** A hostile client asks about objects of its own only: whatever it sends, nothing else is written or deleted for it. */
export function hostileClientWrites(prefix: string, violated: Violated): HostileObserver {
  const check = (what: string, name = ''): void => {
    if (!name.startsWith(prefix)) violated('nobody but the hostile is harmed', `the client ${what} ${name}`);
  };
  return {
    onWritten: (kind, { metadata }) => check(`wrote ${kind.kind}`, metadata.name),
    onDeleted: (kind, { metadata }) => check(`deleted ${kind.kind}`, metadata.name),
    onReported: () => undefined,
  };
}
