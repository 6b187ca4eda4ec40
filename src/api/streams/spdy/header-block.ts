import { constants, createInflate, type Inflate } from 'node:zlib';
import { guarded } from '../../../support/guarded.js';
import { headerDictionary } from './header-dictionary.js';

export type SpdyHeaders = Readonly<Record<string, string>>;

/** Of one block, unpacked: what is larger is no client's of ours. */
const maxBlockBytes = 64 * 1024;

/** Reads the header blocks of one direction of a connection: they share one compression context, so none may be left out. */
export class HeaderReader {
  readonly #inflate: Inflate = createInflate({ dictionary: headerDictionary, flush: constants.Z_SYNC_FLUSH });
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor() {
    const take = (chunk: Buffer): void => {
      this.#bytes += chunk.length;
      if (this.#bytes <= maxBlockBytes) this.#chunks.push(chunk);
      else this.#inflate.destroy(new Error('a header block is too large'));
    };
    this.#inflate.on(
      'data',
      guarded(() => this.#inflate.destroy(), take),
    );
    this.#inflate.on('error', () => undefined); // told by the write that it broke
  }

  /** One block after the other: wait for the answer before the next. Rejects when the block is damaged. */
  async read(block: Uint8Array): Promise<SpdyHeaders> {
    this.#chunks = [];
    this.#bytes = 0;
    await new Promise<void>((resolve, reject) => {
      this.#inflate.once('error', reject);
      this.#inflate.write(block, (error) => {
        this.#inflate.off('error', reject);
        if (error) reject(error);
        else resolve();
      });
    });
    return parseHeaders(Buffer.concat(this.#chunks));
  }

  close(): void {
    this.#inflate.destroy();
  }
}

/** Writes header blocks without compressing them: valid zlib, and nothing to compute or to wait for. */
export class HeaderWriter {
  #isFirst = true;

  write(headers: SpdyHeaders): Buffer {
    const content = formatHeaders(headers);
    if (content.length > 0xffff) throw new RangeError('the headers do not fit into one block');
    // zlib's two bytes once, then a stored block of deflate, not the last one: its length, and the length inverted. An
    // empty one comes after it: Go's reader hands out what it has only then.
    const start = Buffer.from([0x78, 0x01]);
    const stored = Buffer.alloc(5);
    stored.writeUInt16LE(content.length, 1);
    stored.writeUInt16LE(content.length ^ 0xffff, 3);
    const block = Buffer.concat([...(this.#isFirst ? [start] : []), stored, content, emptyBlock]);
    this.#isFirst = false;
    return block;
  }
}

const emptyBlock = Buffer.from([0, 0, 0, 0xff, 0xff]);

function formatHeaders(headers: SpdyHeaders): Buffer {
  const entries = Object.entries(headers);
  return Buffer.concat([
    uint32(entries.length),
    ...entries.flatMap(([name, value]) => [name.toLowerCase(), value].flatMap(lengthAndText)),
  ]);
}

function lengthAndText(text: string): Buffer[] {
  const bytes = Buffer.from(text, 'utf8');
  return [uint32(bytes.length), bytes];
}

/** Throws RangeError when a length reaches beyond the block. Names are lower-cased; a name given twice keeps its last value. */
function parseHeaders(content: Buffer): SpdyHeaders {
  let at = 0;
  const number = (): number => {
    const value = content.readUInt32BE(at);
    at += 4;
    return value;
  };
  const text = (): string => {
    const length = number();
    if (at + length > content.length) throw new RangeError('a header reaches beyond its block');
    at += length;
    return content.toString('utf8', at - length, at);
  };
  const headers: Record<string, string> = Object.create(null) as Record<string, string>;
  for (let count = number(); count > 0; count--) {
    const name = text().toLowerCase();
    headers[name] = text();
  }
  return headers;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
