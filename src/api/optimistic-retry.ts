import { isOrchError } from '../support/errors.js';

const maxAttempts = 5;

/**
 * Runs read-check-write with the version that was read as precondition, and again when somebody else wrote in between:
 * so a decision about an object holds for the object that is written. When the client gave a version of its own
 * (`clientIsConditional`), its Conflict is its own to resolve.
 */
export async function retryOnConflict<T>(clientIsConditional: boolean, attempt: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await attempt();
    } catch (error) {
      if (clientIsConditional || tried >= maxAttempts || !isOrchError(error, 'Conflict')) throw error;
    }
  }
}
