/**
 * Proves that the example keys, DS records and signatures of the RFCs verify, with both crypto adapters: RFC 5702 §6 (RSA),
 * RFC 6605 §6 (ECDSA), RFC 8080 §6 (EdDSA), RFC 4034 §5.4 and RFC 4509 §2.3 (DS).
 */

import { describe, expect, test } from 'vitest';
import { createNodeCrypto } from '../../src/adapters/node-crypto.ts';
import { createPortableCrypto } from '../../src/adapters/portable-crypto.ts';
import { zoneKeyOf } from '../../src/dnssec/dnskey.ts';
import { matchDs } from '../../src/dnssec/match-ds.ts';
import { BY_THE_CLOCK } from '../../src/dnssec/signature-time.ts';
import { precheckRrsig, verifySignature, withKey } from '../../src/dnssec/verify-signature.ts';
import { readDs } from '../../src/wire/rdata-ds.ts';
import { readRrsig } from '../../src/wire/rdata-rrsig.ts';
import { signaturesOf } from '../../src/wire/rrset.ts';
import { record, rrsetFromText } from '../dnssec/records.ts';

interface Example {
  readonly where: string;
  readonly key: string;
  readonly ds?: string;
  readonly records: readonly string[];
}

const RSA_1024_KEY =
  'AwEAAdHoNTOW+et86KuJOWRDp1pndvwb6Y83nSVXXyLA3DLroROUkN6X0O6pnWnjJQujX/AyhqFDxj13tOnD9u/1kTg7cV6rklMrZDtJCQ5PCl/' +
  'D7QNPsgVsMu1J2Q8gpMpztNFLpPBz1bWXjDtaR7ZQBlZ3PFY12ZTSncorffcGmhOL';
const ED448_SIGNATURE =
  '3cPAHkmlnxcDHMyg7vFC34l0blBhuG1qpwLmjInI8w1CMB29FkEAIJUA0amxWndkmnBZ6SKiwZSAxGILn/NBtOXft0+Gj7FSvOKxE/07+4RQvE581N3' +
  'Aj/JtIyaiYVdnYtyMWbSNyGEY2213WKsJlwEA';

const EXAMPLES: readonly Example[] = [
  {
    where: 'RFC 5702 §6.1, RSA/SHA-256',
    key: 'example.net. DNSKEY 256 3 8 AwEAAcFcGsaxxdgiuuGmCkVImy4h99CqT7jwY3pexPGcnUFtR2Fh36BponcwtkZ4cAgtvd4Qs8PkxUdp6p/DlUmObdk=',
    records: [
      'www.example.net. 3600 IN A 192.0.2.91',
      'www.example.net. 3600 IN RRSIG A 8 3 3600 20300101000000 20000101000000 9033 example.net. kRCOH6u7l0QGy9qpC9l1sLncJcOKFLJ7GhiUOibu4teYp5VE9RncriShZNz85mwlMgNEacFYK/lPtPiVYP4bwg==',
    ],
  },
  {
    where: 'RFC 5702 §6.2, RSA/SHA-512',
    key: `example.net. DNSKEY 256 3 10 ${RSA_1024_KEY}`,
    records: [
      'www.example.net. 3600 IN A 192.0.2.91',
      'www.example.net. 3600 IN RRSIG A 10 3 3600 20300101000000 20000101000000 3740 example.net. tsb4wnjRUDnB1BUi+t6TMTXThjVnG+eCkWqjvvjhzQL1d0YRoOe0CbxrVDYd0xDtsuJRaeUw1ep94PzEWzr0iGYgZBWm/zpq+9fOuagYJRfDqfReKBzMweOLDiNa8iP5g9vMhpuv6OPlvpXwm9Sa9ZXIbNl1MBGk0fthPgxdDLw=',
    ],
  },
  {
    where: 'RFC 6605 §6.1, P-256',
    key: 'example.net. DNSKEY 257 3 13 GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA==',
    ds: 'example.net. DS 55648 13 2 b4c8c1fe2e7477127b27115656ad6256f424625bf5c1e2770ce6d6e37df61d17',
    records: [
      'www.example.net. 3600 IN A 192.0.2.1',
      'www.example.net. 3600 IN RRSIG A 13 3 3600 20100909100439 20100812100439 55648 example.net. qx6wLYqmh+l9oCKTN6qIc+bw6ya+KJ8oMz0YP107epXAyGmt+3SNruPFKG7tZoLBLlUzGGus7ZwmwWep666VCw==',
    ],
  },
  {
    where: 'RFC 6605 §6.2, P-384',
    key: 'example.net. DNSKEY 257 3 14 xKYaNhWdGOfJ+nPrL8/arkwf2EY3MDJ+SErKivBVSum1w/egsXvSADtNJhyem5RCOpgQ6K8X1DRSEkrbYQ+OB+v8/uX45NBwY8rp65F6Glur8I/mlVNgF6W/qTI37m40',
    ds: 'example.net. DS 10771 14 4 72d7b62976ce06438e9c0bf319013cf801f09ecc84b8d7e9495f27e305c6a9b0563a9b5f4d288405c3008a946df983d6',
    records: [
      'www.example.net. 3600 IN A 192.0.2.1',
      'www.example.net. 3600 IN RRSIG A 14 3 3600 20100909102025 20100812102025 10771 example.net. /L5hDKIvGDyI1fcARX3z65qrmPsVz73QD1Mr5CEqOiLP95hxQouuroGCeZOvzFaxsT8Glr74hbavRKayJNuydCuzWTSSPdz7wnqXL5bdcJzusdnI0RSMROxxwGipWcJm',
    ],
  },
  {
    where: 'RFC 8080 §6.1, Ed25519, first key',
    key: 'example.com. DNSKEY 257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=',
    ds: 'example.com. DS 3613 15 2 3aa5ab37efce57f737fc1627013fee07bdf241bd10f3b1964ab55c78e79a304b',
    records: [
      'example.com. 3600 IN MX 10 mail.example.com.',
      'example.com. 3600 IN RRSIG MX 15 2 3600 1440021600 1438207200 3613 example.com. oL9krJun7xfBOIWcGHi7mag5/hdZrKWw15jPGrHpjQeRAvTdszaPD+QLs3fx8A4M3e23mRZ9VrbpMngwcrqNAg==',
    ],
  },
  {
    where: 'RFC 8080 §6.1, Ed25519, second key',
    key: 'example.com. DNSKEY 257 3 15 zPnZ/QwEe7S8C5SPz2OfS5RR40ATk2/rYnE9xHIEijs=',
    ds: 'example.com. DS 35217 15 2 401781b934e392de492ec77ae2e15d70f6575a1c0bc59c5275c04ebe80c6614c',
    records: [
      'example.com. 3600 IN MX 10 mail.example.com.',
      'example.com. 3600 IN RRSIG MX 15 2 3600 1440021600 1438207200 35217 example.com. zXQ0bkYgQTEFyfLyi9QoiY6D8ZdYo4wyUhVioYZXFdT410QPRITQSqJSnzQoSm5poJ7gD7AQR0O7KuI5k2pcBg==',
    ],
  },
  {
    where: 'RFC 8080 §6.2, Ed448',
    key: 'example.com. DNSKEY 257 3 16 3kgROaDjrh0H2iuixWBrc8g2EpBBLCdGzHmn+G2MpTPhpj/OiBVHHSfPodx1FYYUcJKm1MDpJtIA',
    ds: 'example.com. DS 9713 16 2 6ccf18d5bc5d7fc2fceb1d59d17321402f2aa8d368048db93dd811f5cb2b19c7',
    records: [
      'example.com. 3600 IN MX 10 mail.example.com.',
      `example.com. 3600 IN RRSIG MX 16 2 3600 1440021600 1438207200 9713 example.com. ${ED448_SIGNATURE}`,
    ],
  },
];

