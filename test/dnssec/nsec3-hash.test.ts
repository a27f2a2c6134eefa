/** Proves that the own loop of NSEC3 hashing gives what the platform's and the portable SHA-1 give, for salts of any length. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createNodeCrypto } from '../../src/adapters/node-crypto.ts';
import { createPortableCrypto } from '../../src/adapters/portable-crypto.ts';
import { NSEC3_HASHES_PER_GRANT, Nsec3Hasher, nsec3Hash } from '../../src/dnssec/nsec3-hash.ts';
import { MAX_ONE_BLOCK_SALT_OCTETS } from '../../src/dnssec/nsec3-iterate.ts';
import type { Crypto } from '../../src/ports/crypto.ts';
import { concatBytes, toHex } from '../../src/wire/bytes.ts';
import { type Name, toLowerCase } from '../../src/wire/name.ts';
import { mustParseName } from '../../src/wire/name-text.ts';

/** RFC 5155 §5 word for word. */
function byDefinition(name: Name, salt: Uint8Array, iterations: number, crypto: Crypto): Uint8Array {
  let hash = crypto.digest('sha1', concatBytes(toLowerCase(name), salt));
  for (let i = 0; i < iterations; i++) hash = crypto.digest('sha1', concatBytes(hash, salt));
  return hash;
}

test('agrees with the definition over both adapters', () => {
  const name = mustParseName('Mx.Example.ORG.');
  const sides = [createNodeCrypto(), createPortableCrypto()];
  const property = fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(20), (salt, iterations) => {
    for (const crypto of sides) {
      const hash = nsec3Hash(name, { salt, iterations }, crypto);
      expect(toHex(hash)).toBe(toHex(byDefinition(name, salt, iterations, crypto)));
      expect(hash).toHaveLength(20);
    }
  });
  fc.assert(property, { numRuns: 300, seed: 20260401 });
});

test('agrees at the border of one block', () => {
  const crypto = createNodeCrypto();
  const name = mustParseName('example.');
  for (const length of [
    0,
    1,
    MAX_ONE_BLOCK_SALT_OCTETS - 1,
    MAX_ONE_BLOCK_SALT_OCTETS,
    MAX_ONE_BLOCK_SALT_OCTETS + 1,
    255,
  ]) {
    const salt = new Uint8Array(length).fill(0x5a);
    const hash = nsec3Hash(name, { salt, iterations: 3 }, crypto);
    expect(toHex(hash)).toBe(toHex(byDefinition(name, salt, 3, crypto)));
  }
});

test('what was hashed lately is remembered by its octets alone, however many names come between', () => {
  const crypto = createNodeCrypto();
  const salts = [new Uint8Array(), Uint8Array.of(0xab), Uint8Array.of(0xab, 0)];
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 1500; i++) {
      const name = mustParseName(`n${i}.${i % 2 === 0 ? 'example' : 'EXAMPLE'}.`);
      const salt = salts[i % salts.length] as Uint8Array;
      const hash = nsec3Hash(name, { salt, iterations: 0 }, crypto);
      expect(toHex(hash)).toBe(toHex(byDefinition(name, salt, 0, crypto)));
      // What is given away is its taker's.
      hash.fill(0);
    }
  }
});

describe('a grant', () => {
  /** Names that one grant has hashed, and the digests that were counted for them. */
  function granted(salt: number, iterations: number): { readonly names: number; readonly digests: number } {
    const hasher = new Nsec3Hasher(createNodeCrypto());
    const parameters = { salt: new Uint8Array(salt), iterations };
    let names = 0;
    while (hasher.hash(mustParseName(`n${names}.example.`), parameters) !== null) names++;
    return { names, digests: hasher.digests };
  }

  test.each([0, 8, MAX_ONE_BLOCK_SALT_OCTETS])(
    'with a salt of %i octets is for eight names of 150 iterations',
    (salt) => {
      expect(granted(salt, 150)).toEqual({ names: NSEC3_HASHES_PER_GRANT, digests: 8 * 151 });
    },
  );

  test('with a salt of 255 octets, whose digests take eight times as long, is for one', () => {
    expect(granted(255, 150)).toEqual({ names: 1, digests: 8 * 151 });
    expect(granted(255, 0)).toEqual({ names: NSEC3_HASHES_PER_GRANT, digests: 8 * 8 });
  });
});
