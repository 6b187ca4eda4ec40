import { OrchError } from '../support/errors.js';

export type DryRun = 'none' | 'client' | 'server';

/** `--dry-run` as it was given: alone it means server, which knows more. Throws BadRequest. */
export function parseDryRun(given: string | true | undefined): DryRun {
  if (given === undefined || given === 'none') return 'none';
  if (given === true || given === 'server') return 'server';
  if (given === 'client') return 'client';
  throw new OrchError('BadRequest', `--dry-run=${given}: choose client or server`);
}
