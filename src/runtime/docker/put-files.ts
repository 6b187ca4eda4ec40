/**
 * Files of containers, through the engine alone: an engine elsewhere is as good, and nothing lies on the disk of this
 * machine. Each set lies in a volume of its own, as the kubelet's writer lays it out: the files in a hidden folder, `..data`
 * that points to it, and a link through `..data` for each name that people see. So another folder and one link change them all.
 * The task's container may only read them. They are written through a container of orch's own that has the same volumes.
 */
import { stat as statOfMachine } from 'node:fs/promises';
import type { Random } from '../../support/random.js';
import type { ContainerSpec, FileSet } from '../container-runtime.js';
import type { Place } from './container-archive.js';
import { put, stat } from './container-archive.js';
import type { CreateBody, EngineMount } from './engine-api.js';
import type { ArchiveEntry } from './file-archive.js';
import { entriesOf, linksOf, slots } from './file-archive.js';
import { mountPointsIn } from './mount-points.js';
import type { ToolContainers } from './tool/tool-containers.js';

/** A volume of the engine that nobody has used is a folder with these permissions; one that its programs own has others. */
const unusedMode = 0o755;

interface Filling extends Omit<Place, 'id'> {
  tool: ToolContainers;
  random: Random;
}
type Asked = Pick<ContainerSpec, 'name' | 'files' | 'terminationMessagePath'>;

/**
 * Has a container created with its files. The engine gives a volume for reading only if it has a name, so each gets one that no other
 * ever had; it is filled through a container that may write there and is never started, before there is the task's. Rejects as
 * `create` does, and as the engine refuses the files; there is no container then, or its outcome is unknown.
 */
export async function createWithFiles<T>(
  { tool, random, ...place }: Filling,
  asked: Asked,
  body: CreateBody,
  create: (body: CreateBody) => Promise<T>,
): Promise<T> {
  const { name, files = [] } = asked;
  if (files.length === 0) return create(body);
  const all = body.HostConfig.Mounts ?? [];
  const names = new Map(files.map(({ target }) => [target, `orch-files-${random.uuid()}`]));
  const given = (mount: EngineMount, ReadOnly: boolean): EngineMount[] => {
    const Source = names.get(mount.Target);
    return Source === undefined ? [] : [{ ...mount, Source, ReadOnly }];
  };
  const forWriting = all.flatMap((mount) => given(mount, false));
  const Mounts = all.map((mount) => given(mount, true)[0] ?? mount);
  const entries = await Promise.all(files.map((set) => entriesFor(set, all, asked)));
  return tool.fill(name, forWriting, async (id) => {
    await put({ ...place, id }, entries.flat());
    return create({ ...body, HostConfig: { ...body.HostConfig, Mounts } });
  });
}

/** Opens folders of a container that was created and not started to everybody. */
export async function openFolders(place: Place, targets: readonly string[]): Promise<void> {
  const folders = await Promise.all(targets.map((target) => unusedFolder(place, target)));
  const entries = folders.flatMap((path) => (path === undefined ? [] : [{ path, mode: 0o777 }]));
  if (entries.length > 0) await put(place, entries);
}

/** Its files, and the places of the mounts that lie among them. */
async function entriesFor(
  set: FileSet,
  mounts: readonly EngineMount[],
  { terminationMessagePath: message }: Asked,
): Promise<ArchiveEntry[]> {
  const points = mountPointsIn(set.target, mounts).map(async ({ Target: path, Type, Source = '' }) => {
    // For a file of the machine a file has to be there, for anything else a folder.
    const isFile = path === message || (Type === 'bind' && (await isNoFolder(Source)));
    return isFile ? { path, mode: 0o644, content: new Uint8Array(0) } : { path, mode: 0o755 };
  });
  return [...entriesOf(set, slots[0]), ...linksOf(set, slots[0]), ...(await Promise.all(points))];
}

async function isNoFolder(path: string): Promise<boolean> {
  return statOfMachine(path).then(
    (found) => !found.isDirectory(),
    () => false,
  );
}

/** The folder, where a link in the image leads to another one, if nobody has used it; undefined otherwise. */
async function unusedFolder(place: Place, target: string): Promise<string | undefined> {
  let path = target;
  let found = await stat(place, path);
  if (found?.linkTarget) {
    path = found.linkTarget;
    found = await stat(place, path);
  }
  return found && (found.mode & 0o777) === unusedMode ? path : undefined;
}
