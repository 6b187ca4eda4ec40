import type { TaskSpec } from './generated/task.js';
import { canonicalJson } from './json.js';

/**
 * Fields of a spec that say where, whether and when a container runs, not what it is: a change of them replaces no
 * container.
 */
const notOfTheContainer: readonly (keyof TaskSpec)[] = [
  'nodeName',
  'desiredState',
  'nodeSelector',
  'tolerations',
  'priority',
  'schedulerName',
  'restartPolicy',
  'terminationGracePeriodSeconds',
  'imagePullPolicy',
  'startupProbe',
  'livenessProbe',
  'readinessProbe',
  'lifecycle',
];

/**
 * Fingerprint of what a container is made from. A container whose label differs from its task's is replaced. Only fields
 * that are present count, so a new optional field in a later version leaves every hash as it was (no restart storm).
 */
export function specHash(spec: TaskSpec): string {
  const relevant = Object.fromEntries(
    Object.entries(spec).filter(([field]) => !notOfTheContainer.includes(field as keyof TaskSpec)),
  );
  // Loaded when it is needed: it would be a tenth of the start of a command that hashes nothing.
  const { createHash } = process.getBuiltinModule('node:crypto');
  return createHash('sha256').update(canonicalJson(relevant)).digest('hex').slice(0, 16);
}
