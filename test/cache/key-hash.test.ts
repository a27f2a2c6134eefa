/** Proves that the hash kept for a name's ancestors is that of each of them alone, whatever was hashed before. */

import { describe, expect, test } from 'vitest';
import { KeyHash } from '../../src/cache/key-hash.ts';
import { type Name, parentOf } from '../../src/wire/name.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { SeededRandom } from '../fake/fake-random.ts';

const hashOf = (hash: KeyHash, name: Name, typeAndClass = 1): number => {
  hash.take(name, 0, name.length);
  return hash.with(typeAndClass);
};
const fresh = (): KeyHash => new KeyHash(new SeededRandom(1));

describe('the hash of a name', () => {
  test('is the same whether the name was hashed alone or is above the last one', () => {
    const hash = fresh();
    let name = mustParseName('_25._tcp.mx.a-label-of-more-than-one-word.example.');
    hashOf(hash, name);
    for (let labels = 5; labels >= 0; labels--, name = parentOf(name)) {
      expect(hashOf(hash, name)).toBe(hashOf(fresh(), name));
    }
  });

  test('is the same in any case, and wherever the name stands', () => {
    const hash = fresh();
    const lower = hashOf(hash, mustParseName('mx.example.'));
    expect(hashOf(hash, mustParseName('MX.eXample.'))).toBe(lower);
    const octets = Uint8Array.of(9, 9, ...mustParseName('www.mx.EXAMPLE.'), 9);
    hash.take(octets, 6, octets.length - 1);
    expect(hash.with(1)).toBe(lower);
    expect(hash.isNameAt(mustParseName('a.Mx.Example.'), 2)).toBe(true);
    expect(hash.isNameAt(mustParseName('a.my.example.'), 2)).toBe(false);
  });

  test('takes the end of another name for an ancestor only where a label begins', () => {
    const hash = fresh();
    const whole = Uint8Array.of(4, 120, 2, 97, 97, 0) as Name;
    hashOf(hash, whole);
    const name = mustParseName('aa.');
    expect(whole.subarray(2)).toEqual(name);
    expect(hashOf(hash, name)).toBe(hashOf(fresh(), name));
  });

  test('is another for another name, type, class, split into labels or secret', () => {
    const hash = fresh();
    const names = [
      '.',
      'a.',
      'b.',
      'a.b.',
      'a\\001b.',
      'ab.',
      'b.a.',
      'aaa.',
      'aaaa.',
      'aaa\\000.',
      'aaa.\\000.',
      '\\001a.',
    ];
    const hashes = names.flatMap((text) => [1, 2, 0x10001].map((each) => hashOf(hash, mustParseName(text), each)));
    expect(new Set(hashes).size).toBe(hashes.length);
    const others = new KeyHash(new SeededRandom(2));
    expect(hashOf(others, mustParseName('a.'))).not.toBe(hashOf(hash, mustParseName('a.')));
  });

  test('takes the longest names', () => {
    const hash = fresh();
    const most = mustParseName('a.'.repeat(127));
    const large = mustParseName(`${`${'x'.repeat(63)}.`.repeat(3)}${'y'.repeat(61)}.`);
    for (const name of [most, large, most]) expect(hashOf(hash, name)).toBe(hashOf(fresh(), name));
  });
});
