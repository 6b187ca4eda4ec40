import { Writable } from 'node:stream';
import type { Request, Response } from 'express';
import { expect, it } from 'vitest';
import type { ApiContext } from '../../../src/api/api-context.js';
import { sendList } from '../../../src/api/list-response.js';
import { servedAsStored } from '../../../src/api/served-resource.js';
import type { Stored } from '../../../src/model/api-object.js';
import { configMapKind } from '../../../src/model/config-map.js';
import { ManualClock } from '../../support/manual-clock.js';

/** Takes what it is sent piece by piece, each in a turn of its own. */
class Client extends Writable {
  readonly pieces: string[] = [];

  override _write(piece: Buffer, _encoding: string, done: () => void): void {
    this.pieces.push(piece.toString());
    setImmediate(done);
  }

  setHeader(): void {
    // Nobody looks at them here.
  }

  vary(): void {
    // As above.
  }
}

async function list(count: number, characters: number): Promise<string[]> {
  const items = Array.from({ length: count }, (_, index) => ({
    metadata: { name: `map-${index}` },
    data: { text: 'x'.repeat(characters) },
  })) as unknown as Stored[];
  const client = new Client();
  const context = { clock: new ManualClock() } as unknown as ApiContext;
  const request = { headers: {}, query: {}, acceptsEncodings: () => false } as unknown as Request;
  const response = client as unknown as Response;
  await sendList(context, request, response, servedAsStored(configMapKind), { items, revision: 7 });
  const { items: read } = JSON.parse(client.pieces.join('')) as { items: Stored[] };
  expect(read.map(({ metadata }) => metadata.name)).toEqual(items.map(({ metadata }) => metadata.name));
  return client.pieces;
}

it('makes text of a few large objects at a time, so that no list holds the main loop up', async () => {
  const pieces = await list(20, 900_000);
  expect(Math.max(...pieces.map((piece) => piece.length))).toBeLessThan(1_000_000);
});

it('makes text of so many small objects at a time', async () => {
  const pieces = await list(1_000, 10);
  expect(pieces.length).toBeGreaterThanOrEqual(4);
});

it.each([0, 1, 200])('sends a short list of %i in one piece', async (count) => {
  expect(await list(count, 10)).toHaveLength(1);
});
