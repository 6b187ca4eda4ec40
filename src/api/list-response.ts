import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Request, Response } from 'express';
import type { Stored } from '../model/api-object.js';
import { apiVersionOf } from '../model/kind.js';
import { objectForm } from './accept.js';
import type { ApiContext } from './api-context.js';
import { includeObject, type Query } from './query.js';
import type { ServedResource } from './served-resource.js';
import { partialMetadata, tableColumns, tableRow } from './table.js';

/** How much text is made of objects, at most, before the loop is given back: so many of them, or so much (and then one). */
const maxChunk = { items: 250, characters: 512 * 1024 };
/** Shorter answers are sent faster as they are. */
const minCompressedCharacters = 128 * 1024;
/** The fastest: it already makes lists of like objects a tenth of their size. */
const compressionLevel = 1;

export interface ListPage {
  items: readonly Stored[];
  revision: number;
  continueToken?: string;
  remainingItemCount?: number;
}

/**
 * A list in the form that the client accepts. Long lists leave in chunks, as fast as the client reads, and compressed where
 * it takes that.
 */
export async function sendList(
  context: ApiContext,
  request: Request,
  response: Response,
  resource: ServedResource,
  page: ListPage,
): Promise<void> {
  const { as, metaApiVersion } = objectForm(request.headers.accept);
  const include = includeObject(request.query as Query);
  const now = context.clock.now();
  const metadata = {
    resourceVersion: String(page.revision),
    ...(page.continueToken === undefined ? {} : { continue: page.continueToken }),
    ...(page.remainingItemCount === undefined ? {} : { remainingItemCount: page.remainingItemCount }),
  };
  const apiVersion = apiVersionOf(resource.kind);
  const head =
    as === 'table'
      ? { kind: 'Table', apiVersion: metaApiVersion, metadata, columnDefinitions: tableColumns(resource) }
      : as === 'metadata'
        ? { kind: 'PartialObjectMetadataList', apiVersion: metaApiVersion, metadata }
        : { kind: `${resource.kind.kind}List`, apiVersion, metadata };
  const shape = (object: Stored): object =>
    as === 'table'
      ? tableRow(resource, object, include, now, metaApiVersion)
      : as === 'metadata'
        ? partialMetadata(object, metaApiVersion)
        : object;
  const opening = `${JSON.stringify(head).slice(0, -1)},"${as === 'table' ? 'rows' : 'items'}":[`;
  response.setHeader('Content-Type', 'application/json');
  response.vary('Accept-Encoding');
  const chunks = chunksOf(opening, page.items, shape);
  const first = chunks.next().value ?? '';
  const second = chunks.next();
  if (second.done && first.length < minCompressedCharacters) return void response.end(first);
  const begin = second.done ? [first] : [first, second.value];
  await sendChunks(request, response, begin, chunks);
}

function* chunksOf(
  opening: string,
  items: readonly Stored[],
  shape: (object: Stored) => object,
): Generator<string, undefined, undefined> {
  let chunk = opening;
  let left = maxChunk.items;
  for (const [index, item] of items.entries()) {
    chunk += `${index === 0 ? '' : ','}${JSON.stringify(shape(item))}`;
    left -= 1;
    if (left > 0 && chunk.length < maxChunk.characters) continue;
    yield chunk;
    chunk = '';
    left = maxChunk.items;
  }
  yield `${chunk}]}`;
}

async function sendChunks(
  request: Request,
  response: Response,
  begin: readonly string[],
  rest: Iterable<string>,
): Promise<void> {
  const source = Readable.from(
    (function* () {
      yield* begin;
      yield* rest;
    })(),
  );
  try {
    if (request.acceptsEncodings('gzip') !== 'gzip') return await pipeline(source, response);
    response.setHeader('Content-Encoding', 'gzip');
    await pipeline(source, createGzip({ level: compressionLevel }), response);
  } catch (error) {
    // A client that went away needs no answer; anything else is a fault of ours.
    if (!response.destroyed) throw error;
  }
}
