import { isOrchError } from '../support/errors.js';
import type { Cli } from './cli.js';

/** Of one list, how often the manager may have forgotten where it was. */
const maxExpiries = 16;

/**
 * Reads a list page by page: `read` takes the token of a page and resolves with that of the next one, undefined at the end. Where the
 * manager does not remember the list any more, it goes on with things as they are now, or (`restart`) from the beginning, and says so
 * once. Rejects as `read` does.
 */
export async function readPages(
  cli: Cli,
  read: (token: string | undefined) => Promise<string | undefined>,
  restart: () => void,
): Promise<void> {
  let token: string | undefined;
  let expiries = 0;
  for (;;) {
    try {
      token = await read(token);
      if (token === undefined) return;
    } catch (error) {
      if (token === undefined || !isOrchError(error, 'Expired') || expiries === maxExpiries) throw error;
      expiries += 1;
      if (expiries === 1)
        cli.warn('the list took so long that objects changed meanwhile: some may be missing, or as they were before');
      token = error.details.continueToken;
      if (token === undefined) restart();
    }
  }
}
