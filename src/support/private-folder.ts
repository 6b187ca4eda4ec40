import { lstat, mkdir, readlink } from 'node:fs/promises';
import { dirname, join, parse, resolve, sep } from 'node:path';
import { OrchError } from './errors.js';

/** One entry of the way to a folder, from the root on; a link is followed by the entries of where it leads. */
export interface WayEntry {
  path: string;
  type: 'folder' | 'link' | 'other';
  ownerId: number;
  mode: number;
}

const writableByGroup = 0o020;
const writableByOthers = 0o002;
const sticky = 0o1000;
const maxLinks = 40;

/**
 * Makes the folder, readable by its owner only, if it is not there. Rejects with Conflict when another user of the machine
 * owns it, may write in it, or may put another one in its place: what is kept there could be read, replaced, or led elsewhere.
 */
export async function ensurePrivateFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const userId = process.geteuid?.();
  if (userId === undefined) return;
  const problem = judgeWay(await wayTo(resolve(path)), userId);
  if (problem !== undefined) throw new OrchError('Conflict', problem);
}

/** Why a folder at the end of this way is not the user's alone; undefined when it is. Pure. */
export function judgeWay(way: readonly WayEntry[], userId: number): string | undefined {
  const folder = way.at(-1);
  if (!folder) return undefined;
  const advice = 'name another folder with --data, or make this one yours alone';
  if (folder.type !== 'folder') return `${folder.path} is not a folder: name another one with --data`;
  if (folder.ownerId !== userId) {
    return `the folder ${folder.path} belongs to the user ${folder.ownerId}, and orch runs as ${userId}: ${advice}`;
  }
  if ((folder.mode & (writableByGroup | writableByOthers)) !== 0) {
    return `other users may write in the folder ${folder.path}: ${advice} (chmod go-w ${folder.path})`;
  }
  for (const entry of way.slice(0, -1)) {
    if (entry.type === 'link' && entry.ownerId !== userId && entry.ownerId !== 0) {
      return `${entry.path} is a link of the user ${entry.ownerId}, who may lead it elsewhere at any time: ${advice}`;
    }
    if (entry.type === 'folder' && (entry.mode & writableByOthers) !== 0 && (entry.mode & sticky) === 0) {
      return `every user may replace what lies in ${entry.path}, and so ${folder.path}: ${advice} (chmod o-w ${entry.path})`;
    }
  }
  return undefined;
}

async function wayTo(path: string): Promise<WayEntry[]> {
  const way: WayEntry[] = [];
  let left = maxLinks;
  const walk = async (to: string): Promise<string> => {
    let at = parse(to).root;
    for (const name of to.slice(at.length).split(sep).filter(Boolean)) {
      at = join(at, name);
      const stats = await lstat(at);
      const type = stats.isSymbolicLink() ? 'link' : stats.isDirectory() ? 'folder' : 'other';
      way.push({ path: at, type, ownerId: stats.uid, mode: stats.mode });
      if (type !== 'link') continue;
      if (left-- === 0) throw new OrchError('Conflict', `${path}: too many links`);
      at = await walk(resolve(dirname(at), await readlink(at)));
    }
    return at;
  };
  await walk(path);
  return way;
}
