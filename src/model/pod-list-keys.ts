const ofContainers: Readonly<Record<string, readonly string[]>> = {
  '': ['name'],
  '.env': ['name'],
  '.ports': ['containerPort', 'protocol'],
  '.volumeDevices': ['devicePath'],
  '.volumeMounts': ['mountPath'],
};

/**
 * How the lists of Kubernetes' PodSpec merge (as Kind.listKeys), also those of fields that orch keeps or refuses: what is merged
 * must be right before it is judged. `path` is where the spec is, as `spec` or `spec.template.spec`. Pure.
 */
export function podSpecListKeys(path: string): Record<string, readonly string[]> {
  const containers = ['containers', 'initContainers', 'ephemeralContainers'].flatMap((list) =>
    Object.entries(ofContainers).map(([below, keys]): [string, readonly string[]] => [`${path}.${list}${below}`, keys]),
  );
  return {
    ...Object.fromEntries(containers),
    [`${path}.hostAliases`]: ['ip'],
    [`${path}.imagePullSecrets`]: ['name'],
    [`${path}.resourceClaims`]: ['name'],
    [`${path}.schedulingGates`]: ['name'],
    [`${path}.topologySpreadConstraints`]: ['topologyKey', 'whenUnsatisfiable'],
    [`${path}.volumes`]: ['name'],
  };
}

/** As Kind.retainKeys: a volume has one source. Pure. */
export function podSpecRetainKeys(path: string): string[] {
  return [`${path}.volumes`];
}
