import { kinds } from '../model/kinds.js';
import { eventsV1View, eventsView } from './events/events-view.js';
import { nodeMetricsResource, podMetricsResource } from './metrics/metrics-resources.js';
import { podResource } from './pods/pod-resource.js';
import { servedAsStored, type ServedResource } from './served-resource.js';
import { absentResources } from './absent-resources.js';

/** Every kind as it is stored, and the views. Core resources come first: that is how short names resolve. */
export const servedResources: readonly ServedResource[] = [
  ...kinds.map(servedAsStored),
  podResource,
  ...absentResources,
  eventsView,
  eventsV1View,
  nodeMetricsResource,
  podMetricsResource,
];

/** By the parts of its path. */
export function findServedResource(group: string, version: string, plural: string): ServedResource | undefined {
  return servedResources.find(({ kind }) => kind.group === group && kind.version === version && kind.plural === plural);
}
