const blockSize = 32_768;
const headerSize = 7;
const recordTypes = { full: 1, first: 2, last: 4 } as const;

/** How a file in LevelDB's log format (`*.log`, `MANIFEST-*`) stands. `offset` is where the first damage begins. */
export type LogFileState =
  | { state: 'whole' }
  /** It ends in a record that is not whole: what a crash leaves of a write that was never answered. */
  | { state: 'torn'; offset: number }
  /** There are whole records behind the damage: no crash does that. */
  | { state: 'damaged'; offset: number };

/**
 * Judges a log file the way LevelDB would read it, which itself skips damage in silence. Blocks of 32 KiB hold records of
 * a header (masked CRC-32C, length, type) and their data; records do not span blocks.
 */
export function checkLogFile(bytes: Uint8Array): LogFileState {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let damage: number | undefined;
  for (let blockStart = 0; blockStart < bytes.length; blockStart += blockSize) {
    const blockEnd = Math.min(blockStart + blockSize, bytes.length);
    let offset = blockStart;
    // What is left of a block behind its last record is zeros when it is too short for a header.
    while (offset + headerSize <= blockEnd) {
      const length = view.getUint16(offset + 4, true);
      const type = bytes[offset + 6] as number;
      const end = offset + headerSize + length;
      // Without a header that can be right there is no telling where the next record of the block begins.
      if (type < recordTypes.full || type > recordTypes.last || end > blockEnd) {
        damage ??= offset;
        break;
      }
      if (unmask(view.getUint32(offset, true)) !== crc32c(bytes, offset + 6, end)) {
        damage ??= offset;
        offset = end;
        continue;
      }
      // The rest of a record whose beginning is damaged proves nothing; the start of another one does.
      const starts = type === recordTypes.full || type === recordTypes.first;
      if (damage !== undefined && starts) return { state: 'damaged', offset: damage };
      offset = end;
    }
    const cutInHeader = offset < blockEnd && blockEnd < blockStart + blockSize;
    if (cutInHeader) damage ??= offset;
  }
  return damage === undefined ? { state: 'whole' } : { state: 'torn', offset: damage };
}

function unmask(masked: number): number {
  const rotated = (masked - 0xa282ead8) >>> 0;
  return ((rotated >>> 17) | (rotated << 15)) >>> 0;
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc >>> 0;
});

function crc32c(bytes: Uint8Array, start: number, end: number): number {
  let crc = 0xffffffff;
  for (let at = start; at < end; at++) {
    crc = (crcTable[(crc ^ (bytes[at] as number)) & 0xff] as number) ^ (crc >>> 8);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
