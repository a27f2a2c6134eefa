/** Proves that the address is found again in the text with its port. */

import { expect, test } from 'vitest';
import { addressText, ipOfAddressText } from '../../src/wire/address-text.ts';

test.each(['192.0.2.1', '2001:db8::1', 'fe80::1%eth0'])('%s', (ip) => {
  const text = addressText({ ip, port: 5353 });
  expect(text).toBe(`${ip}@5353`);
  expect(ipOfAddressText(text)).toBe(ip);
});

test('a text without port is the address', () => {
  expect(ipOfAddressText('192.0.2.1')).toBe('192.0.2.1');
});
