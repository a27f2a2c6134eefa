/** Proves addresses, canonical form, grouping into RRsets and the encodings of bytes. */

import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  compareBytes,
  concatBytes,
  fromBase32hex,
  fromBase64,
  fromHex,
  readU16,
  toBase32hex,
  toBase64,
  toHex,
} from '../../src/wire/bytes.ts';
import { canonicalRecords } from '../../src/wire/canonical.ts';
import { ipText, isIp6Text, parseIp, reverseName } from '../../src/wire/ip.ts';
import { type Name, ROOT } from '../../src/wire/name.ts';
import { formatName, mustParseName } from '../../src/wire/name-text.ts';
import { canonicalRdata, isWellFormedRdata } from '../../src/wire/rdata-names.ts';
import { parseRecord } from '../../src/wire/record-text.ts';
import { CLASS, classFromText, classText, isMetaType, TYPE, typeFromText, typeText } from '../../src/wire/rr-type.ts';
import {
  packRRset,
  type RRset,
  rdatasOf,
  sameRdatas,
  signatureCount,
  signaturesOf,
  unpackRRset,
} from '../../src/wire/rrset.ts';
import { groupRecords, packRecords, type ResourceRecord } from '../../src/wire/rrsets.ts';
import { anyName, anyRdata, anyRRset } from './arbitraries.ts';

function record(text: string): ResourceRecord {
  const parsed = parseRecord(text);
  if ('error' in parsed) throw new Error(parsed.error);
  return parsed;
}

describe('bytes as text', () => {
  test('round trip in hex, base64 and base32hex', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), (octets) => {
        expect(fromHex(toHex(octets))).toEqual(octets);
        expect(fromBase64(toBase64(octets))).toEqual(octets);
        expect(fromBase32hex(toBase32hex(octets))).toEqual(octets);
        expect(fromBase32hex(toBase32hex(octets).toUpperCase())).toEqual(octets);
      }),
    );
  });

  test('malformed is null', () => {
    expect([fromHex('abc'), fromHex('zz'), fromBase64('A'), fromBase64('A==='), fromBase64('*AAA')]).toEqual(
      Array(5).fill(null),
    );
    expect([fromBase32hex('w0'), fromBase32hex('0'), fromBase32hex('01'), fromBase32hex('000')]).toEqual(
      Array(4).fill(null),
    );
  });
});

