/** Proves the typed readers of rdata against records of known meaning and against every way to be malformed. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes, fromHex, toHex } from '../../src/wire/bytes.ts';
import { ROOT } from '../../src/wire/name.ts';
import { formatName, mustParseName } from '../../src/wire/name-text.ts';
import { keyTag, readDnskey } from '../../src/wire/rdata-dnskey.ts';
import { readDs } from '../../src/wire/rdata-ds.ts';
import { readMx, readSrv, readTargetName } from '../../src/wire/rdata-name.ts';
import { readNsec } from '../../src/wire/rdata-nsec.ts';
import { readNsec3, readNsec3param } from '../../src/wire/rdata-nsec3.ts';
import {
  coveredType,
  isSignedBy,
  readRrsig,
  signedLabels,
  signedPrefixOctets,
  signerAt,
  writeSignedPrefix,
} from '../../src/wire/rdata-rrsig.ts';
import { readSoa } from '../../src/wire/rdata-soa.ts';
import { parseRdata } from '../../src/wire/rdata-text.ts';
import { readTlsa } from '../../src/wire/rdata-tlsa.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { bitmapOf, hasType, isValidBitmap, typesOf } from '../../src/wire/type-bitmap.ts';
import { anyRdata } from './arbitraries.ts';

function rdataOf(type: number, text: string): Uint8Array {
  const rdata = parseRdata(type, text);
  if (!(rdata instanceof Uint8Array)) throw new Error(rdata.error);
  return rdata;
}

// The root zone's KSK of 2017; its tag 20326 is public knowledge.
const KSK_2017 =
  '257 3 8 AwEAAaz/tAm8yTn4Mfeh5eyI96WSVexTBAvkMgJzkKTOiW1vkIbzxeF3+/4RgWOq7HrxRixHlFlExOLAJr5emLvN7SWXgnLh4+B5xQlN' +
  'Vz8Og8kvArMtNROxVQuCaSnIDdD5LKyWbRd2n9WGe2R8PzgCmr3EgVLrjyBxWezF0jLHwVN8efS3rCj/EWgvIWgb9tarpVUDK/b58Da+sqqls3eN' +
  'buv7pr+eoZG+SrDK6nWeL3c6H5Apxz7LjVc1uTIdsIXxuOLYA4/ilBmSVIzuDWfdRUfhHdY6+cn8HFRm+2hM8AnXGXws9555KrUB5qihylGa8sub' +
  'X2Nn6UwNR1AkUTV74bU=';

describe('DNSKEY and DS', () => {
  test('give their fields and the key tag', () => {
    const rdata = rdataOf(TYPE.DNSKEY, KSK_2017);
    expect(keyTag(rdata)).toBe(20_326);
    expect(readDnskey(rdata)).toMatchObject({ flags: 257, protocol: 3, algorithm: 8 });
    expect(readDs(rdataOf(TYPE.DS, '20326 8 2 E06D44'))).toMatchObject({ keyTag: 20_326, algorithm: 8, digestType: 2 });
  });

  test('of algorithm 1 take the tag from the modulus (RFC 4034 appendix B.1)', () => {
    expect(keyTag(Uint8Array.of(1, 0, 3, 1, 9, 9, 0xab, 0xcd, 0xef))).toBe(0xabcd);
    expect(keyTag(Uint8Array.of(1, 0, 3, 1))).toBe(0);
  });

  test('are null when too short', () => {
    expect(readDnskey(new Uint8Array(3))).toBeNull();
    expect(readDs(new Uint8Array(4))).toBeNull();
  });
});

describe('RRSIG', () => {
  const rdata = rdataOf(TYPE.RRSIG, 'MX 13 3 3600 20261204170000 20261122160000 57780 Example.ORG. AAECAw==');

  test('gives its fields', () => {
    const rrsig = readRrsig(rdata);
    expect(rrsig).toMatchObject({ typeCovered: TYPE.MX, algorithm: 13, labels: 3, originalTtl: 3600, keyTag: 57_780 });
    expect(rrsig && [rrsig.expiration, rrsig.inception]).toEqual([1_796_403_600, 1_795_363_200]);
    expect(rrsig && formatName(rrsig.signer)).toBe('Example.ORG.');
    expect(rrsig && toHex(rrsig.signature)).toBe('00010203');
    expect(coveredType(rdata)).toBe(TYPE.MX);
  });

  test('is signed with its signer in lower case and without the signature', () => {
    const rrsig = readRrsig(rdata);
    const prefix = new Uint8Array(rrsig === null ? 0 : signedPrefixOctets(rrsig));
    if (rrsig !== null) writeSignedPrefix(rrsig, rdata, prefix);
    expect(toHex(prefix)).toBe(toHex(rdata.subarray(0, 18)) + toHex(mustParseName('example.org.')));
  });

  test('names its signer among other octets, and none that goes on beyond its end', () => {
    const octets = concatBytes(Uint8Array.of(9, 9), rdata, rdata);
    const end = 2 + rdata.length;
    const [org, com] = [mustParseName('EXAMPLE.org.'), mustParseName('example.com.')];
    expect(formatName(signerAt(octets, 2, end) ?? ROOT)).toBe('Example.ORG.');
    expect([isSignedBy(octets, org, 2, end), isSignedBy(octets, com, 2, end)]).toEqual([true, false]);
    for (const short of [18, 19, 25, 30]) {
      expect([signerAt(octets, 2, 2 + short), isSignedBy(octets, org, 2, 2 + short)]).toEqual([null, false]);
    }
    expect(signedLabels(octets, 2)).toBe(3);
  });

  test('is null without a whole signer', () => {
    expect(readRrsig(rdata.subarray(0, 18))).toBeNull();
    expect(readRrsig(rdata.subarray(0, 25))).toBeNull();
    expect(readRrsig(new Uint8Array(0))).toBeNull();
  });
});

describe('NSEC and NSEC3', () => {
  test('give next name, types and parameters', () => {
    const nsec = readNsec(rdataOf(TYPE.NSEC, 'b.example. A NS TYPE65534'));
    expect(nsec && formatName(nsec.next)).toBe('b.example.');
    expect(nsec && [hasType(nsec.types, TYPE.NS), hasType(nsec.types, TYPE.MX), hasType(nsec.types, 65_534)]).toEqual([
      true,
      false,
      true,
    ]);
    const nsec3 = readNsec3(rdataOf(TYPE.NSEC3, '1 1 12 AABB 2VPTU5TIMAMQTTGL4LUU9KG21E0AOR3S A'));
    expect(nsec3).toMatchObject({ hashAlgorithm: 1, flags: 1, iterations: 12, salt: Uint8Array.of(0xaa, 0xbb) });
    expect(nsec3?.nextHash.length).toBe(20);
    expect(readNsec3param(rdataOf(TYPE.NSEC3PARAM, '1 0 5 -'))).toMatchObject({ iterations: 5 });
  });

  test.each([
    ['NSEC without a name', () => readNsec(new Uint8Array(0))],
    ['NSEC with half a bitmap', () => readNsec(Uint8Array.of(0, 0, 2, 0x40))],
    ['NSEC3 without a hash', () => readNsec3(Uint8Array.of(1, 0, 0, 0, 0, 0))],
    ['NSEC3 with a short hash', () => readNsec3(Uint8Array.of(1, 0, 0, 0, 0, 20, 1))],
    ['NSEC3 with a short salt', () => readNsec3(Uint8Array.of(1, 0, 0, 0, 9, 20, 1))],
    ['NSEC3 of four octets', () => readNsec3(new Uint8Array(4))],
    ['NSEC3PARAM with octets left', () => readNsec3param(Uint8Array.of(1, 0, 0, 0, 0, 0))],
  ])('%s is null', (_title, readIt) => {
    expect(readIt()).toBeNull();
  });
});

describe('type bitmaps', () => {
  const anyTypes = fc.uniqueArray(fc.nat(0xffff), { maxLength: 60 });

  test('hold exactly the types they were made of', () => {
    fc.assert(
      fc.property(anyTypes, fc.nat(0xffff), (types, other) => {
        const bitmap = bitmapOf(types);
        expect(isValidBitmap(bitmap)).toBe(true);
        expect(typesOf(bitmap)).toEqual([...types].sort((a, b) => a - b));
        expect(types.every((type) => hasType(bitmap, type))).toBe(true);
        expect(hasType(bitmap, other)).toBe(types.includes(other));
      }),
    );
  });

  test('of any octets are asked without reading past their end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(0xffff), (octets, type) => {
        const isSet = hasType(octets, type);
        if (isValidBitmap(octets)) expect(isSet).toBe(typesOf(octets).includes(type));
      }),
      { numRuns: 1000 },
    );
  });

  test.each(['000021', '0000', '00', `000020${'ff'.repeat(31)}`, '010140000140', '000140000140'])(
    '%s is not valid',
    (hex) => {
      expect(isValidBitmap(fromHex(hex) ?? new Uint8Array())).toBe(false);
    },
  );
});

describe('names, SOA and TLSA', () => {
  test('give their fields', () => {
    const soa = readSoa(rdataOf(TYPE.SOA, 'ns. hm. 4294967295 1 2 3 4'));
    expect(soa).toMatchObject({ serial: 4_294_967_295, refresh: 1, retry: 2, expire: 3, minimum: 4 });
    expect(soa && formatName(soa.rname)).toBe('hm.');
    expect(readTargetName(mustParseName('a.b.'))).toEqual(mustParseName('a.b.'));
    expect(readMx(rdataOf(TYPE.MX, '10 a.'))).toEqual({ preference: 10, exchange: mustParseName('a.') });
    expect(readSrv(rdataOf(TYPE.SRV, '1 2 3 a.'))).toMatchObject({ priority: 1, weight: 2, port: 3 });
    expect(readTlsa(rdataOf(TYPE.TLSA, '3 1 1 AABB'))).toMatchObject({ usage: 3, selector: 1, matchingType: 1 });
  });

  test('are null when malformed', () => {
    expect(readSoa(Uint8Array.of(0, 0, 1, 2, 3))).toBeNull();
    expect(readSoa(Uint8Array.of(0xc0, 0x0c))).toBeNull();
    expect(readTargetName(Uint8Array.of(0, 0))).toBeNull();
    expect(readMx(Uint8Array.of(0, 1))).toBeNull();
    expect(readSrv(Uint8Array.of(0, 1, 0, 1, 0, 1))).toBeNull();
    expect(readTlsa(Uint8Array.of(3, 1))).toBeNull();
  });

  test('are read from every rdata that the message parser lets pass', () => {
    const readers = [
      [TYPE.SOA, readSoa],
      [TYPE.NS, readTargetName],
      [TYPE.MX, readMx],
      [TYPE.SRV, readSrv],
      [TYPE.TLSA, readTlsa],
      [TYPE.DS, readDs],
      [TYPE.DNSKEY, readDnskey],
      [TYPE.RRSIG, readRrsig],
    ] as const;
    for (const [type, readIt] of readers) {
      fc.assert(
        fc.property(anyRdata(type), (rdata) => {
          expect(readIt(rdata)).not.toBeNull();
        }),
      );
    }
  });
});
