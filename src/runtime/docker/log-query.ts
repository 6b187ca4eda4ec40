import type { LogOptions } from '../container-runtime.js';
import { RuntimeError } from '../container-runtime.js';

/** The engine wants times as seconds with nine decimals, and `tail` as a text. */
export function logQuery({ follow, tailLines, since, timestamps }: LogOptions): Record<string, string> {
  return {
    stdout: '1',
    stderr: '1',
    follow: follow ? '1' : '0',
    timestamps: timestamps ? '1' : '0',
    tail: tailLines === undefined ? 'all' : String(Math.max(0, Math.trunc(tailLines))),
    ...(since !== undefined && { since: engineTime(since) }),
  };
}

function engineTime(rfc3339: string): string {
  const match = /^(.*T\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?(Z|[+-]\d\d:\d\d)$/.exec(rfc3339);
  const milliseconds = match ? Date.parse(`${match[1]}${match[3]}`) : Number.NaN;
  if (Number.isNaN(milliseconds)) {
    throw new RuntimeError('InvalidSpec', `"${rfc3339}" is not a time such as 2026-01-31T12:00:00Z`);
  }
  return `${milliseconds / 1000}.${(match?.[2] ?? '').padEnd(9, '0')}`;
}
