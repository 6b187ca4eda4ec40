import type { TaskSpec } from './generated/task.js';

/** What of a machine a task can ask for besides its share of it. A worker can be started to forbid each (`--forbid`). */
export const restrictedFeatures = ['hostNetwork', 'hostPath', 'dockerVolume'] as const;

export type RestrictedFeature = (typeof restrictedFeatures)[number];

/** Which of them a task asks for. Pure. */
export function restrictedFeaturesOf({ hostNetwork, volumes = [] }: TaskSpec): RestrictedFeature[] {
  return restrictedFeatures.filter((feature) =>
    feature === 'hostNetwork' ? hostNetwork === true : volumes.some((volume) => volume[feature] !== undefined),
  );
}

/** As a Node tells them in `status.nodeInfo.forbids`: `hostNetwork,hostPath`. Unknown words forbid nothing known. Pure. */
export function parseRestricted(text: string | undefined): RestrictedFeature[] {
  const words = (text ?? '').split(',');
  return restrictedFeatures.filter((feature) => words.includes(feature));
}
