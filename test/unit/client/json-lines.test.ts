import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readLines } from '../../../src/client/json-lines.js';

async function* inChunks(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (let turn = 0; at < bytes.length; turn++) {
    const size = Math.max(1, sizes[turn % sizes.length] ?? 1);
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function collect(lines: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const line of lines) all.push(line);
  return all;
}

it('gives the same lines however the bytes are cut, within characters too', async () => {
  const line = fc
    .string({ unit: 'grapheme', minLength: 1 })
    .filter((text) => !text.includes('\n') && text.trim() !== '');
  await fc.assert(
    fc.asyncProperty(
      fc.array(line),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
      async (lines, sizes) => {
        const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''));
        expect(await collect(readLines(inChunks(bytes, sizes), 10_000))).toEqual(lines);
      },
    ),
    { numRuns: 60 },
  );
});

it('leaves empty lines out', async () => {
  expect(await collect(readLines(inChunks(Buffer.from('a\n\n \nb\n'), [3]), 100))).toEqual(['a', 'b']);
});

it('refuses a line that is longer than allowed, before it is complete', async () => {
  const lines = collect(readLines(inChunks(Buffer.from('x'.repeat(50)), [10]), 30));
  await expect(lines).rejects.toMatchObject({ code: 'InternalError', message: expect.stringContaining('30 bytes') });
});

it('never takes half a line for a whole one', async () => {
  const lines = collect(readLines(inChunks(Buffer.from('{"a":1}\n{"a":'), [4]), 100));
  await expect(lines).rejects.toMatchObject({ code: 'ServiceUnavailable' });
});
