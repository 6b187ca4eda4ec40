import { withDeadline, type Clock } from '../support/clock.js';

/** Another Source: what it has applied, and what its folder names at this moment. */
export interface OtherSource {
  name: string;
  keeps: ReadonlySet<string>;
  folder: FolderSurvey;
}

export interface FolderSurvey {
  /** `changing`: files are on their way in or out. `unknown`: it cannot be read now, or holds files that cannot be. */
  state: 'clear' | 'changing' | 'unknown';
  /** Identities of what could be read. */
  names: ReadonlySet<string>;
}

export const unknownFolder: FolderSurvey = { state: 'unknown', names: new Set() };

/** Whoever waits for another's disk waits no longer than this. */
const surveyMilliseconds = 10_000;

/** What the folder names, or that nobody can say when that takes too long or fails: another's disk holds nobody up. */
export async function surveyInTime(
  clock: Clock,
  survey: (signal: AbortSignal) => Promise<FolderSurvey>,
): Promise<FolderSurvey> {
  const aborter = new AbortController();
  const tooLate = (): Error => new Error('the folder does not answer');
  try {
    return await withDeadline(clock, surveyMilliseconds, survey(aborter.signal), tooLate);
  } catch {
    return unknownFolder;
  } finally {
    aborter.abort();
  }
}

/** The source that keeps an object which this one does not: its folder names the object too, or might. Pure. */
export function otherKeeper(others: readonly OtherSource[], identity: string): OtherSource | undefined {
  return others.find(({ keeps, folder }) => keeps.has(identity) && !isGivenAway(folder, identity));
}

/** The source that kept an object until its manifest was moved out of its folder. Pure. */
export function formerKeeper(others: readonly OtherSource[], identity: string): OtherSource | undefined {
  return others.find(({ keeps, folder }) => keeps.has(identity) && isGivenAway(folder, identity));
}

/**
 * What becomes of an object that a folder does not name any more, as far as other sources are concerned: theirs already, to be
 * theirs soon, or nobody's. Pure.
 */
export function fateOfGone(
  others: readonly OtherSource[],
  identity: string,
): { is: 'taken' | 'awaited'; by: OtherSource } | { is: 'nobodys' } {
  const namer = others.find(({ folder }) => folder.names.has(identity));
  if (namer !== undefined) return { is: namer.keeps.has(identity) ? 'taken' : 'awaited', by: namer };
  const doubtful = others.find(
    ({ keeps, folder }) => folder.state === 'changing' || (keeps.has(identity) && folder.state === 'unknown'),
  );
  return doubtful === undefined ? { is: 'nobodys' } : { is: 'awaited', by: doubtful };
}

function isGivenAway({ state, names }: FolderSurvey, identity: string): boolean {
  return state === 'clear' && !names.has(identity);
}
