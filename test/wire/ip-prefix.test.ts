/** Proves when an address lies inside a prefix, and how prefixes of our own source text are read. */

import { expect, test } from 'vitest';
import { parseIp } from '../../src/wire/ip.ts';
import {
  type IpPrefix,
  isInPrefix,
  LOOPBACK_PREFIXES,
  maskAddress,
  mustParsePrefix,
  parsePrefix,
} from '../../src/wire/ip-prefix.ts';

function ip(text: string): Uint8Array {
  const address = parseIp(text);
  if (address === null) throw new Error(`no address: ${text}`);
  return address;
}

test.each([
  ['192.0.2.0/24', '192.0.2.255', true],
  ['192.0.2.0/24', '192.0.3.0', false],
  ['192.0.2.128/25', '192.0.2.127', false],
  ['192.0.2.128/25', '192.0.2.128', true],
  ['192.0.2.1', '192.0.2.1', true],
  ['192.0.2.1', '192.0.2.0', false],
  ['0.0.0.0/0', '255.255.255.255', true],
  ['2001:db8::/33', '2001:db8:7fff::', true],
  ['2001:db8::/33', '2001:db8:8000::', false],
  ['::/0', 'ffff::', true],
])('%s and %s: %s', (prefix, address, isInside) => {
  expect(isInPrefix(ip(address), mustParsePrefix(prefix))).toBe(isInside);
});

test('an address is inside a prefix of its own family only', () => {
  expect(isInPrefix(new Uint8Array(16), mustParsePrefix('0.0.0.0/0'))).toBe(false);
  expect(isInPrefix(new Uint8Array(4), mustParsePrefix('::/0'))).toBe(false);
});

test('bits after the prefix do not count', () => {
  const prefix: IpPrefix = { address: ip('192.0.2.77'), prefixLength: 23 };
  expect(isInPrefix(ip('192.0.3.1'), prefix)).toBe(true);
  expect(maskAddress(prefix.address, prefix.prefixLength)).toEqual(ip('192.0.2.0'));
});

test('reads addresses with and without a length, masked', () => {
  expect(parsePrefix('192.0.2.77/24')).toEqual({ address: ip('192.0.2.0'), prefixLength: 24 });
  expect(parsePrefix('2001:db8::1')).toEqual({ address: ip('2001:db8::1'), prefixLength: 128 });
  for (const text of ['', '192.0.2', '192.0.2.0/33', '::/129', '192.0.2.0/', '192.0.2.0/a', 'fe80::%eth0/64']) {
    expect(parsePrefix(text)).toBeNull();
  }
  expect(() => mustParsePrefix('192.0.2.0/33')).toThrow(RangeError);
});

test('loopback is 127.0.0.0/8 and ::1', () => {
  const inside = ['127.0.0.1', '127.255.255.255', '::1'];
  const outside = ['126.0.0.1', '128.0.0.1', '::', '::2', '::ffff:127.0.0.1'];
  const isLoopback = (text: string): boolean => LOOPBACK_PREFIXES.some((prefix) => isInPrefix(ip(text), prefix));
  expect(inside.filter(isLoopback)).toEqual(inside);
  expect(outside.filter(isLoopback)).toEqual([]);
});
