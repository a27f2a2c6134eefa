/** Proves that a key made ready says the same as its rdata, whatever becomes of the octets that it was read from. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createNodeCrypto } from '../../src/adapters/node-crypto.ts';
import { hasRdata, rdataOfKey, zoneKeyAgain, zoneKeyOf } from '../../src/dnssec/dnskey.ts';
import { keyTag } from '../../src/wire/rdata-dnskey.ts';
import { makeKey } from './signing.ts';

const crypto = createNodeCrypto();
const text = new TextEncoder().encode('signed data');
const rdatas = fc.uint8Array({ minLength: 4, maxLength: 300 });

describe('a key of a zone', () => {
  test('has the rdata that it was made of, and no other', () => {
    fc.assert(
      fc.property(rdatas, rdatas, fc.nat(), (rdata, other, at) => {
        const key = zoneKeyOf(rdata, crypto);
        if (key === null) throw new Error('the key was refused');
        expect(rdataOfKey(key)).toEqual(rdata);
        expect(key.keyTag).toBe(keyTag(rdata));
        expect(hasRdata(key, rdata)).toBe(true);
        expect(hasRdata(key, other)).toBe(Buffer.compare(other, rdata) === 0);
        const flipped = Uint8Array.from(rdata);
        flipped[at % rdata.length] = (flipped[at % rdata.length] ?? 0) ^ (1 << (at & 7));
        expect(hasRdata(key, flipped)).toBe(false);
        expect(hasRdata(key, rdata.subarray(1))).toBe(false);
      }),
    );
    expect(zoneKeyOf(new Uint8Array(3), crypto)).toBeNull();
  });

  test.each([8, 13, 15])('of algorithm %i keeps octets of its own, made again too', (algorithm) => {
    const { rdata, sign } = makeKey(algorithm);
    const signature = sign(text);
    // A slice of a Buffer would be a view.
    for (const octets of [Uint8Array.from(rdata), Buffer.from(rdata)]) {
      const key = zoneKeyOf(octets, crypto);
      if (key === null) throw new Error('the key was refused');
      octets.fill(0);
      const packed = { ...key, publicKey: Buffer.from(key.publicKey), isUsable: key.imported !== null };
      const again = zoneKeyAgain(packed, crypto);
      packed.publicKey.fill(0);
      for (const each of [key, again]) {
        expect(rdataOfKey(each)).toEqual(rdata);
        expect(each.imported !== null && crypto.verify(each.imported, text, signature)).toBe(true);
      }
      expect(zoneKeyAgain({ ...packed, isUsable: false }, crypto).imported).toBeNull();
    }
  });
});
