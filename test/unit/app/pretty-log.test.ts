import pino from 'pino';
import { expect, it } from 'vitest';
import { openPrettyLog } from '../../../src/app/pretty-log.js';
import { waitFor } from '../../support/wait-for.js';

async function lineOf(colorize: boolean, fields: object, message: string): Promise<string> {
  let text = '';
  const logger = pino(
    { base: null },
    openPrettyLog(colorize, (written) => (text += written)),
  );
  logger.warn(fields, message);
  await waitFor('the line', () => text.includes('\n'));
  return text;
}

it('shows a line for people', async () => {
  expect(await lineOf(false, { component: 'worker', task: 'web' }, 'it ended')).toMatch(
    /^\[?[\d:]+\]? WARN: worker: it ended \{"task":"web"\}\n$/,
  );
});

it.each([false, true])(
  'shows what would command the terminal, instead of obeying it (colours: %s)',
  async (colorize) => {
    const hostile = 'a\u009b2Jb\u202ec\u061cd\u001b[8me';
    const line = await lineOf(colorize, { task: hostile }, hostile);
    for (const character of ['\u009b', '\u202e', '\u061c', '\u001b[8m']) expect(line).not.toContain(character);
    expect(line).toContain('a\\u009b2Jb\\u202ec\\u061cd\\u001b[8me');
    expect(line.includes('\u001b[33m')).toBe(colorize);
  },
);