const DS_KEY =
  'dskey.example.com. DNSKEY 256 3 5 AQOeiiR0GOMYkDshWoSKz9XzfwJr1AYtsmx3TGkJaNXVbfi/2pHm822aJ5iI9BMzNXxeYCmZDRD99WYwYqUSdjMmm' +
  'AphXdvxegXd/M5+X7OrzKBaMbCVdFLUUh6DhweJBjEVv5f2wwjM9XzcnOf+EPbtG9DMBmADjFDc2w/rljwvFw==';

describe.each([
  // 512-bit RSA of RFC 5702 §6.1 is below our usual bound.
  ['node', createNodeCrypto({ legacy: true })],
  ['portable', createPortableCrypto({ legacy: true })],
])('with the %s adapter', (_, crypto) => {
  test.each([...EXAMPLES])('$where verifies', async ({ key: keyText, records }) => {
    const rrset = rrsetFromText(...records);
    const signature = signaturesOf(rrset)[0] ?? new Uint8Array();
    const rrsig = readRrsig(signature);
    const key = zoneKeyOf(record(keyText).rdata, crypto);
    if (key === null || rrsig === null) throw new Error('unreadable');
    const times = { time: BY_THE_CLOCK, now: rrsig.inception + 1, skew: { min: 0, max: 0 } };
    const checked = precheckRrsig({ rrset, signature, zone: rrsig.signer, ...times });
    const ready = 'kind' in checked ? checked : withKey(checked, key);
    expect('kind' in ready ? ready : await verifySignature(ready, crypto)).toMatchObject({
      kind: 'valid',
      isWildcard: false,
    });
  });

  test.each(EXAMPLES.filter((example) => example.ds !== undefined))('the DS of $where matches', ({ key, ds }) => {
    const dnskey = record(key);
    const read = readDs(record(ds ?? '').rdata);
    expect(read && matchDs(dnskey.owner, read, dnskey.rdata, crypto)).toBe('match');
  });

  test.each([
    ['RFC 4034 §5.4', 'dskey.example.com. DS 60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118'],
    [
      'RFC 4509 §2.3',
      'dskey.example.com. DS 60485 5 2 D4B7D520E7BB5F0F67674A0CCEB1E3E0614B93C4F9E99B8383F6A1E4469DA50A',
    ],
  ])('the DS of %s matches', (_where, ds) => {
    const dnskey = record(DS_KEY);
    const read = readDs(record(ds).rdata);
    expect(read && matchDs(dnskey.owner, read, dnskey.rdata, crypto)).toBe('match');
  });
});
