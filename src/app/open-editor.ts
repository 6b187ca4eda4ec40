import { spawn } from 'node:child_process';
import { OrchError } from '../support/errors.js';

/**
 * Opens an editor, a shell command like `code --wait`, on a file, with the terminal of this process. Resolves with its exit code; rejects
 * with BadRequest when there is no shell.
 */
export function openEditor(editor: string, file: string): Promise<number> {
  return new Promise((resolve, reject) => {
    // The file is an argument of the shell, not a part of its text.
    const child = spawn('/bin/sh', ['-c', `${editor} "$1"`, 'sh', file], { stdio: 'inherit' });
    child.once('error', (error) => reject(new OrchError('BadRequest', `cannot open the editor: ${error.message}`)));
    child.once('exit', (code) => resolve(code ?? 1));
  });
}
