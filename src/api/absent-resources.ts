import { absentKinds, type AbsentKind } from '../model/absent-kinds.js';
import type { Kind } from '../model/kind.js';
import { servedAsStored, type ServedResource } from './served-resource.js';

/**
 * Kinds of Kubernetes of which there are no objects here, and none can be made. They are served because clients look among the
 * served kinds before they send anything: of a missing one they say "ensure CRDs are installed first", and here who makes one is
 * told what to do instead. Without verbs `kubectl api-resources`, k9s and `get all` leave them out.
 */
export const absentResources: readonly ServedResource[] = absentKinds.map((absent) => ({
  ...servedAsStored(kindOf(absent)),
  // Clients ask for Services whatever they are about (kubectl cluster-info, Headlamp), and take "no such kind" for a broken server.
  verbs: absent.kind === 'Service' ? ['get', 'list', 'watch'] : [],
}));

function kindOf({ why, ...names }: AbsentKind): Kind {
  return {
    ...names,
    singular: names.kind.toLowerCase(),
    categories: [],
    hasStatus: false,
    writtenBySystem: why,
    schema: {
      title: names.kind,
      type: 'object',
      description: `Kubernetes' ${names.kind}. None can be made: ${why}.`,
    },
    columns: [],
    selectableFields: {},
    listKeys: {},
    validate: () => [],
  };
}
