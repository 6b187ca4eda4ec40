import type { ErrorCause } from '../support/errors.js';
import type { KeyToPath, TaskSpec, Volume, VolumeMount } from './generated/task.js';
import { parseBytes } from './quantities.js';

const sources = ['dockerVolume', 'hostPath', 'emptyDir', 'configMap', 'secret'] as const;

/** Whether its content comes from an object, as files. */
export function isFileVolume({ configMap, secret }: Volume): boolean {
  return configMap !== undefined || secret !== undefined;
}

/** Whether the task's container needs files before it starts. Pure. */
export function needsFiles({ volumes = [], volumeMounts = [] }: TaskSpec): boolean {
  return volumes.some((volume) => isFileVolume(volume) && volumeMounts.some(({ name }) => name === volume.name));
}

/** Names of the volumes that are folders for the task's containers alone, on the disk. Pure. */
export function emptyDirsOnDisk({ volumes = [], volumeMounts = [] }: TaskSpec): string[] {
  return volumes.flatMap((volume) => {
    const isOther = sources.some((source) => source !== 'emptyDir' && volume[source] !== undefined);
    if (isOther || volume.emptyDir?.medium === 'Memory') return [];
    return volumeMounts.some(({ name }) => name === volume.name) ? [volume.name] : [];
  });
}

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
      ...(/^\/+$/.test(mountPath)
        ? [invalid(`spec.volumeMounts[${index}].mountPath`, 'is the root of the container: name a place below it')]
        : []),
      ...dotsIn(mountPath, `spec.volumeMounts[${index}].mountPath`),
    ]),
    ...validateMemory(volumes, volumeMounts),
    ...validatePlaces(volumes, volumeMounts),
  ];
}

/** What of volumes is not kept as it says. Pure. */
export function volumeWarnings({ volumes = [] }: TaskSpec): string[] {
  return volumes.flatMap(({ emptyDir }, index) => {
    const { medium, sizeLimit } = emptyDir ?? {};
    if (sizeLimit === undefined || medium === 'Memory' || parseBytes(sizeLimit) === 0) return [];
    return [`spec.volumes[${index}].emptyDir.sizeLimit: the engine keeps this limit only with medium: Memory`];
  });
}

function validateVolume(volume: Volume, field: string): ErrorCause[] {
  const given = sources.filter((source) => volume[source] !== undefined);
  // One without a source is an emptyDir.
  if (given.length > 1) return [invalid(field, `may have only one of ${given.join(', ')}: keep one of them`)];
  const { sizeLimit } = volume.emptyDir ?? {};
  const { items = [] } = volume.configMap ?? volume.secret ?? {};
  const source = volume.configMap ? 'configMap' : 'secret';
  const bytes = sizeLimit === undefined ? undefined : parseBytes(sizeLimit);
  return [
    ...validateItems(items, `${field}.${source}.items`),
    ...dotsIn(volume.hostPath?.path ?? '/', `${field}.hostPath.path`),
    ...(sizeLimit === undefined || (bytes !== undefined && bytes >= 0 && Number.isSafeInteger(Math.ceil(bytes)))
      ? []
      : [invalid(`${field}.emptyDir.sizeLimit`, `"${sizeLimit}" is not a size: write it like 64Mi`)]),
  ];
}

/** What becomes a file must stay below the place of its volume, and be the only one of its path. */
function validateItems(items: readonly KeyToPath[], field: string): ErrorCause[] {
  const folders = new Set(items.flatMap(({ path }) => foldersOf(path)));
  return [
    ...items.flatMap(({ path }, index) => {
      const at = `${field}[${index}].path`;
      if (path.startsWith('/')) return [invalid(at, 'must not start with "/": it is below the place of the volume')];
      if (path.split('/').includes('')) return [invalid(at, 'must not end with "/" nor have an empty part')];
      if (folders.has(path)) return [invalid(at, `"${path}" is a folder of another item`)];
      const dots = dotsIn(path, at);
      // Names of this form are those by which a volume's files change all at once.
      return dots.length === 0 && path.startsWith('..') ? [invalid(at, 'must not start with ".."')] : dots;
    }),
    ...duplicates(
      items.map(({ path }) => path),
      (index) => `${field}[${index}].path`,
    ),
  ];
}

/** `a/b/c`: a and a/b. */
function foldersOf(path: string): string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_part, index) => parts.slice(0, index + 1).join('/'));
}

/** On the engine each mount of memory is another one. */
function validateMemory(volumes: readonly Volume[], mounts: readonly VolumeMount[]): ErrorCause[] {
  const inMemory = new Set(volumes.filter(({ emptyDir }) => emptyDir?.medium === 'Memory').map(({ name }) => name));
  return mounts.flatMap(({ name }, index) => {
    if (!inMemory.has(name) || mounts.findIndex((mount) => mount.name === name) === index) return [];
    const message = `"${name}" is in memory, so it can be mounted at one place only: leave medium out to mount it at several`;
    return [invalid(`spec.volumeMounts[${index}].name`, message)];
  });
}

/** The kernel's own, in which no folder can be made. */
const placesOfTheKernel = ['/proc', '/sys'];

/** Files have a volume of their own, so they may be below and around all other mounts. */
function validatePlaces(volumes: readonly Volume[], mounts: readonly VolumeMount[]): ErrorCause[] {
  return mounts.flatMap(({ name, mountPath }, index) => {
    const place = placesOfTheKernel.find((own) => isWithin(mountPath, own));
    if (place === undefined || !volumes.some((volume) => volume.name === name && isFileVolume(volume))) return [];
    return [invalid(`spec.volumeMounts[${index}].mountPath`, `no files can be put below ${place}`)];
  });
}

function isWithin(path: string, folder: string): boolean {
  const [inner, outer] = [path, folder].map((text) => `${text.replace(/\/+/g, '/').replace(/\/$/, '')}/`);
  return inner?.startsWith(outer ?? '') ?? false;
}

function dotsIn(path: string, field: string): ErrorCause[] {
  return path.split('/').some((part) => part === '..' || part === '.')
    ? [invalid(field, 'must not contain "." or ".." as a part')]
    : [];
}

function duplicates(values: readonly string[], fieldOf: (index: number) => string): ErrorCause[] {
  return values.flatMap((value, index) =>
    values.indexOf(value) < index
      ? [{ reason: 'FieldValueDuplicate', field: fieldOf(index), message: `"${value}" is already used before` }]
      : [],
  );
}

function invalid(field: string, message: string): ErrorCause {
  return { reason: 'FieldValueInvalid', field, message };
}
