/** Proves the mnemonics of algorithms and digests, both ways. */

import { expect, test } from 'vitest';
import { ALGORITHM, ALGORITHM_MNEMONICS, algorithmMnemonic, DIGEST_MNEMONICS } from '../../src/wire/algorithms.ts';

test('every algorithm has a mnemonic that is read as the same number', () => {
  for (const number of Object.values(ALGORITHM)) {
    expect(ALGORITHM_MNEMONICS.get(algorithmMnemonic(number) ?? '')).toBe(number);
  }
});

test.each([
  [6, 'NSEC3DSA'],
  [7, 'NSEC3RSASHA1'],
  [12, 'ECCGOST'],
  [13, 'ECDSAP256SHA256'],
  [252, 'INDIRECT'],
  [99, null],
])('algorithm %i is written as %s', (number, mnemonic) => {
  expect(algorithmMnemonic(number)).toBe(mnemonic);
});

test('spellings of one number', () => {
  const numbers = ['DSA-NSEC3-SHA1', 'NSEC3DSA', 'ECC-GOST'].map((text) => ALGORITHM_MNEMONICS.get(text));
  expect(numbers).toEqual([6, 6, 12]);
  expect(['SHA1', 'SHA-1', 'SHA384', 'SHA-384'].map((text) => DIGEST_MNEMONICS.get(text))).toEqual([1, 1, 4, 4]);
});
