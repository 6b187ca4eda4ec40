import { beforeEach, expect, it } from 'vitest';
import { defaultHandshakeLimits, HandshakeBudget } from '../../../../src/api/connections/handshake-budget.js';
import { ManualClock } from '../../../support/manual-clock.js';

const { perStranger, strangers, perKnown, perNode } = defaultHandshakeLimits;
let clock: ManualClock;
let budget: HandshakeBudget;

beforeEach(() => {
  clock = new ManualClock();
  budget = new HandshakeBudget(defaultHandshakeLimits, clock);
});

const flood = (keys: readonly string[], tries: number): number => {
  let begun = 0;
  for (let index = 0; index < tries; index++) for (const key of keys) if (budget.take(key)) begun++;
  return begun;
};
const comeIn = (key: string, nodeName?: string): boolean => {
  const ticket = budget.take(key);
  if (ticket) budget.giveBack(ticket, nodeName);
  return ticket !== undefined;
};

it('bounds what one address begins, and leaves the others theirs', () => {
  expect(flood(['10.0.0.1'], 1_000)).toBe(perStranger.burst);
  clock.freeze(60_000);
  expect(flood(['10.0.0.1'], 1_000)).toBe(perStranger.burst);
  clock.freeze(1_000);
  expect(flood(['10.0.0.1'], 1_000)).toBe(perStranger.perSecond);
  expect(comeIn('10.0.0.2')).toBe(true);
});

it('counts nobody who is known: 500 workers behind one address, each with four connections, after a restart', () => {
  for (let connection = 0; connection < 4; connection++) {
    for (let worker = 0; worker < 500; worker++) expect(comeIn('10.0.0.1', `w${worker}`)).toBe(true);
  }
});

it('bounds what one worker gets back, and leaves the others behind its address theirs in time', () => {
  for (let index = 0; index < perNode.burst + perKnown.burst; index++) {
    expect(comeIn('10.0.0.1', 'greedy')).toBe(true);
  }
  expect(comeIn('10.0.0.1', 'greedy')).toBe(false);
  clock.freeze(1_000);
  expect(flood(['10.0.0.1'], 1_000)).toBe(perKnown.perSecond);
  expect(comeIn('10.0.0.2', 'other')).toBe(true);
});

it('bounds what any number of addresses begin, but for those from which somebody known came within the hour', () => {
  expect(comeIn('10.0.0.1', 'w1')).toBe(true);
  const many = Array.from({ length: 20_000 }, (_, index) => `2001:db8:0:${index.toString(16)}::/64`);
  expect(flood(many, 2)).toBe(strangers.burst);
  expect([budget.take('10.0.0.9'), comeIn('10.0.0.1', 'w1')]).toEqual([undefined, true]);
  clock.freeze(3_599_000);
  flood(many, 1);
  expect(comeIn('10.0.0.1', 'w1')).toBe(true);
  clock.freeze(3_600_000);
  flood(many, 1);
  expect(comeIn('10.0.0.1', 'w1')).toBe(false);
});
