/** Proves that the hashes of RFC 5155 appendix A come out, and that the responses of appendix B prove what they are to. */

import { describe, expect, test } from 'vitest';
import { createNodeCrypto } from '../../src/adapters/node-crypto.ts';
import { type Nsec3Parts, proveByNsec3, proveWildcardByNsec3 } from '../../src/dnssec/nsec3.ts';
import { Nsec3Hasher, nsec3Hash } from '../../src/dnssec/nsec3-hash.ts';
import { toBase32hex } from '../../src/wire/bytes.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { typeFromText } from '../../src/wire/rr-type.ts';
import { denialRecords } from '../dnssec/records.ts';

const crypto = createNodeCrypto();
const zone = mustParseName('example.');
const parameters = { iterations: 12, salt: Uint8Array.of(0xaa, 0xbb, 0xcc, 0xdd) };

const HASHES: readonly [string, string][] = [
  ['example.', '0p9mhaveqvm6t7vbl5lop2u3t2rp3tom'],
  ['a.example.', '35mthgpgcu1qg68fab165klnsnk3dpvl'],
  ['ai.example.', 'gjeqe526plbf1g8mklp59enfd789njgi'],
  ['ns1.example.', '2t7b4g4vsa5smi47k61mv5bv1a22bojr'],
  ['ns2.example.', 'q04jkcevqvmu85r014c7dkba38o0ji5r'],
  ['w.example.', 'k8udemvp1j2f7eg6jebps17vp3n8i58h'],
  ['*.w.example.', 'r53bq7cc2uvmubfu5ocmm6pers9tk9en'],
  ['x.w.example.', 'b4um86eghhds6nea196smvmlo4ors995'],
  ['y.w.example.', 'ji6neoaepv8b5o6k4ev33abha8ht9fgc'],
  ['x.y.w.example.', '2vptu5timamqttgl4luu9kg21e0aor3s'],
  ['xx.example.', 't644ebqk9bibcna874givr6joj62mlhv'],
  ['2t7b4g4vsa5smi47k61mv5bv1a22bojr.example.', 'kohar7mbb8dc2ce8a9qvl8hon4k53uhi'],
];

/** The chain of appendix A, by owner hash: next hash and types. All records have the opt-out flag. */
const CHAIN: Readonly<Record<string, string>> = {
  '0p9mhaveqvm6t7vbl5lop2u3t2rp3tom': '2t7b4g4vsa5smi47k61mv5bv1a22bojr NS SOA MX RRSIG DNSKEY NSEC3PARAM',
  '2t7b4g4vsa5smi47k61mv5bv1a22bojr': '2vptu5timamqttgl4luu9kg21e0aor3s A RRSIG',
  '2vptu5timamqttgl4luu9kg21e0aor3s': '35mthgpgcu1qg68fab165klnsnk3dpvl MX RRSIG',
  '35mthgpgcu1qg68fab165klnsnk3dpvl': 'b4um86eghhds6nea196smvmlo4ors995 NS DS RRSIG',
  b4um86eghhds6nea196smvmlo4ors995: 'gjeqe526plbf1g8mklp59enfd789njgi MX RRSIG',
  gjeqe526plbf1g8mklp59enfd789njgi: 'ji6neoaepv8b5o6k4ev33abha8ht9fgc HINFO A AAAA RRSIG',
  ji6neoaepv8b5o6k4ev33abha8ht9fgc: 'k8udemvp1j2f7eg6jebps17vp3n8i58h',
  k8udemvp1j2f7eg6jebps17vp3n8i58h: 'kohar7mbb8dc2ce8a9qvl8hon4k53uhi',
  kohar7mbb8dc2ce8a9qvl8hon4k53uhi: 'q04jkcevqvmu85r014c7dkba38o0ji5r A RRSIG',
  q04jkcevqvmu85r014c7dkba38o0ji5r: 'r53bq7cc2uvmubfu5ocmm6pers9tk9en A RRSIG',
  r53bq7cc2uvmubfu5ocmm6pers9tk9en: 't644ebqk9bibcna874givr6joj62mlhv MX RRSIG',
  t644ebqk9bibcna874givr6joj62mlhv: '0p9mhaveqvm6t7vbl5lop2u3t2rp3tom HINFO A AAAA RRSIG',
};

/** Records of the chain by the first letters of their hashes; `flags` other than the zone's 1 where a test says so. */
function chain(starts: string, flags = 1) {
  const owners = Object.keys(CHAIN).filter((owner) => starts.split(' ').includes(owner.slice(0, 4)));
  return denialRecords(...owners.map((owner) => `${owner}.example. NSEC3 1 ${flags} 12 aabbccdd ${CHAIN[owner]}`));
}

function means(): Nsec3Parts {
  return { hasher: new Nsec3Hasher(crypto, 20), maxIterations: 150 };
}

