import { expect, it } from 'vitest';
import { RefusalLog } from '../../../../src/api/access/refusal-log.js';
import { silentLogger, type LogFields } from '../../../../src/support/logger.js';
import { ManualClock } from '../../../support/manual-clock.js';

it('tells of a flood in a few short lines, and how many it left out', () => {
  const lines: LogFields[] = [];
  const clock = new ManualClock();
  const log = new RefusalLog({ ...silentLogger, warn: (_message, fields = {}) => void lines.push(fields) }, clock);
  const name = 'x'.repeat(2_000_000);
  const flood = (): void => {
    for (let index = 0; index < 5_000; index++) {
      log.tell('join refused', { node: name, reason: `"${name}" is refused`, token: undefined });
    }
  };
  flood();
  expect(lines).toHaveLength(10);
  expect(lines[0]).toEqual({ node: 'x'.repeat(63), reason: `"${'x'.repeat(299)}`, token: undefined });
  clock.freeze(1_000);
  flood();
  expect(lines).toHaveLength(11);
  expect(lines[10]).toMatchObject({ leftOut: 4_990 });
  clock.freeze(60_000);
  log.tell('join refused', { node: 'a' });
  log.tell('join refused', { node: 'b' });
  expect(lines.slice(11)).toEqual([{ node: 'a', leftOut: 4_999 }, { node: 'b' }]);
});
