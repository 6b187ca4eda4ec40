import { createHash } from 'node:crypto';
import { findDuplicates } from '../manifest/find-duplicates.js';
import type { ManifestDocument } from '../manifest/manifest-document.js';
import type { Kind } from '../model/kind.js';
import { findKind } from '../model/kinds.js';
import type { InventoryEntry, Source, SourceError } from '../model/source.js';
import { whyNotAllowed, type AllowedFolders } from './allowed-folders.js';
import { fateOfGone, formerKeeper, otherKeeper, type OtherSource } from './other-sources.js';
import { entryOf, identityOf, identityOfDocument } from './identity.js';

/**
 * gitops decides here: what the folder says, what the source has applied before and what is there now go in; steps come
 * out. Always holds: nothing is deleted that is not in the inventory with the very uid; nothing at all is deleted while
 * anything about the folder is in doubt.
 */
export interface SyncInput {
  source: Pick<Source, 'spec'> & { name: string };
  folder: { state: 'present' | 'missing' | 'unreadable' | 'tooLarge' | 'notAllowed'; message?: string };
  files: readonly SourceFile[];
  /** Entries of the folder that cannot be read as a manifest. */
  problems: readonly SourceError[];
  /** Whether two looks at the folder, some time apart, found the same. */
  settled: boolean;
  inventory: readonly InventoryEntry[];
  /** The uid of what now bears the identity of an entry of the inventory that the files do not name. */
  live: ReadonlyMap<string, { uid: string }>;
  /** The other sources, where what they keep or name bears on this sync. */
  others: readonly OtherSource[];
  /** Where a Source that a file names may read. */
  allowed: AllowedFolders;
}

/** A file as it was parsed. It is applied as a whole or not at all. */
export interface SourceFile {
  path: string;
  documents: readonly ManifestDocument[];
  errors: readonly SourceError[];
}

export type SyncStep =
  /** `from`: the source out of whose folder the manifest was moved; its fields are this one's now. */
  | { type: 'apply'; document: ManifestDocument; entry: InventoryEntry; from?: string }
  /** Delete this very object. Only to be done when every apply before it went well. */
  | { type: 'prune'; kind: Kind; entry: InventoryEntry & { uid: string } }
  /** Take it out of the inventory: it is gone, is another object by now, or is let go. */
  | { type: 'forget'; entry: InventoryEntry };

export interface SyncPlan {
  steps: SyncStep[];
  errors: SourceError[];
  /** Why this source is not as its folder says although every step may go well. */
  hold?: { reason: HoldReason; message: string };
  pruneBlocked?: { token: string; count: number; message: string };
}

export type HoldReason =
  | 'SourceMissing'
  | 'SourceUnreadable'
  | 'SourceTooLarge'
  | 'SourceNotAllowed'
  | 'SourceEmpty'
  | 'SourceChanging'
  | 'HandingOver'
  | 'InvalidManifests'
  | 'PruneBlocked';

/** A share of the inventory says nothing when the inventory is this small: deleting 1 of 2 files is no accident. */
const percentCapFrom = 4;

const folderReasons = {
  missing: 'SourceMissing',
  unreadable: 'SourceUnreadable',
  tooLarge: 'SourceTooLarge',
  notAllowed: 'SourceNotAllowed',
} as const;

export function planSync(input: SyncInput): SyncPlan {
  const { folder, files, problems, inventory, source } = input;
  if (folder.state !== 'present') {
    const message = `${folder.message ?? source.spec.folder.path}: nothing is deleted until it can be read again`;
    return { steps: [], errors: [], hold: { reason: folderReasons[folder.state], message } };
  }
  const errors = [...problems, ...files.flatMap((file) => file.errors)];
  const documents = goodDocuments(input, errors);
  const applies = inOrder(documents).map((document): SyncStep => {
    const from = formerKeeper(input.others, identityOfDocument(document))?.name;
    const entry = entryOf(document.kind, document.object, document.file);
    return { type: 'apply', document, entry, ...(from === undefined ? {} : { from }) };
  });
  const gone = goneEntries(files, inventory);
  if (errors.length > 0) {
    const kept = gone.length > 0 ? '; nothing is deleted until that is put right' : '';
    return { steps: applies, errors, hold: { reason: 'InvalidManifests', message: summary(errors) + kept } };
  }
  if (gone.length === 0) return { steps: applies, errors };
  if (!input.settled) {
    const message = 'the folder keeps changing: nothing is deleted until it rests';
    return { steps: applies, errors, hold: { reason: 'SourceChanging', message } };
  }
  return planPrune(input, applies, gone);
}

/** What the inventory has and no file names. Files with errors count for what they still name. */
export function goneEntries(files: readonly SourceFile[], inventory: readonly InventoryEntry[]): InventoryEntry[] {
  const named = new Set(files.flatMap((file) => file.documents.map(identityOfDocument)));
  return inventory.filter((entry) => !named.has(identityOf(entry)));
}

/** One sentence for a condition: the first error with its place, and how many more there are. */
export function summary(errors: readonly SourceError[]): string {
  const [first] = errors;
  if (!first) return '';
  const place = [first.file, first.line, first.column].filter((part) => part !== undefined).join(':');
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return `${[place, first.field, first.message].filter(Boolean).join(': ')}${more}`.slice(0, 2000);
}

