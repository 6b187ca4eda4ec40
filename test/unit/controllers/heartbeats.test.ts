import { describe, expect, it } from 'vitest';
import { Heartbeats } from '../../../src/controllers/heartbeats.js';

const second = 1000;

/** Judges every second from `from` to `to` while `beating` beat; gives what changed. */
function live(heartbeats: Heartbeats, names: string[], beating: string[], from: number, to: number): string[] {
  const changed: string[] = [];
  for (let now = from; now <= to; now++) {
    for (const name of beating) heartbeats.beat(name, name, now * second);
    for (const name of heartbeats.judge(names, now * second).changed)
      changed.push(`${now} ${name} ${heartbeats.phaseOf(name).phase}`);
  }
  return changed;
}

const create = (): Heartbeats => new Heartbeats({ graceMilliseconds: 40 * second, judgeEveryMilliseconds: second });

describe('Heartbeats', () => {
  it('tells each change once', () => {
    const changed = live(create(), ['a', 'b'], ['a'], 0, 100);
    expect(changed).toEqual(['0 a alive', '0 b waiting', '41 b lost']);
  });

  it('tells that a worker is back', () => {
    const heartbeats = create();
    live(heartbeats, ['a', 'b'], ['a'], 0, 100);
    expect(live(heartbeats, ['a', 'b'], ['a', 'b'], 101, 110)).toEqual(['101 b alive']);
  });

  it('counts the time of loss from the judgement', () => {
    const heartbeats = create();
    live(heartbeats, ['a', 'b'], ['a'], 0, 100);
    expect(heartbeats.phaseOf('b')).toEqual({ phase: 'lost', since: 41 * second });
  });

  it('gives everybody a new grace when not all are lost any more', () => {
    const heartbeats = create();
    live(heartbeats, ['a', 'b'], [], 0, 1000);
    expect(heartbeats.everyNodeLost).toBe(true);
    live(heartbeats, ['a', 'b'], ['a'], 1001, 1040);
    expect(heartbeats.everyNodeLost).toBe(false);
    expect(heartbeats.phaseOf('b').phase).toBe('waiting');
    live(heartbeats, ['a', 'b'], ['a'], 1041, 1042);
    expect(heartbeats.phaseOf('b').phase).toBe('lost');
  });

  it('lets a machine that rebooted come back at once when all had been silent', () => {
    const heartbeats = create();
    live(heartbeats, ['a', 'b'], ['a', 'b'], 0, 10);
    live(heartbeats, ['a', 'b'], [], 11, 1000);
    live(heartbeats, ['a', 'b'], ['a'], 1001, 1010);
    expect(heartbeats.phaseOf('b').phase).toBe('waiting');
    expect(heartbeats.beat('b', 'after the reboot', 1011 * second).answer).toBe('ok');
  });

  it('does not count time in which nobody judged', () => {
    const heartbeats = create();
    live(heartbeats, ['a', 'b', 'c'], ['a', 'b'], 0, 50);
    const since = heartbeats.phaseOf('c');
    heartbeats.judge(['a', 'b', 'c'], 650 * second);
    expect(heartbeats.phaseOf('a').phase).toBe('alive');
    expect(since).toEqual({ phase: 'lost', since: 41 * second });
    expect(heartbeats.phaseOf('c')).toEqual({ phase: 'lost', since: 641 * second });
  });

  it('is disrupted when 55 % of at least three are lost', () => {
    const judge = (all: string[], alive: string[]): boolean => {
      const heartbeats = create();
      live(heartbeats, all, alive, 0, 50);
      return heartbeats.judge(all, 51 * second).disrupted;
    };
    expect(judge(['a', 'b'], ['a'])).toBe(false);
    expect(judge(['a', 'b', 'c'], ['a', 'b'])).toBe(false);
    expect(judge(['a', 'b', 'c'], ['a'])).toBe(true);
    expect(judge(['a', 'b', 'c', 'd'], ['a', 'b'])).toBe(false);
  });

  it('keeps no more than so many names that nobody registered, and drops them in time', () => {
    const heartbeats = create();
    for (let index = 0; index < 20_000; index++) heartbeats.beat(`stranger${index}`, 's', 0);
    expect(heartbeats.beat('stranger1', 'other', 1).answer).toBe('conflict');
    expect(heartbeats.beat('stranger19999', 'other', 1).answer, 'was not kept').toBe('ok');
    for (let now = 0; now < 700; now++) heartbeats.judge([], now * second);
    expect(heartbeats.phaseOf('stranger1').phase).toBe('waiting');
  });
});
