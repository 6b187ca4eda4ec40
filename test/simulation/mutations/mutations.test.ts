import { describe, expect, it } from 'vitest';
import { mutate, readSource } from './mutated-copy.js';
import { mutations } from './mutations.js';

describe('the table of mutations', () => {
  it.each(mutations)('$name: breaks the source as it is', async (mutation) => {
    const source = await readSource(mutation);
    expect(mutate(source, mutation)).not.toBe(source);
  });

  it.each(mutations)('$name: says what is to catch it', ({ seeds, test }) => {
    expect(seeds ?? test).toBeDefined();
  });

  it('names each mutation once', () => {
    const names = mutations.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it('refuses a snippet that is not there, or there twice', () => {
    const mutation = { name: 'm', file: 'f', from: 'a', to: 'b' };
    expect(() => mutate('x', mutation)).toThrow('0 times in f');
    expect(() => mutate('a a', mutation)).toThrow('2 times in f');
    expect(mutate('x a y', mutation)).toBe('x b y');
  });
});
