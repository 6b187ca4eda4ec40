import type { ConfigReference } from '../../model/config-references.js';
import type { StoredTask } from '../../model/task.js';
import type { ConfigObjects } from './config-objects.js';
import { valuesOf } from './config-objects.js';
import type { InputFiles } from './container-inputs.js';
import { missingKey, missingObject } from './resolve-environment.js';

interface FileSource {
  reference: ConfigReference;
  items?: readonly { key: string; path: string; mode?: number }[];
  defaultMode: number;
  optional: boolean;
}

/**
 * The files of a task's next container, for each place that a configMap or secret volume is mounted at; a place without files
 * is an empty folder. Throws a ConfigProblem for an object or key that is needed and missing, of volumes that are mounted
 * nowhere too. Pure.
 */
export function resolveFiles(task: StoredTask, objects: ConfigObjects): InputFiles[] {
  const { volumes = [], volumeMounts = [] } = task.spec;
  return volumes.flatMap((volume, index): InputFiles[] => {
    const source = sourceOf(volume);
    if (!source) return [];
    const files = filesOf(task, objects, source, `spec.volumes[${index}]`);
    return volumeMounts
      .filter(({ name }) => name === volume.name)
      .map(({ mountPath }) => ({ target: mountPath.replace(/\/+/g, '/').replace(/(.)\/$/, '$1'), files }));
  });
}

type Volume = NonNullable<StoredTask['spec']['volumes']>[number];

function sourceOf({ configMap, secret }: Volume): FileSource | undefined {
  const given = configMap ?? secret;
  if (!given) return undefined;
  const { items, defaultMode = 0o644, optional = false } = given;
  const reference: ConfigReference = secret
    ? { kind: 'Secret', name: secret.secretName }
    : { kind: 'ConfigMap', name: configMap?.name ?? '' };
  return { reference, defaultMode, optional, ...(items ? { items } : {}) };
}

function filesOf(
  task: StoredTask,
  objects: ConfigObjects,
  { reference, items, defaultMode, optional }: FileSource,
  field: string,
): InputFiles['files'] {
  const values = valuesOf(objects, reference, 'files');
  if (!values) {
    if (optional) return [];
    throw missingObject(task, reference, field);
  }
  const wanted = items ?? [...values.keys()].sort().map((key) => ({ key, path: key, mode: undefined }));
  return wanted.flatMap(({ key, path, mode = defaultMode }) => {
    const bytes = values.get(key);
    if (bytes) return [{ path, mode, base64: bytes.toString('base64') }];
    if (optional) return [];
    throw missingKey(task, reference, key, field);
  });
}
