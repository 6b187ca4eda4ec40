import { isIPv4, isIPv6 } from 'node:net';

const mappedPrefix = '::ffff:';

/**
 * Whom an address is counted as: an IPv4 address is somebody, also when it is written as IPv6; of IPv6 it is the /64, because
 * one customer has all addresses of it. Every text has a key. Pure.
 */
export function addressKey(address: string): string {
  const plain = address.split('%')[0]?.toLowerCase() ?? '';
  if (plain.startsWith(mappedPrefix) && isIPv4(plain.slice(mappedPrefix.length))) {
    return plain.slice(mappedPrefix.length);
  }
  if (!isIPv6(plain)) return plain;
  const [head = '', tail] = plain.split('::');
  const before = groupsOf(head);
  const after = tail === undefined ? [] : groupsOf(tail);
  const zeros = Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0');
  const network = [...before, ...zeros, ...after].slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${network.join(':')}::/64`;
}

/** Of an address with an IPv4 part at its end: that counts as two. */
function groupsOf(text: string): string[] {
  return text.split(':').flatMap((group) => (group === '' ? [] : group.includes('.') ? ['0', '0'] : [group]));
}
