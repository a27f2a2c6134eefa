/** Proves that serial numbers compare across their wrap (RFC 1982 §3.2). */

import { expect, test } from 'vitest';
import { isSerialNewer, serialDifference } from '../../src/wire/serial.ts';

test('differences wrap', () => {
  expect(serialDifference(5, 0xffff_fffb)).toBe(10);
  expect(serialDifference(0xffff_fffb, 5)).toBe(-10);
  expect(serialDifference(2 ** 32 + 7, 6)).toBe(1);
});

test.each([
  [2, 1, true],
  [1, 2, false],
  [1, 1, false],
  [0, 0xffff_ffff, true],
  [0xffff_ffff, 0, false],
  // RFC 1982 §3.2: undefined; neither is taken for news.
  [0x8000_0000, 0, false],
  [0, 0x8000_0000, false],
])('%i is newer than %i: %s', (serial, than, isNewer) => {
  expect(isSerialNewer(serial, than)).toBe(isNewer);
});
