import type { TaskSpec } from './generated/task.js';
import { canonicalJson, type JsonObject } from './json.js';
import { plainTaskSpec } from './plain-spec.js';

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
  'readinessGates',
  'lifecycle',
];

/**
 * Fingerprint of what a container is made from. Only what a spec says counts (plain-spec.ts): a default that is said aloud makes
 * no other container, nor does a new optional field of a later version.
 */
export function specHash(spec: TaskSpec): string {
  return hashOf(plainTaskSpec(spec));
}

/**
 * Whether what has this fingerprint was made from the spec. Older versions took it of the spec word by word, and a new version
 * replaces no container for its own sake. Ask this wherever a fingerprint is compared. Pure.
 */
export function isMadeFrom(hash: string | undefined, spec: TaskSpec): boolean {
  return hash === specHash(spec) || hash === hashOf(spec as unknown as JsonObject);
}

function hashOf(spec: JsonObject): string {
  const relevant = Object.fromEntries(
    Object.entries(spec).filter(([field]) => !notOfTheContainer.includes(field as keyof TaskSpec)),
  );
  // Loaded when it is needed: it would be a tenth of the start of a command that hashes nothing.
  const { createHash } = process.getBuiltinModule('node:crypto');
  return createHash('sha256').update(canonicalJson(relevant)).digest('hex').slice(0, 16);
}
