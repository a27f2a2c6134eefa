/** Proves the laws of names: order, ancestry, keys, text form, and that hostile compression is refused in bounded work. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareBytes, readWord } from '../../src/wire/bytes.ts';
import {
  commonAncestor,
  compareNames,
  isAtOrBelow,
  isBelow,
  isWildcard,
  labelCount,
  lastLabels,
  lowerOctet,
  lowerWord,
  MAX_POINTERS_PER_NAME,
  nameEnd,
  nameFromBytes,
  nameKey,
  namesEqual,
  parentOf,
  prependLabel,
  ROOT,
  readName,
  replaceSuffix,
  sortKey,
  toLowerCase,
  wildcardOf,
} from '../../src/wire/name.ts';
import { formatName, mustParseName, parseName, parseNameOrReason } from '../../src/wire/name-text.ts';
import { anyName, relatedName } from './arbitraries.ts';

const name = mustParseName;
const someName = fc.oneof(anyName, relatedName);

describe('order of names', () => {
  // The list of RFC 4034 §6.1, in its order.
  const ordered = [
    'example.',
    'a.example.',
    'yljkjljk.a.example.',
    'Z.a.example.',
    'zABC.a.EXAMPLE.',
    'z.example.',
    '\\001.z.example.',
    '*.z.example.',
    '\\200.z.example.',
  ].map(name);

  test('is that of RFC 4034 for its own example', () => {
    expect([...ordered].reverse().sort(compareNames).map(formatName)).toEqual(ordered.map(formatName));
  });

  test('of sort keys is the order of names', () => {
    fc.assert(
      fc.property(someName, someName, (a, b) => {
        expect(Math.sign(compareBytes(sortKey(a), sortKey(b)))).toBe(Math.sign(compareNames(a, b)));
      }),
      { numRuns: 500 },
    );
  });

  test('makes the key of an ancestor a prefix of the key', () => {
    fc.assert(
      fc.property(relatedName, relatedName, (a, b) => {
        const isPrefix = Buffer.compare(sortKey(a).subarray(0, sortKey(b).length), sortKey(b)) === 0;
        expect(isPrefix).toBe(isAtOrBelow(a, b));
      }),
      { numRuns: 500 },
    );
  });
});

test('four octets at once become lower case as each alone does', () => {
  const octets = fc.uint8Array({ minLength: 4, maxLength: 4 });
  fc.assert(
    fc.property(octets, (bytes) => {
      expect(lowerWord(readWord(bytes, 0))).toBe(readWord(bytes.map(lowerOctet), 0));
    }),
  );
  for (let octet = 0; octet < 256; octet++) {
    const bytes = new Uint8Array(4).fill(octet);
    expect(lowerWord(readWord(bytes, 0)), `${octet}`).toBe(readWord(bytes.map(lowerOctet), 0));
  }
});

describe('ancestry', () => {
  test('a name is at or below each of its ancestors and below all but itself', () => {
    fc.assert(
      fc.property(someName, fc.nat(127), (whole, labels) => {
        const ancestor = lastLabels(whole, labels);
        expect(isAtOrBelow(whole, ancestor)).toBe(true);
        expect(isBelow(whole, ancestor)).toBe(labels < labelCount(whole));
        expect(namesEqual(commonAncestor(whole, ancestor), ancestor)).toBe(true);
      }),
    );
  });

  test('does not take a label that ends alike for a parent', () => {
    expect(isAtOrBelow(name('notexample.org.'), name('example.org.'))).toBe(false);
    expect(isAtOrBelow(name('a\\007example\\003org.'), name('example.org.'))).toBe(false);
  });

  test('the root is its own parent', () => {
    expect(parentOf(ROOT)).toBe(ROOT);
    expect(formatName(parentOf(name('a.b.')))).toBe('b.');
  });

  test('prepending refuses what would be too long', () => {
    const long = name(`${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}.`);
    expect(long.length).toBe(255);
    expect(prependLabel(Uint8Array.of(1), long)).toBeNull();
    expect(wildcardOf(long)).toBeNull();
    expect(prependLabel(new Uint8Array(64), ROOT)).toBeNull();
    expect(prependLabel(new Uint8Array(0), ROOT)).toBeNull();
  });

  test('replacing a suffix gives the DNAME target, or null when it is too long', () => {
    const replaced = replaceSuffix(name('x.y.old.'), name('old.'), name('new.example.'));
    expect(replaced === null ? null : formatName(replaced)).toBe('x.y.new.example.');
    const long = name(`${'a.'.repeat(120)}old.`);
    expect(replaceSuffix(long, name('old.'), name('twenty-octets-longer.example.'))).toBeNull();
  });

  test('knows a wildcard by its first label alone', () => {
    expect(isWildcard(name('*.example.'))).toBe(true);
    expect(isWildcard(name('a.*.example.'))).toBe(false);
    expect(isWildcard(name('**.example.'))).toBe(false);
  });
});

describe('equality', () => {
  test('ignores the case of ASCII letters and nothing else', () => {
    fc.assert(
      fc.property(someName, (a) => {
        expect(namesEqual(a, toLowerCase(a))).toBe(true);
        expect(nameKey(a)).toBe(nameKey(toLowerCase(a)));
      }),
    );
    expect(namesEqual(name('\\196.'), name('\\228.'))).toBe(false);
    expect(namesEqual(name('@.'), name('`.'))).toBe(false);
    expect(namesEqual(name('[.'), name('{.'))).toBe(false);
  });

  test('keeps a dot inside a label apart from the dot between labels', () => {
    expect(nameKey(name('a\\.b.org.'))).not.toBe(nameKey(name('a.b.org.')));
  });
});

describe('text form', () => {
  test('takes what is not ASCII as its octets in UTF-8', () => {
    expect(parseNameOrReason('bü🐟.')).toEqual(Uint8Array.of(7, 0x62, 0xc3, 0xbc, 0xf0, 0x9f, 0x90, 0x9f, 0));
    expect(parseNameOrReason(`${'ü'.repeat(32)}.`)).toBe('label too long');
  });

  test('reads back as the same octets for every name', () => {
    fc.assert(
      fc.property(anyName, (a) => {
        expect(parseName(formatName(a))).toEqual(a);
      }),
    );
  });

  test.each([
    ['', 'empty'],
    ['.a', 'empty label'],
    ['a..b', 'empty label'],
    ['a..', 'empty label'],
    ['..', 'empty label'],
    [`${'a'.repeat(64)}.`, 'label too long'],
    [`${'a'.repeat(63)}.`.repeat(4), 'name too long'],
    ['a\\256.', 'bad escape'],
    ['a\\1.', 'bad escape'],
    ['a\\', 'bad escape'],
  ])('refuses %j: %s', (text, reason) => {
    expect(parseNameOrReason(text)).toBe(reason);
  });

  test('completes relative names with the origin', () => {
    const origin = name('example.org.');
    expect(formatName(parseName('mx', origin) ?? ROOT)).toBe('mx.example.org.');
    expect(formatName(parseName('mx.', origin) ?? ROOT)).toBe('mx.');
    expect(formatName(parseName('@', origin) ?? ROOT)).toBe('example.org.');
    expect(formatName(parseName('a\\.', origin) ?? ROOT)).toBe('a\\..example.org.');
  });

  test('takes a name of 255 octets and none of 256', () => {
    const labels = [63, 63, 63, 61].map((length) => 'a'.repeat(length));
    expect(parseName(`${labels.join('.')}.`)?.length).toBe(255);
    expect(parseName(`${labels.join('.')}a.`)).toBeNull();
  });
});

describe('names in messages', () => {
  const read = (hex: string, at: number, limit?: number): Uint8Array | null => {
    const bytes = new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
    return readName(bytes, at, limit ?? bytes.length, { left: 1000 });
  };
  const header = '000000000000000000000000';

  test('follows a pointer backwards', () => {
    expect(read(`${header} 016100 0162c00c`, 15)).toEqual(name('b.a.'));
  });

  test.each([
    ['to itself', `${header} c00c`, 12],
    ['forwards', `${header} c00e 016100`, 12],
    ['into the header', `${header} c000`, 12],
    ['to an octet before which it already was', `${header} 0161 c00c`, 12],
    ['cut short', `${header} c0`, 12],
  ])('refuses a pointer %s', (_title, hex, at) => {
    expect(read(hex, at)).toBeNull();
  });

  test.each(['40', '80', 'bf'])('refuses the label type %s', (octet) => {
    expect(read(`${header} ${octet}6100`, 12)).toBeNull();
  });

  test('does not read past its limit', () => {
    expect(read(`${header} 016100`, 12, 14)).toBeNull();
    expect(read(`${header} 036100`, 12)).toBeNull();
  });

  test('gives up on a long chain of pointers and on an empty budget', () => {
    const bytes = new Uint8Array(12 + 1 + 2 * 400);
    for (let i = 0; i < 400; i++) {
      const target = i === 0 ? 12 : 13 + 2 * (i - 1);
      bytes[13 + 2 * i] = 0xc0 | (target >>> 8);
      bytes[14 + 2 * i] = target & 0xff;
    }
    const at = (pointers: number): number => 13 + 2 * (pointers - 1);
    expect(readName(bytes, at(MAX_POINTERS_PER_NAME), bytes.length, { left: 1000 })).toEqual(ROOT);
    expect(readName(bytes, at(MAX_POINTERS_PER_NAME + 1), bytes.length, { left: 1000 })).toBeNull();
    expect(readName(bytes, at(3), bytes.length, { left: 2 })).toBeNull();
  });

  test('takes bytes as a name only when they are one exactly', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const taken = nameFromBytes(bytes);
        if (taken !== null) expect(parseName(formatName(taken))).toEqual(taken);
        expect(taken !== null).toBe(nameEnd(bytes, 0) === bytes.length);
      }),
    );
    expect(nameFromBytes(Uint8Array.of(0, 0))).toBeNull();
    expect(nameFromBytes(new Uint8Array(0))).toBeNull();
  });
});
