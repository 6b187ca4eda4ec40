/** Who in a run answers, or asks for, anything. */
export interface Hostile {
  /** A worker that joined beside the honest ones. */
  worker: boolean;
  /** A user who may write. */
  client: boolean;
}

/** None of the seeds that once found a defect is among them: those go on meaning what they meant. */
const seedsPerHostile = 7;
const hostileRemainder = 3;

/** Every seventh seed has somebody hostile: a worker, a client, or both. */
export function addHostile(seed: number): Hostile {
  if (seed % seedsPerHostile !== hostileRemainder) return { worker: false, client: false };
  const turn = Math.floor(seed / seedsPerHostile) % 3;
  return { worker: turn !== 1, client: turn !== 0 };
}

/** From words with commas in between. */
export function hostileOf(words: string): Hostile {
  const named = words.split(',');
  return { worker: named.includes('worker'), client: named.includes('client') };
}