describe('addresses', () => {
  test('round trip, in a form that the platform takes too', () => {
    const some16 = fc.array(fc.constantFrom(0, 0, 0, 1, 255), { minLength: 16, maxLength: 16 });
    const address = fc.oneof(some16, fc.array(fc.nat(255), { minLength: 4, maxLength: 4 }));
    fc.assert(
      fc.property(address, (octets) => {
        const bytes = Uint8Array.from(octets);
        expect(parseIp(ipText(bytes))).toEqual(bytes);
        expect(isIP(ipText(bytes))).toBe(octets.length === 4 ? 4 : 6);
        expect(isIp6Text(ipText(bytes))).toBe(octets.length === 16);
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    ['0:0:0:0:0:0:0:0', '::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['::1.2.3.4', '::1.2.3.4'],
    ['::ffff:1.2.3.4', '::ffff:1.2.3.4'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['64:ff9b::192.0.2.1', '64:ff9b::c000:201'],
  ])('%s is written %s (RFC 5952)', (text, written) => {
    const address = parseIp(text);
    expect(address && ipText(address)).toBe(written);
  });

  test.each([
    '',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8',
    '12345::',
    '::1.2.3',
    '1.2.3.4::',
    '::1.2.3.4:5',
    'fe80::1%eth0',
    '1.2.3.256',
    '1.2.3.04',
    '1.2.3.4.5',
    ' 1.2.3.4',
    '0x1.2.3.4',
  ])('%j is none', (text) => {
    expect(parseIp(text)).toBeNull();
  });

  test('have names for reverse look-up', () => {
    expect(formatName(reverseName(Uint8Array.of(192, 0, 2, 1)))).toBe('1.2.0.192.in-addr.arpa.');
    expect(formatName(reverseName(parseIp('2001:db8::1') ?? new Uint8Array()))).toBe(
      `1.${'0.'.repeat(23)}8.b.d.0.1.0.0.2.ip6.arpa.`,
    );
  });
});

/** Rdatas of the records that a signature of the set covers. */
function canonicalRdatas(rrset: RRset): Uint8Array[] {
  const octets = canonicalRecords(rrset, ROOT, 3600);
  const rdatas: Uint8Array[] = [];
  for (let at = 11; at <= octets.length; at += 11 + (rdatas.at(-1)?.length ?? 0)) {
    rdatas.push(octets.subarray(at, at + readU16(octets, at - 2)));
  }
  return rdatas;
}

describe('canonical form', () => {
  test('lower-cases the names of old types and sorts (RFC 4034 §6.2, §6.3)', () => {
    const rrset = packRRset({
      owner: mustParseName('Example.'),
      type: TYPE.MX,
      class: CLASS.IN,
      rdatas: ['20 B.Example.', '10 C.example.', '20 b.example.'].map((text) => record(`a. 1 MX ${text}`).rdata),
      signatures: [],
    });
    const names = canonicalRdatas(rrset).map((rdata) => formatName(rdata.subarray(2) as Name));
    expect(names).toEqual(['c.example.', 'b.example.']);
  });

  test('leaves the next name of NSEC and the target of SVCB as they are (RFC 6840 §5.1, RFC 9460 §2.2)', () => {
    for (const text of ['a. 1 NSEC B.Example. A', 'a. 1 SVCB 1 B.Example.']) {
      const { type, rdata } = record(text);
      expect(canonicalRdata(rdata, type)).toEqual(rdata);
    }
  });

  test('puts owner, type, class, original TTL and length before each rdata (RFC 4034 §3.1.8.1)', () => {
    const rrset = packRRset({
      owner: mustParseName('x.example.'),
      type: TYPE.A,
      class: CLASS.IN,
      rdatas: [Uint8Array.of(2, 2, 2, 2), Uint8Array.of(1, 1, 1, 1)],
      signatures: [],
    });
    const head = `${toHex(mustParseName('*.example.'))}0001000100000e100004`;
    expect(toHex(canonicalRecords(rrset, mustParseName('*.EXAMPLE.'), 3600))).toBe(`${head}01010101${head}02020202`);
  });

  test('is ascending and without duplicates for any set', () => {
    fc.assert(
      fc.property(anyRRset, (rrset) => {
        const rdatas = canonicalRdatas(rrset);
        for (const [i, rdata] of rdatas.slice(1).entries()) {
          expect(compareBytes(rdatas[i] ?? rdata, rdata)).toBeLessThan(0);
        }
      }),
    );
  });

  test('of any well-formed rdata is well-formed', () => {
    const sample = fc.constantFrom(...Object.values(TYPE)).chain((type) => fc.tuple(fc.constant(type), anyRdata(type)));
    fc.assert(
      fc.property(sample, ([type, rdata]) => {
        expect(isWellFormedRdata(rdata, type)).toBe(true);
        expect(isWellFormedRdata(canonicalRdata(rdata, type), type)).toBe(true);
      }),
    );
  });
});

describe('RRsets', () => {
  test('pack and unpack to the same parts', () => {
    fc.assert(
      fc.property(anyName, fc.uniqueArray(fc.uint8Array({ maxLength: 20 }), { selector: toHex }), (owner, rdatas) => {
        const parts = { owner, type: 65_280, class: 1, rdatas, signatures: [Uint8Array.of(1)] };
        expect(unpackRRset(packRRset(parts))).toEqual(parts);
      }),
    );
  });

  test('hold each rdata once and compare without order', () => {
    const parts = { owner: mustParseName('a.'), type: 1, class: 1, signatures: [] };
    const [one, two] = [Uint8Array.of(1, 1, 1, 1), Uint8Array.of(2, 2, 2, 2)];
    const set = packRRset({ ...parts, rdatas: [one, two, one] });
    expect(rdatasOf(set)).toEqual([one, two]);
    expect(sameRdatas(set, packRRset({ ...parts, rdatas: [two, one] }))).toBe(true);
    expect(sameRdatas(set, packRRset({ ...parts, rdatas: [two] }))).toBe(false);
  });

  test('are grouped without case, with their signatures and the lowest TTL (RFC 2181 §5.2)', () => {
    const [set, other, ...rest] = groupRecords([
      record('a.example. 300 A 192.0.2.1'),
      record('A.example. 100 RRSIG A 8 2 300 20300101000000 20200101000000 1 example. AAAA'),
      record('b.example. 50 A 192.0.2.9'),
      record('A.EXAMPLE. 200 A 192.0.2.2'),
    ]);
    expect(rest).toEqual([]);
    expect(set && [set.rdatas.length, set.signatures.length, set.ttl]).toEqual([2, 1, 100]);
    expect(other && [formatName(other.owner), other.ttl]).toEqual(['b.example.', 50]);
  });

  test('of another class or type do not mix, and lone signatures stay as records', () => {
    const lone = record('a. 1 RRSIG MX 8 2 300 20300101000000 20200101000000 1 example. AAAA');
    const overSignature = record('a. 1 RRSIG RRSIG 8 2 300 20300101000000 20200101000000 1 example. AAAA');
    const packed = packRecords([
      record('a. 1 A 192.0.2.1'),
      record('a. 1 CH TYPE1 \\# 4 c0000202'),
      lone,
      overSignature,
    ]);
    expect(packed.map(({ rrset }) => unpackRRset(rrset).type)).toEqual([TYPE.A, TYPE.A, TYPE.RRSIG]);
    expect(packed.map(({ rrset }) => signatureCount(rrset))).toEqual([0, 0, 0]);
    expect(packed.map(({ rrset }) => rdatasOf(rrset).length)).toEqual([1, 1, 2]);
    expect(packed.flatMap(({ rrset }) => signaturesOf(rrset))).toEqual([]);
  });
});

describe('types and classes', () => {
  test('round trip as text for every number', () => {
    for (let number = 0; number <= 0xffff; number++) {
      expect(typeFromText(typeText(number))).toBe(number);
      expect(classFromText(classText(number))).toBe(number);
    }
    expect([typeFromText('TYPE65536'), typeFromText('FOO'), classFromText('TYPE1')]).toEqual([null, null, null]);
  });

  test('that are never data are meta types', () => {
    expect([0, TYPE.OPT, TYPE.ANY, TYPE.AXFR, TYPE.NXNAME].every(isMetaType)).toBe(true);
    expect([TYPE.A, TYPE.URI, TYPE.DLV].some(isMetaType)).toBe(false);
  });
});

test('concatenation keeps order', () => {
  expect(toHex(concatBytes(Uint8Array.of(1), Uint8Array.of(), Uint8Array.of(2, 3)))).toBe('010203');
});
