import { duplexPair, type Duplex } from 'node:stream';
import { constants, createDeflate, createInflate } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  FrameReader,
  encodeData,
  encodePing,
  encodeSynStream,
  type SpdyFrame,
} from '../../../../src/api/streams/spdy/frames.js';
import { HeaderReader, HeaderWriter } from '../../../../src/api/streams/spdy/header-block.js';
import { headerDictionary } from '../../../../src/api/streams/spdy/header-dictionary.js';
import { SpdySession, type SpdyStream } from '../../../../src/api/streams/spdy/spdy-session.js';
import { waitFor } from '../../../support/wait-for.js';

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Packs header blocks as Go's client does: one compression for the whole connection. */
function packer(): (headers: Record<string, string>) => Promise<Buffer> {
  const deflate = createDeflate({ dictionary: headerDictionary });
  return async (headers) => {
    const chunks: Buffer[] = [];
    const onData = (chunk: Buffer): void => void chunks.push(chunk);
    deflate.on('data', onData);
    const texts = Object.entries(headers).flat();
    deflate.write(
      Buffer.concat([uint32(texts.length / 2), ...texts.flatMap((text) => [uint32(text.length), Buffer.from(text)])]),
    );
    await new Promise<void>((resolve) => deflate.flush(constants.Z_SYNC_FLUSH, resolve));
    deflate.off('data', onData);
    return Buffer.concat(chunks);
  };
}

describe('header blocks', () => {
  it('are read one after the other in one compression context', async () => {
    const pack = packer();
    const reader = new HeaderReader();
    const blocks: Record<string, string>[] = [
      { streamtype: 'error', requestid: '0' },
      { streamtype: 'data', port: '8080', requestid: '0' },
    ];
    for (const headers of blocks) {
      expect({ ...(await reader.read(await pack(headers))) }).toEqual(headers);
    }
    reader.close();
  });

  it('are written so that zlib reads them', async () => {
    const writer = new HeaderWriter();
    const blocks = [writer.write({ a: 'b' }), writer.write({}), writer.write({ Name: 'value' })];
    const inflate = createInflate({ dictionary: headerDictionary });
    const chunks: Buffer[] = [];
    inflate.on('data', (chunk: Buffer) => chunks.push(chunk));
    for (const block of blocks) await new Promise((resolve) => inflate.write(block, resolve));
    expect(Buffer.concat(chunks).toString('latin1')).toBe(
      '\0\0\0\x01\0\0\0\x01a\0\0\0\x01b' + '\0\0\0\0' + '\0\0\0\x01\0\0\0\x04name\0\0\0\x05value',
    );
    inflate.destroy();
  });

  it('are refused when damaged or unpacked far too large', async () => {
    await expect(new HeaderReader().read(Buffer.from('not zlib'))).rejects.toThrow();
    await expect(new HeaderReader().read(await packer()({ a: 'x'.repeat(200_000) }))).rejects.toThrow();
  });
});

describe('frames', () => {
  it('are read from pieces of any size', () => {
    const bytes = Buffer.concat([
      encodeSynStream(1, Buffer.from('block')),
      encodeData(1, Buffer.from('hello'), false),
      encodeData(1, new Uint8Array(), true),
      encodePing(7),
    ]);
    for (const size of [1, 3, 7, bytes.length]) {
      const reader = new FrameReader();
      const frames: SpdyFrame[] = [];
      for (let start = 0; start < bytes.length; start += size) {
        frames.push(...reader.read(bytes.subarray(start, start + size)));
      }
      const text = frames.map((frame) => ('payload' in frame ? Buffer.from(frame.payload).toString() : '')).join('');
      expect(text).toBe('hello');
      expect(frames.filter((frame) => frame.type === 'data' && frame.fin)).toHaveLength(1);
      expect(frames.at(-1)).toEqual({ type: 'ping', id: 7 });
    }
  });

  it('are refused when they are of another protocol', () => {
    expect(() => [...new FrameReader().read(Buffer.from([0x80, 2, 0, 1, 0, 0, 0, 0]))]).toThrow(RangeError);
    expect(() => [...new FrameReader().read(Buffer.from([0x80, 3, 0, 1, 0, 0xff, 0xff, 0xff]))]).toThrow(RangeError);
  });
});

describe('a session', () => {
  async function session(): Promise<{
    client: Duplex;
    streams: SpdyStream[];
    pack: ReturnType<typeof packer>;
    closed: () => boolean;
  }> {
    const [client, server] = duplexPair();
    const streams: SpdyStream[] = [];
    let closed = false;
    new SpdySession(
      server,
      (stream) => void streams.push(stream),
      () => (closed = true),
    );
    return { client, streams, pack: packer(), closed: () => closed };
  }

  it('opens streams, carries data both ways, and answers pings', async () => {
    const { client, streams, pack } = await session();
    const frames: SpdyFrame[] = [];
    const reader = new FrameReader();
    client.on('data', (chunk: Buffer) => frames.push(...reader.read(chunk)));
    client.write(encodeSynStream(1, await pack({ streamtype: 'stdin' })));
    const stream = await waitFor('the stream', () => streams[0]);
    expect(stream.headers['streamtype']).toBe('stdin');
    let text = '';
    let ended = false;
    stream.onData = (payload) => {
      text += Buffer.from(payload).toString();
      return true;
    };
    stream.onEnd = () => (ended = true);
    stream.accept();
    client.write(encodeData(1, Buffer.from('in'), true));
    client.write(encodePing(9));
    stream.write(Buffer.from('out'));
    stream.end();
    await waitFor('the ping', () => frames.some((frame) => frame.type === 'ping' && frame.id === 9));
    expect([text, ended]).toEqual(['in', true]);
    expect(frames.map(({ type }) => type)).toEqual(['synReply', 'data', 'data', 'ping']);
  });

  it('reads no more while a stream is full, and goes on then', async () => {
    const { client, streams, pack } = await session();
    client.write(encodeSynStream(1, await pack({ streamtype: 'data' })));
    const stream = await waitFor('the stream', () => streams[0]);
    let pieces = 0;
    stream.onData = () => ++pieces > 1;
    client.write(encodeData(1, Buffer.from('first'), false));
    client.write(encodeData(1, Buffer.from('second'), false));
    await waitFor('the first piece', () => pieces === 1);
    client.write(encodeSynStream(3, await pack({ streamtype: 'data' })));
    expect([pieces, streams.length]).toEqual([1, 1]);
    stream.resume();
    await waitFor('the rest', () => pieces === 2 && streams.length === 2);
  });

  it('tells its streams when the client is gone or speaks something else', async () => {
    for (const ending of [
      (client: Duplex) => void client.end(),
      (client: Duplex) => void client.write(Buffer.from([0x80, 2, 0, 1, 0, 0, 0, 0])),
    ]) {
      const { client, streams, pack, closed } = await session();
      client.on('error', () => undefined);
      client.write(encodeSynStream(1, await pack({ streamtype: 'data' })));
      const stream = await waitFor('the stream', () => streams[0]);
      let isOver = false;
      stream.onClose = () => (isOver = true);
      ending(client);
      await waitFor('the end', () => isOver && closed());
    }
  });
});