function prove(name: string, type: string, starts: string, flags = 1) {
  const question = { name: mustParseName(name), type: typeFromText(type) ?? 0 };
  return proveByNsec3(question, chain(starts, flags), zone, means());
}

describe('RFC 5155 appendix A', () => {
  test.each(HASHES)('%s has the hash %s', (name, hash) => {
    expect(toBase32hex(nsec3Hash(mustParseName(name), parameters, crypto))).toBe(hash);
    expect(toBase32hex(nsec3Hash(mustParseName(name.toUpperCase()), parameters, crypto))).toBe(hash);
  });
});

describe('RFC 5155 appendix B', () => {
  test('B.1: a name error; under opt-out (§9.2) not secure, without it secure', () => {
    expect(prove('a.c.x.w.example.', 'A', '0p9m b4um 35mt')).toEqual({ kind: 'opt-out', wildcard: 'denied' });
    expect(prove('a.c.x.w.example.', 'A', '0p9m b4um 35mt', 0)).toEqual({ kind: 'nxdomain' });
  });

  test('B.1 with one record missing proves nothing', () => {
    expect(prove('a.c.x.w.example.', 'A', '35mt', 0)).toEqual({ kind: 'not-proven', why: 'no-closest-encloser' });
    // The apex matches, but w.example is not covered.
    expect(prove('a.c.x.w.example.', 'A', '0p9m 35mt', 0)).toEqual({
      kind: 'not-proven',
      why: 'next-closer-not-covered',
    });
    expect(prove('a.c.x.w.example.', 'A', 'b4um 35mt', 0)).toEqual({
      kind: 'not-proven',
      why: 'next-closer-not-covered',
    });
    expect(prove('a.c.x.w.example.', 'A', '0p9m b4um', 0)).toEqual({ kind: 'not-proven', why: 'wildcard-not-denied' });
  });

  test('B.2: no data', () => {
    expect(prove('ns1.example.', 'MX', '2t7b')).toEqual({ kind: 'nodata', isCompactNxdomain: false });
    expect(prove('ns1.example.', 'A', '2t7b')).toEqual({ kind: 'not-proven', why: 'type-exists' });
  });

  test('B.2.1: no data at an empty non-terminal', () => {
    expect(prove('y.w.example.', 'A', 'ji6n')).toEqual({ kind: 'nodata', isCompactNxdomain: false });
  });

  test('B.3: a referral to an opt-out unsigned zone', () => {
    expect(prove('c.example.', 'DS', '35mt 0p9m')).toEqual({ kind: 'opt-out', wildcard: 'unknown' });
    expect(prove('c.example.', 'DS', '35mt 0p9m', 0)).toEqual({ kind: 'not-proven', why: 'wildcard-not-denied' });
    expect(prove('c.example.', 'DS', '0p9m')).toEqual({ kind: 'not-proven', why: 'next-closer-not-covered' });
    expect(prove('c.example.', 'DS', '35mt')).toEqual({ kind: 'not-proven', why: 'no-closest-encloser' });
  });

  test('B.4: a wildcard expansion', () => {
    const answer = { name: mustParseName('a.z.w.example.'), closestEncloserLabels: 2 };
    expect(proveWildcardByNsec3(answer, chain('q04j'), zone, means())).toEqual({
      kind: 'opt-out',
      wildcard: 'unknown',
    });
    expect(proveWildcardByNsec3(answer, chain('q04j', 0), zone, means())).toEqual({ kind: 'proven' });
    expect(proveWildcardByNsec3(answer, chain('35mt', 0), zone, means())).toEqual({
      kind: 'not-proven',
      why: 'next-closer-not-covered',
    });
  });

  test('B.5: wildcard no data', () => {
    expect(prove('a.z.w.example.', 'AAAA', 'k8ud q04j r53b')).toEqual({ kind: 'opt-out', wildcard: 'nodata' });
    expect(prove('a.z.w.example.', 'AAAA', 'k8ud q04j r53b', 0)).toEqual({ kind: 'wildcard-nodata' });
    expect(prove('a.z.w.example.', 'MX', 'k8ud q04j r53b', 0)).toEqual({
      kind: 'not-proven',
      why: 'wildcard-type-exists',
    });
  });

  test('B.6: the DS of a child, denied by the child itself, is not denied', () => {
    expect(prove('example.', 'DS', '0p9m')).toEqual({ kind: 'not-proven', why: 'child-side' });
  });

  test('a signed delegation shows its DS, and its record denies nothing else', () => {
    expect(prove('a.example.', 'DS', '35mt')).toEqual({ kind: 'not-proven', why: 'type-exists' });
    expect(prove('a.example.', 'A', '35mt')).toEqual({ kind: 'not-proven', why: 'parent-side' });
    expect(prove('www.a.example.', 'A', '35mt 0p9m b4um', 0)).toEqual({ kind: 'not-proven', why: 'below-cut' });
  });
});