function goodDocuments(input: SyncInput, errors: SourceError[]): ManifestDocument[] {
  const { unique, errors: duplicates } = findDuplicates(input.files.flatMap((file) => file.documents));
  errors.push(...duplicates);
  const bad = new Set([...input.files.filter((file) => file.errors.length > 0).map((file) => file.path)]);
  for (const { file } of duplicates) bad.add(file);
  const owned = new Set(input.inventory.map(identityOf));
  for (const document of unique) {
    const refusal = refuse(document, owned, input);
    if (refusal === undefined) continue;
    bad.add(document.file);
    errors.push({ file: document.file, ...document.locate('/kind'), message: refusal });
  }
  return unique.filter((document) => !bad.has(document.file));
}

function refuse(document: ManifestDocument, owned: Set<string>, input: SyncInput): string | undefined {
  const { kind, object } = document;
  if (kind.kind === 'TaskEvent') return 'a TaskEvent is written by the system: it cannot come from a folder';
  // To take a Node's manifest out of a folder would delete the Node, and with it move every task of a live machine.
  if (kind.kind === 'Node') return 'a Node is made by its worker: it cannot come from a folder';
  if (kind.kind === 'Source' && object.metadata.name === input.source.name) return 'a source cannot keep itself';
  if (kind.kind === 'Source') {
    const refusal = whyNotAllowed((object as Source).spec.folder.path, undefined, input.allowed);
    if (refusal !== undefined) return refusal;
  }
  const other = otherKeeper(input.others, identityOfDocument(document));
  if (other === undefined || owned.has(identityOfDocument(document))) return undefined;
  return `${kind.singular} "${object.metadata.name}" is kept by source "${other.name}" already`;
}

/** Namespaces before what lives in them; else as in the files. */
function inOrder(documents: readonly ManifestDocument[]): ManifestDocument[] {
  const isNamespace = (document: ManifestDocument): boolean => document.kind.kind === 'Namespace';
  return [...documents.filter(isNamespace), ...documents.filter((document) => !isNamespace(document))];
}

function planPrune(input: SyncInput, applies: SyncStep[], gone: readonly InventoryEntry[]): SyncPlan {
  const { spec } = input.source;
  const prunes: (SyncStep & { type: 'prune' })[] = [];
  const forgets: SyncStep[] = [];
  const awaited: string[] = [];
  for (const entry of gone) {
    const fate = fateOfGone(input.others, identityOf(entry));
    if (fate.is === 'awaited') {
      awaited.push(
        `${entry.kind} "${entry.name}" stays until source "${fate.by.name}" has taken it over or lets it go`,
      );
      continue;
    }
    const kind = findKind(entry.apiVersion, entry.kind);
    const live = input.live.get(identityOf(entry));
    const { uid } = entry;
    if (fate.is === 'taken' || spec.prune === false || !kind || uid === undefined || live?.uid !== uid)
      forgets.push({ type: 'forget', entry });
    else prunes.push({ type: 'prune', kind, entry: { ...entry, uid } });
  }
  const inside = (step: { kind: Kind }): number => (step.kind.kind === 'Namespace' ? 1 : 0);
  prunes.sort((a, b) => inside(a) - inside(b));
  const hold = awaited[0] === undefined ? {} : { hold: { reason: 'HandingOver' as const, message: awaited[0] } };
  const unblocked = { steps: [...applies, ...forgets, ...prunes], errors: [], ...hold };
  if (prunes.length === 0) return unblocked;
  const token = pruneToken(prunes.map((step) => step.entry));
  const block = spec.allowPruneOf === token ? undefined : whyBlocked(input, applies.length, prunes.length);
  if (!block) return unblocked;
  const message = `${block.message}; to allow it, set spec.allowPruneOf to "${token}"`;
  return {
    steps: [...applies, ...forgets],
    errors: [],
    hold: { reason: block.reason, message },
    pruneBlocked: { token, count: prunes.length, message },
  };
}

function whyBlocked(
  { source: { spec }, inventory }: SyncInput,
  desired: number,
  count: number,
): { reason: HoldReason; message: string } | undefined {
  const objects = count === 1 ? '1 object' : `${count} objects`;
  if (desired === 0) {
    if (spec.allowEmpty) return undefined;
    const message = `the folder has no manifest left: ${objects} stay until there are files again or spec.allowEmpty is true`;
    return { reason: 'SourceEmpty', message };
  }
  const { maxPrune = 20, maxPrunePercent = 50 } = spec;
  if (count > maxPrune) {
    return { reason: 'PruneBlocked', message: `${objects} would be deleted, more than spec.maxPrune (${maxPrune})` };
  }
  if (count >= percentCapFrom && count * 100 > maxPrunePercent * inventory.length) {
    const share = `${objects} of ${inventory.length} would be deleted`;
    return { reason: 'PruneBlocked', message: `${share}, more than spec.maxPrunePercent (${maxPrunePercent})` };
  }
  return undefined;
}

/** Names this very set of deletions, so an allowance for it allows no other. */
export function pruneToken(entries: readonly InventoryEntry[]): string {
  const lines = entries.map((entry) => `${identityOf(entry)} ${entry.uid ?? ''}`).sort();
  return createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 16);
}
