import { configReferences } from '../../model/config-references.js';
import { maskValues } from '../../model/mask-values.js';
import type { StoredTask } from '../../model/task.js';
import type { CheckpointFile } from '../checkpoint-file.js';
import type { SecretTexts } from './container-inputs.js';

/** What is told in place of words that may quote what nobody may be told. */
export const withheld = '(not told: it may quote a value of a Secret that is too large to be looked for)';

/** What messages about a task may not tell. */
export interface SecretMask {
  /** A message of orch's own, without the values of Secrets that are known. */
  mask: (taskUid: string, message: string) => string;
  /** The same of words of the engine or a program, which may have been cut; none of them while not every value is known. */
  maskForeign: (taskUid: string, words: string) => string;
}

/**
 * Takes the values of Secrets that containers were given out of messages: expanded into a command, they come back in whatever quotes
 * it. Always holds: words of others are told only where every value is known that they could quote. After a restart of the worker
 * values that had no room in its checkpoint are not known until the task's next container is made.
 */
export function createSecretMask(
  checkpoint: Pick<CheckpointFile, 'secrets' | 'record'>,
  taskOf: (uid: string) => StoredTask | undefined,
): SecretMask {
  const known = (uid: string): SecretTexts => {
    const secrets = checkpoint.secrets(uid);
    if (secrets) return secrets;
    const task = taskOf(uid);
    const hasNone = !task || configReferences(task.spec).every(({ kind }) => kind !== 'Secret');
    const attempt = checkpoint.record(uid)?.attempt ?? task?.status?.attempt ?? 0;
    return { texts: [], isWhole: hasNone || attempt === 0 };
  };
  return {
    mask: (uid, message) => maskValues(message, known(uid).texts),
    maskForeign: (uid, words) => {
      const { texts, isWhole } = known(uid);
      return isWhole ? maskValues(words, texts, { isPiece: true }) : withheld;
    },
  };
}
