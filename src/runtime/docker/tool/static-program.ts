import type { Architecture } from './machine-code.js';

/** Where the file is mapped; any multiple of the largest page does. */
const base = 0x40_0000;
const largestPage = 0x1_0000;
const headerBytes = 64;
const segmentBytes = 56;

/**
 * An ELF file (64 bits, little-endian) of one segment that is read and executed, its own headers included: what the kernel needs to run the
 * code, and nothing else. Layout as in elf(5). Pure.
 */
export function staticProgram({ machine, code }: Architecture): Buffer {
  const instructions = Buffer.from(code.map(([bytes]) => bytes.replaceAll(' ', '')).join(''), 'hex');
  const begin = headerBytes + segmentBytes;
  const file = Buffer.concat([Buffer.alloc(begin), instructions]);
  file.write('\x7fELF\x02\x01\x01', 'latin1'); // 64 bits, little-endian, version 1
  file.writeUInt16LE(2, 16); // e_type: an executable
  file.writeUInt16LE(machine, 18);
  file.writeUInt32LE(1, 20); // e_version
  file.writeBigUInt64LE(BigInt(base + begin), 24); // e_entry
  file.writeBigUInt64LE(BigInt(headerBytes), 32); // e_phoff: the segment follows
  file.writeUInt16LE(headerBytes, 52);
  file.writeUInt16LE(segmentBytes, 54);
  file.writeUInt16LE(1, 56); // e_phnum
  file.writeUInt16LE(64, 58); // e_shentsize; there are no sections
  file.writeUInt32LE(1, headerBytes); // p_type: to be loaded
  file.writeUInt32LE(5, headerBytes + 4); // p_flags: read and execute
  file.writeBigUInt64LE(BigInt(base), headerBytes + 16); // p_vaddr
  file.writeBigUInt64LE(BigInt(base), headerBytes + 24); // p_paddr
  file.writeBigUInt64LE(BigInt(file.length), headerBytes + 32); // p_filesz
  file.writeBigUInt64LE(BigInt(file.length), headerBytes + 40); // p_memsz
  file.writeBigUInt64LE(BigInt(largestPage), headerBytes + 48); // p_align
  return file;
}
