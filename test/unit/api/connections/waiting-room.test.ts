import fc from 'fast-check';
import { expect, it } from 'vitest';
import { WaitingRoom } from '../../../../src/api/connections/waiting-room.js';
import { ManualClock } from '../../../support/manual-clock.js';

const limits = { perKey: 3, total: 5, milliseconds: 1_000 };
const first = { next: () => 0 };

it('has so many places, each key so many of them', () => {
  const room = new WaitingRoom<string>(limits, new ManualClock(), first);
  expect(['a1', 'a2', 'a3', 'a4'].map((guest) => room.enter('a', guest))).toEqual([true, true, true, false]);
  expect(['b1', 'b2', 'b3'].map((guest) => room.enter('b', guest))).toEqual([true, true, false]);
  room.leave('a2');
  room.leave('a2');
  expect([room.size, room.enter('b', 'b3'), room.isWaitedFor('c')]).toEqual([4, true, false]);
});

it('gives each key its turn while there are tickets, and draws within it', () => {
  const room = new WaitingRoom<string>(limits, new ManualClock(), { next: () => 0.99 });
  for (const guest of ['a1', 'a2', 'a3']) room.enter('a', guest);
  room.enter('b', 'b1');
  let tickets = 2;
  const take = (): number | undefined => (tickets > 0 ? tickets-- : undefined);
  expect(room.call(take).map(({ guest }) => guest)).toEqual(['a3', 'b1']);
  expect(room.call((key) => (key === 'b' ? 1 : undefined))).toEqual([]);
  tickets = 9;
  expect(room.call(take).map(({ guest }) => guest)).toEqual(['a2', 'a1']);
  expect([room.size, room.isWaitedFor('a')]).toEqual([0, false]);
});

it('sends away who has waited too long', () => {
  const clock = new ManualClock();
  const room = new WaitingRoom<string>(limits, clock, first);
  room.enter('a', 'a1');
  clock.freeze(600);
  room.enter('a', 'a2');
  clock.freeze(400);
  expect(room.giveUp()).toEqual(['a1']);
  expect(room.giveUp()).toEqual([]);
  clock.freeze(600);
  expect(room.giveUp()).toEqual(['a2']);
  expect(room.size).toBe(0);
});

it('knows who is in, whoever comes and goes', () => {
  const step = fc.tuple(fc.constantFrom('enter', 'leave', 'call', 'wait'), fc.constantFrom('a', 'b', 'c'), fc.nat(9));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (steps, next) => {
      const clock = new ManualClock();
      const room = new WaitingRoom<string>({ perKey: 4, total: 8, milliseconds: 50 }, clock, { next: () => next });
      const inside = new Map<string, string>();
      const gone = (guests: string[]): void => guests.forEach((guest) => expect(inside.delete(guest)).toBe(true));
      for (const [what, key, number] of steps) {
        const guest = `${key}${number}`;
        const mine = [...inside.values()].filter((one) => one === key).length;
        if (what === 'enter' && !inside.has(guest)) {
          expect(room.enter(key, guest)).toBe(inside.size < 8 && mine < 4);
          if (inside.size < 8 && mine < 4) inside.set(guest, key);
        }
        if (what === 'leave') {
          room.leave(guest);
          inside.delete(guest);
        }
        let tickets = number;
        if (what === 'call') {
          const called = room.call((each) => (each === key && tickets-- > 0 ? true : undefined));
          expect(called).toHaveLength(Math.min(mine, number));
          gone(called.map((one) => one.guest));
        }
        if (what === 'wait') {
          clock.freeze(number * 5);
          gone(room.giveUp());
        }
        expect([room.size, room.isWaitedFor('a')]).toEqual([inside.size, [...inside.values()].includes('a')]);
      }
    }),
  );
});
