import type { Readable } from 'node:stream';
import { guarded } from '../../support/guarded.js';

const maxLineBytes = 1024 * 1024;

/**
 * Calls back for each line of the stream. Resolves when it ends; rejects when it breaks, in whichever way: 'error',
 * 'aborted', or 'close' before its end. A line above 1 MiB breaks it too.
 */
export function readLines(stream: Readable, onLine: (line: string) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    let rest = '';
    const failed = (error: unknown): void => {
      reject(error instanceof Error ? error : new Error(String(error)));
      stream.destroy();
    };
    stream.setEncoding('utf8');
    const take = (text: string): void => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line.trim() !== '') onLine(line);
      if (rest.length > maxLineBytes) stream.destroy(new Error('the engine sent a line above 1 MiB'));
    };
    stream.on('data', guarded(failed, take));
    const broken = (): void => reject(new Error('the engine broke the stream off'));
    stream.once('end', () => {
      if (rest.trim() !== '') onLine(rest);
      resolve();
    });
    stream.once('error', reject);
    stream.once('aborted', broken);
    stream.once('close', broken);
  });
}

/** A line as a JSON object; undefined when it is none. */
export function parseLine(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
