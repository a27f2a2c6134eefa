/** Proves that the NSEC responses of RFC 4035 appendix B, of the signed zone of appendix A, prove what they are to. */

import { describe, expect, test } from 'vitest';
import { proveByNsec, proveWildcardByNsec } from '../../src/dnssec/nsec.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { typeFromText } from '../../src/wire/rr-type.ts';
import { denialRecords } from '../dnssec/records.ts';

const zone = mustParseName('example.');

const APEX = 'example. NSEC a.example. NS SOA MX RRSIG NSEC DNSKEY';
const SIGNED_CUT = 'a.example. NSEC ai.example. NS DS RRSIG NSEC';
const UNSIGNED_CUT = 'b.example. NSEC ns1.example. NS RRSIG NSEC';
const NS1 = 'ns1.example. NSEC ns2.example. A RRSIG NSEC';
const NS2 = 'ns2.example. NSEC *.w.example. A RRSIG NSEC';
const WILDCARD = '*.w.example. NSEC x.w.example. MX RRSIG NSEC';
const XYW = 'x.y.w.example. NSEC xx.example. MX RRSIG NSEC';
const LAST = 'xx.example. NSEC example. A HINFO AAAA RRSIG NSEC';

function prove(name: string, type: string, ...lines: string[]) {
  return proveByNsec({ name: mustParseName(name), type: typeFromText(type) ?? 0 }, denialRecords(...lines), zone);
}

describe('RFC 4035 appendix B', () => {
  test('B.2: a name error', () => {
    expect(prove('ml.example.', 'A', UNSIGNED_CUT, APEX)).toEqual({ kind: 'nxdomain' });
    expect(prove('ml.example.', 'A', APEX, UNSIGNED_CUT)).toEqual({ kind: 'nxdomain' });
    expect(prove('ml.example.', 'A', UNSIGNED_CUT)).toEqual({ kind: 'not-proven', why: 'wildcard-not-denied' });
    expect(prove('ml.example.', 'A', APEX)).toEqual({ kind: 'not-proven', why: 'name-not-covered' });
  });

  test('B.3: no data', () => {
    expect(prove('ns1.example.', 'MX', NS1)).toEqual({ kind: 'nodata', isCompactNxdomain: false });
  });

  test('B.4 and B.5: referrals to a signed and to an unsigned zone', () => {
    expect(prove('a.example.', 'DS', SIGNED_CUT)).toEqual({ kind: 'not-proven', why: 'type-exists' });
    expect(prove('b.example.', 'DS', UNSIGNED_CUT)).toEqual({ kind: 'no-ds' });
  });

  test('B.6: a wildcard expansion', () => {
    const name = mustParseName('a.z.w.example.');
    expect(proveWildcardByNsec(name, 2, denialRecords(XYW), zone)).toEqual({ kind: 'proven' });
    expect(proveWildcardByNsec(name, 2, denialRecords(NS2), zone).kind).toBe('not-proven');
    expect(proveWildcardByNsec(name, 1, denialRecords(XYW), zone).kind).toBe('not-proven');
  });

  test('B.7: wildcard no data', () => {
    expect(prove('a.z.w.example.', 'AAAA', XYW, WILDCARD)).toEqual({ kind: 'wildcard-nodata' });
    expect(prove('a.z.w.example.', 'MX', XYW, WILDCARD)).toEqual({ kind: 'not-proven', why: 'wildcard-type-exists' });
    expect(prove('a.z.w.example.', 'AAAA', XYW)).toEqual({ kind: 'not-proven', why: 'wildcard-not-denied' });
  });

  test('B.8: the DS of a child zone, denied by the child itself, is not denied', () => {
    expect(prove('example.', 'DS', APEX)).toEqual({ kind: 'not-proven', why: 'child-side' });
  });

  test('an empty non-terminal has no data, and is no zone cut', () => {
    expect(prove('w.example.', 'A', NS2)).toEqual({ kind: 'nodata', isCompactNxdomain: false });
    expect(prove('y.w.example.', 'A', 'x.w.example. NSEC x.y.w.example. MX RRSIG NSEC').kind).toBe('nodata');
    expect(prove('w.example.', 'DS', NS2)).toEqual({ kind: 'no-cut', isAlias: false });
  });

  test('the last record of the zone covers all that follows', () => {
    expect(prove('zz.example.', 'A', LAST, APEX)).toEqual({ kind: 'nxdomain' });
  });
});
