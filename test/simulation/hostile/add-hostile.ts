/** Who in a run answers, or asks for, anything. */
export interface Hostile {
  /** A worker that joined beside the honest ones. */
  worker: boolean;
}

/** None of the seeds that once found a defect is among them: those go on meaning what they meant. */
const seedsPerHostile = 7;
const hostileRemainder = 3;

/** Every seventh seed has somebody hostile. */
export function addHostile(seed: number): Hostile {
  return { worker: seed % seedsPerHostile === hostileRemainder };
}

/** From words with commas in between. */
export function hostileOf(words: string): Hostile {
  const named = words.split(',');
  return { worker: named.includes('worker') };
}
