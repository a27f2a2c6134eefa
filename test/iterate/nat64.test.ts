/** Proves the address forms of RFC 6052 §2.4. */

import { expect, test } from 'vitest';
import { throughNat64 } from '../../src/iterate/nat64.ts';
import { parseIp } from '../../src/wire/ip.ts';

const SERVER = { ip: '192.0.2.33', port: 53 };

// RFC 6052 §2.4, table 1.
test.each([
  ['2001:db8::', 32, '2001:db8:c000:221::'],
  ['2001:db8:100::', 40, '2001:db8:1c0:2:21::'],
  ['2001:db8:122::', 48, '2001:db8:122:c000:2:2100::'],
  ['2001:db8:122:300::', 56, '2001:db8:122:3c0:0:221::'],
  ['2001:db8:122:344::', 64, '2001:db8:122:344:c0:2:2100:0'],
  ['2001:db8:122:344::', 96, '2001:db8:122:344::c000:221'],
])('%s/%i', (prefix, bits, expected) => {
  const address = parseIp(prefix) ?? new Uint8Array();
  expect(throughNat64(SERVER, { address, prefixLength: bits })).toEqual({ ip: expected, port: 53 });
});

test('leaves IPv6 servers and networks without NAT64 as they are', () => {
  const prefix = { address: parseIp('64:ff9b::') ?? new Uint8Array(), prefixLength: 96 };
  expect(throughNat64({ ip: '2001:db8::1', port: 53 }, prefix).ip).toBe('2001:db8::1');
  expect(throughNat64(SERVER, null)).toBe(SERVER);
});
