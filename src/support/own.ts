/**
 * What an object holds under a word from outside (a name, a label, a code); undefined for what every object inherits, such as
 * "constructor" or "toString", which `object[word]` would find.
 */
export function own<T>(object: Readonly<Record<string, T>> | null | undefined, word: string): T | undefined {
  return object && Object.hasOwn(object, word) ? object[word] : undefined;
}
