import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { Cli, type CliEnvironment } from '../../../src/cli/cli.js';
import { readPages } from '../../../src/cli/read-pages.js';
import { errorFromAnswer } from '../../../src/client/status-error.js';
import { OrchError } from '../../../src/support/errors.js';

/** Reads a list whose answers are given: items with the next token, or an error. */
async function readAll(answers: readonly ([items: string, next?: string] | Error)[]) {
  const stderr = new PassThrough();
  const cli = new Cli({ env: {}, stdout: new PassThrough(), stderr } as Partial<CliEnvironment> as CliEnvironment);
  const asked: (string | undefined)[] = [];
  let items = '';
  const reading = readPages(
    cli,
    async (token) => {
      const answer = answers[asked.push(token) - 1];
      if (answer instanceof Error || answer === undefined) throw answer ?? new Error('asked too often');
      items += answer[0];
      return answer[1];
    },
    () => (items = ''),
  );
  const error = await reading.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { asked, items, error, said: String(stderr.read() ?? '') };
}

const expired = (token?: string): Error => {
  const status = {
    kind: 'Status',
    reason: 'Expired',
    code: 410,
    message: 'too old',
    metadata: { continue: token ?? '' },
  };
  return errorFromAnswer(410, JSON.stringify(status));
};

it('reads page after page, and says nothing', async () => {
  expect(await readAll([['a', '1'], ['b', '2'], ['c']])).toMatchObject({ items: 'abc', said: '', error: undefined });
});

it('goes on with the token of the refusal, and says so once', async () => {
  const { asked, items, said } = await readAll([['a', '1'], expired('1b'), ['b', '2'], expired('2b'), ['c']]);
  expect(asked).toEqual([undefined, '1', '1b', '2', '2b']);
  expect(items).toBe('abc');
  expect(said.match(/objects changed meanwhile/g)).toHaveLength(1);
});

it('begins again where there is no such token', async () => {
  expect(await readAll([['a', '1'], expired(), ['b', '2'], ['c']])).toMatchObject({ items: 'bc', error: undefined });
});

it('gives up on a manager that forgets everything, and on any other refusal', async () => {
  const forgetful = Array.from({ length: 100 }, (_, index) =>
    index === 0 ? (['a', '1'] as [string, string]) : expired('x'),
  );
  expect((await readAll(forgetful)).error).toMatchObject({ code: 'Expired' });
  expect((await readAll([['a', '1'], new OrchError('Forbidden', 'no')])).error).toMatchObject({ code: 'Forbidden' });
  expect((await readAll([expired('x')])).error).toMatchObject({ code: 'Expired' });
});
