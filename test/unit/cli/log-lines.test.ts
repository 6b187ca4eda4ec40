import { describe, expect, it } from 'vitest';
import { LogPosition, textOfLine } from '../../../src/cli/log-lines.js';

const at = (second: number, text: string): string =>
  `2026-01-01T00:00:${String(second).padStart(2, '0')}.000000000Z ${text}`;

describe('LogPosition', () => {
  it('DK-23: shows no line twice when a stream is taken up again with some overlap', () => {
    const position = new LogPosition();
    const first = [at(1, 'a'), at(2, 'b'), at(2, 'c')];
    expect(first.filter((line) => position.accept(line))).toEqual(first);
    position.restart();
    expect(position.since).toBe('2026-01-01T00:00:02.000000000Z');
    const second = [at(2, 'b'), at(2, 'c'), at(2, 'd'), at(3, 'e')];
    expect(second.filter((line) => position.accept(line))).toEqual([at(2, 'd'), at(3, 'e')]);
  });

  it('shows equal lines of one stream as often as they come', () => {
    const position = new LogPosition();
    const lines = [at(1, 'tick'), at(1, 'tick')];
    expect(lines.filter((line) => position.accept(line))).toEqual(lines);
  });

  it('drops what is older than all that it remembers', () => {
    const position = new LogPosition(2);
    for (const line of [at(1, 'a'), at(2, 'b'), at(3, 'c')]) position.accept(line);
    position.restart();
    expect([at(1, 'a'), at(2, 'b'), at(3, 'c'), at(4, 'd')].filter((line) => position.accept(line))).toEqual([
      at(4, 'd'),
    ]);
  });

  it('knows no time before the first line', () => {
    expect(new LogPosition().since).toBeUndefined();
  });
});

it('takes the time off a line, and leaves a line without one alone', () => {
  expect(textOfLine(at(1, 'hello world'))).toBe('hello world');
  expect(textOfLine(at(1, ''))).toBe('');
  expect(textOfLine('no time here')).toBe('no time here');
});
