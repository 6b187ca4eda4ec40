import { expect, it } from 'vitest';
import { addressKey } from '../../../../src/api/connections/address-key.js';

it('counts an IPv4 address as one, however it is written', () => {
  expect(addressKey('10.0.0.7')).toBe('10.0.0.7');
  expect(addressKey('::ffff:10.0.0.7')).toBe('10.0.0.7');
  expect(addressKey('::FFFF:10.0.0.7')).toBe('10.0.0.7');
});

it('counts all of an IPv6 /64 as one', () => {
  const network = '2001:db8:0:1::/64';
  for (const address of ['2001:db8:0:1::', '2001:0DB8:0:1:aaaa:bbbb:cccc:dddd', '2001:db8::1:0:0:0:9']) {
    expect([address, addressKey(address)]).toEqual([address, network]);
  }
  expect(addressKey('2001:db8:0:2::')).not.toBe(network);
  expect(addressKey('fe80::1%eth0')).toBe('fe80:0:0:0::/64');
  expect(addressKey('::1')).toBe('0:0:0:0::/64');
  expect(addressKey('64:ff9b::192.0.2.1')).toBe('64:ff9b:0:0::/64');
});

it('has a key for everything', () => {
  expect(addressKey('')).toBe('');
  expect(addressKey('::ffff:nothing')).toBe('::ffff:nothing');
});
