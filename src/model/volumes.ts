import type { ErrorCause } from '../support/errors.js';
import type { TaskSpec, Volume } from './generated/task.js';
import { parseBytes } from './quantities.js';

const sources = ['dockerVolume', 'hostPath', 'emptyDir'] as const;

/** What the schema cannot say of volumes and their mounts: one source each, names that fit together, no path twice. */
export function validateVolumes({ volumes = [], volumeMounts = [] }: TaskSpec): ErrorCause[] {
  return [
    ...volumes.flatMap((volume, index) => validateVolume(volume, `spec.volumes[${index}]`)),
    ...duplicates(
      volumes.map(({ name }) => name),
      (index) => `spec.volumes[${index}].name`,
    ),
    ...duplicates(
      volumeMounts.map(({ mountPath }) => mountPath.replace(/\/+$/, '')),
      (index) => `spec.volumeMounts[${index}].mountPath`,
    ),
    ...volumeMounts.flatMap(({ name, mountPath }, index) => [
      ...(volumes.some((volume) => volume.name === name)
        ? []
        : [invalid(`spec.volumeMounts[${index}].name`, `no entry of spec.volumes is named "${name}"`)]),
      ...dotsIn(mountPath, `spec.volumeMounts[${index}].mountPath`),
    ]),
    // On the engine each mount of it would be another one.
    ...duplicates(
      volumeMounts.map(({ name }) => (volumes.find((volume) => volume.name === name)?.emptyDir ? name : undefined)),
      (index) => `spec.volumeMounts[${index}].name`,
    ),
  ];
}

function validateVolume(volume: Volume, field: string): ErrorCause[] {
  const given = sources.filter((source) => volume[source] !== undefined);
  if (given.length !== 1) {
    return [invalid(field, `needs exactly one of ${sources.join(', ')}, not ${given.length}`)];
  }
  const { medium, sizeLimit } = volume.emptyDir ?? {};
  const bytes = sizeLimit === undefined ? undefined : parseBytes(sizeLimit);
  return [
    ...dotsIn(volume.hostPath?.path ?? '/', `${field}.hostPath.path`),
    ...(sizeLimit === undefined || (bytes !== undefined && bytes > 0 && Number.isSafeInteger(Math.ceil(bytes)))
      ? []
      : [invalid(`${field}.emptyDir.sizeLimit`, `"${sizeLimit}" is not a size: write it like 64Mi`)]),
    ...(sizeLimit === undefined || medium === 'Memory'
      ? []
      : [invalid(`${field}.emptyDir.sizeLimit`, 'the engine can keep it only with medium: Memory')]),
  ];
}

function dotsIn(path: string, field: string): ErrorCause[] {
  return path.split('/').some((part) => part === '..' || part === '.')
    ? [invalid(field, 'must not contain "." or ".." as a part')]
    : [];
}

/** undefined counts as different from everything. */
function duplicates(values: readonly (string | undefined)[], fieldOf: (index: number) => string): ErrorCause[] {
  return values.flatMap((value, index) =>
    value !== undefined && values.indexOf(value) < index
      ? [{ reason: 'FieldValueDuplicate', field: fieldOf(index), message: `"${value}" is already used before` }]
      : [],
  );
}

function invalid(field: string, message: string): ErrorCause {
  return { reason: 'FieldValueInvalid', field, message };
}
