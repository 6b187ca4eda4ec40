import { errorMessage, isOrchError } from '../support/errors.js';
import type { Cli } from './cli.js';

/**
 * What a person reads when a command failed: the sentence, one line for each cause, and what to do when we know it. `about`: which of
 * several objects it is about, like task/web.
 */
export function formatError(error: unknown, colors: Cli['colors'], about?: string): string {
  const prefix = `${colors.red('error:')} ${about === undefined ? '' : `${about}: `}`;
  const lines = [`${prefix}${errorMessage(error)}`];
  if (!isOrchError(error)) return lines.join('\n');
  const causes = error.details.causes ?? [];
  // An Invalid message holds its causes already, in one long line.
  if (error.code === 'Invalid' && causes.length > 0) {
    const { kind, name } = error.details;
    lines[0] =
      about === undefined ? `${prefix}the ${kind ?? 'object'} "${name ?? ''}" is invalid:` : `${prefix}is invalid:`;
  }
  for (const { field, message } of causes) lines.push(`  * ${field ? `${field}: ` : ''}${message}`);
  const advice = adviceFor(error.code);
  if (advice) lines.push(advice);
  return lines.join('\n');
}

function adviceFor(code: string): string | undefined {
  switch (code) {
    case 'Unauthorized':
      return 'The manager does not accept the token: `orch config path` tells which configuration was used. A manager with a new data folder has a new token.';
    case 'Forbidden':
      return 'The token is good, but not for this.';
    default:
      return undefined;
  }
}
