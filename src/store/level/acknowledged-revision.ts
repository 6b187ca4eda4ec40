import { constants, open, type FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';

/**
 * The newest revision that was answered as durable, in a file beside the database. It is written after each fsync of the
 * database but not fsynced itself, so it may lag and is never ahead: a database that holds less has lost something.
 */
export class AcknowledgedRevision {
  private written = 0;
  private wanted = 0;
  private writing: Promise<void> | undefined;

  private constructor(private readonly file: FileHandle) {}

  static async open(path: string): Promise<AcknowledgedRevision> {
    return new AcknowledgedRevision(await open(path, constants.O_RDWR | constants.O_CREAT, 0o600));
  }

  /** What the file says, or undefined when it says nothing that can be trusted. */
  async read(): Promise<number | undefined> {
    const { buffer, bytesRead } = await this.file.read(Buffer.alloc(64), 0, 64, 0);
    const [digits = '', checksum] = buffer.toString('latin1', 0, bytesRead).trimEnd().split(' ');
    return /^\d{16}$/.test(digits) && checksum === checksumOf(digits) ? Number(digits) : undefined;
  }

  /** Writes the revision soon. One that cannot be written (the disk is full) is left out: it is only a lower bound. */
  note(revision: number): void {
    this.wanted = Math.max(this.wanted, revision);
    this.writing ??= this.writeAll().finally(() => {
      this.writing = undefined;
    });
  }

  async close(): Promise<void> {
    await this.writing;
    await this.file.sync().catch(() => undefined);
    await this.file.close();
  }

  private async writeAll(): Promise<void> {
    while (this.written < this.wanted) {
      const revision = this.wanted;
      const digits = String(revision).padStart(16, '0');
      const line = Buffer.from(`${digits} ${checksumOf(digits)}\n`, 'latin1');
      await this.file.write(line, 0, line.length, 0).catch(() => undefined);
      this.written = revision;
    }
  }
}

function checksumOf(digits: string): string {
  return crc32(digits).toString(16).padStart(8, '0');
}
