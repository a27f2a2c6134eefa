/**
 * Proves that a signature holds only when every condition of RFC 4035 §5.3.1 does, that the first broken one is named, and
 * that wildcard expansions, canonical form and times are checked as RFC 4034 says.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createNodeCrypto } from '../../src/adapters/node-crypto.ts';
import { createPortableCrypto } from '../../src/adapters/portable-crypto.ts';
import { type ZoneKey, zoneKeyOf } from '../../src/dnssec/dnskey.ts';
import { BY_THE_CLOCK } from '../../src/dnssec/signature-time.ts';
import { precheckRrsig, type RrsigCheck, verifySignature, withKey } from '../../src/dnssec/verify-signature.ts';
import type { Crypto } from '../../src/ports/crypto.ts';
import { concatBytes } from '../../src/wire/bytes.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { packRRset, type RRset, withOwner } from '../../src/wire/rrset.ts';
import { DEFAULT_VALIDATE_OPTIONS } from '../support/default-options.ts';
import { record, rrsetFromText } from './records.ts';
import { EXPIRATION, INCEPTION, type KeyChoices, makeKey, NOW, type SignatureChoices, signRRset } from './signing.ts';

const crypto = createNodeCrypto();
const zone = mustParseName('example.');
const NO_SKEW = { min: 0, max: 0 };
const KEY = makeKey(13);
const A = rrsetFromText('www.example. A 192.0.2.1', 'www.example. A 192.0.2.2');

function zoneKey(rdata: Uint8Array): ZoneKey {
  const key = zoneKeyOf(rdata, crypto);
  if (key === null) throw new Error('unreadable key');
  return key;
}

interface Case {
  readonly rrset?: RRset;
  /** The set that is shown, when it is not the one that was signed. */
  readonly shown?: RRset;
  readonly choices?: Partial<SignatureChoices>;
  readonly key?: ReturnType<typeof makeKey>;
  readonly shownKey?: ReturnType<typeof makeKey>;
  readonly check?: Partial<RrsigCheck> & { readonly at?: number };
}

/** All steps of a check in their order. */
function outcomeOf(check: RrsigCheck, key: ZoneKey, by: Crypto = crypto) {
  const checked = precheckRrsig(check);
  if ('kind' in checked) return checked;
  const ready = withKey(checked, key);
  return 'kind' in ready ? ready : verifySignature(ready, by);
}

function checkedAtSecond(now: number) {
  return { time: BY_THE_CLOCK, now };
}

/** Signs with what the case says, or as is right, and checks. */
function run({ rrset = A, shown = rrset, choices = {}, key = KEY, shownKey = key, check = {} }: Case) {
  const signature = signRRset(rrset, key, { signer: zone, ...choices });
  const { at = NOW, ...rest } = check;
  return outcomeOf(
    { rrset: shown, signature, zone, ...checkedAtSecond(at), skew: NO_SKEW, ...rest },
    zoneKey(shownKey.rdata),
  );
}

const keyWith = (choices: KeyChoices) => makeKey(13, choices);

describe('a signature', () => {
  test.each([5, 7, 8, 10, 13, 14, 15, 16])('of algorithm %i holds, with its facts', async (algorithm) => {
    const key = makeKey(algorithm);
    expect(await run({ key })).toEqual({
      kind: 'valid',
      keyTag: key.keyTag,
      algorithm,
      expiration: EXPIRATION,
      inception: INCEPTION,
      originalTtl: 3600,
      labels: 2,
      isWildcard: false,
    });
  });

  test('is checked at once for cheap algorithms, as a promise for P-384 and Ed448', () => {
    for (const algorithm of [8, 13, 15]) expect(run({ key: makeKey(algorithm) })).toMatchObject({ kind: 'valid' });
    for (const algorithm of [14, 16]) expect(run({ key: makeKey(algorithm) })).toBeInstanceOf(Promise);
  });

  test('does not hold for other data, another owner or another key', () => {
    const other = rrsetFromText('www.example. A 192.0.2.3', 'www.example. A 192.0.2.2');
    expect(run({ shown: other })).toMatchObject({ kind: 'wrong', keyTag: KEY.keyTag, algorithm: 13 });
    expect(run({ shown: rrsetFromText('www.example. A 192.0.2.1') })).toMatchObject({ kind: 'wrong' });
    expect(run({ shown: withOwner(A, mustParseName('ftp.example.')) })).toMatchObject({ kind: 'wrong' });
    const stranger = makeKey(13);
    expect(run({ choices: { keyTag: stranger.keyTag }, shownKey: stranger })).toMatchObject({ kind: 'wrong' });
  });

  test('holds whatever the order, the case and the repetition of records (RFC 4034 §6)', () => {
    const signed = rrsetFromText('www.example. MX 10 mail.example.', 'www.example. MX 20 mail.example.');
    const shown = rrsetFromText(
      'WWW.example. MX 20 MAIL.Example.',
      'WWW.example. MX 10 mail.EXAMPLE.',
      'WWW.example. MX 10 mail.example.',
    );
    expect(run({ rrset: signed, shown })).toMatchObject({ kind: 'valid' });
    expect(run({ check: { zone: mustParseName('EXAMPLE.') } })).toMatchObject({ kind: 'valid' });
    expect(run({ choices: { signer: mustParseName('eXample.') } })).toMatchObject({ kind: 'valid' });
  });

  test('does not hold when the next name of an NSEC changes its case (RFC 6840 §5.1)', () => {
    const signed = rrsetFromText('www.example. NSEC x.example. A RRSIG NSEC');
    const shown = rrsetFromText('www.example. NSEC X.example. A RRSIG NSEC');
    expect(run({ rrset: signed, shown })).toMatchObject({ kind: 'wrong' });
  });

  test('covers the original TTL of the RRSIG', () => {
    expect(run({ choices: { originalTtl: 60 } })).toMatchObject({ kind: 'valid', originalTtl: 60 });
  });
});

describe('RFC 4035 §5.3.1', () => {
  test('the signer is the zone that contains the RRset', () => {
    const parent = { signer: mustParseName('.') };
    expect(run({ choices: parent })).toEqual({ kind: 'signer-not-allowed', keyTag: KEY.keyTag, signer: '.' });
    expect(run({ choices: { signer: mustParseName('www.example.') } })).toMatchObject({
      kind: 'signer-not-allowed',
      signer: 'www.example.',
    });
    const outside = rrsetFromText('www.other. A 192.0.2.1');
    expect(run({ rrset: outside })).toMatchObject({ kind: 'signer-not-allowed' });
    const lookalike = rrsetFromText('www.badexample. A 192.0.2.1');
    expect(run({ rrset: lookalike })).toMatchObject({ kind: 'signer-not-allowed' });
  });

  test('a DS is never signed by the zone that it names', () => {
    const ds = rrsetFromText('example. DS 1 13 2 b4c8c1fe2e7477127b27115656ad6256f424625bf5c1e2770ce6d6e37df61d17');
    expect(run({ rrset: ds })).toMatchObject({ kind: 'signer-not-allowed' });
    expect(
      run({ rrset: ds, choices: { signer: mustParseName('.') }, check: { zone: mustParseName('.') } }),
    ).toMatchObject({ kind: 'valid' });
  });

  test('the type covered is the type of the RRset', () => {
    expect(run({ choices: { typeCovered: TYPE.AAAA } })).toMatchObject({ kind: 'type-covered-wrong', typeCovered: 28 });
  });

  test('the labels field is not above the owner and not below the signer', () => {
    expect(run({ choices: { labels: 3 } })).toEqual({ kind: 'label-count-wrong', keyTag: KEY.keyTag, labels: 3 });
    expect(run({ choices: { labels: 0 } })).toEqual({ kind: 'label-count-wrong', keyTag: KEY.keyTag, labels: 0 });
    expect(run({ choices: { labels: 255 } })).toMatchObject({ kind: 'label-count-wrong' });
  });

  test('an expired signature is named before its key is looked at', () => {
    expect(run({ check: { at: EXPIRATION + 1 }, shownKey: makeKey(15) })).toEqual({
      kind: 'expired',
      keyTag: KEY.keyTag,
      expiredAt: EXPIRATION,
    });
  });

  test('the time lies between inception and expiration, both included', () => {
    expect(run({ check: { at: INCEPTION } })).toMatchObject({ kind: 'valid' });
    expect(run({ check: { at: EXPIRATION } })).toMatchObject({ kind: 'valid' });
    expect(run({ check: { at: EXPIRATION + 1 } })).toMatchObject({ kind: 'expired' });
    expect(run({ check: { at: INCEPTION - 1 } })).toMatchObject({ kind: 'not-yet-valid', validFrom: INCEPTION });
  });

  test('algorithm and key tag are those of the key', () => {
    expect(run({ choices: { keyTag: KEY.keyTag ^ 1 } })).toMatchObject({ kind: 'other-key', keyTag: KEY.keyTag ^ 1 });
    const other = makeKey(15);
    expect(run({ choices: { keyTag: other.keyTag }, shownKey: other })).toMatchObject({
      kind: 'other-key',
      algorithm: 13,
    });
  });

  test('the key is a zone key of protocol 3', () => {
    expect(run({ key: keyWith({ flags: 1 }) })).toMatchObject({ kind: 'zone-key-bit-missing' });
    expect(run({ key: keyWith({ flags: 256 }) })).toMatchObject({ kind: 'valid' });
    expect(run({ key: keyWith({ protocol: 4 }) })).toMatchObject({ kind: 'key-protocol-wrong' });
  });

  test('a revoked key signs nothing but the DNSKEY set that says so (RFC 5011 §2.1)', () => {
    const revoked = keyWith({ flags: 385 });
    expect(run({ key: revoked })).toMatchObject({ kind: 'key-revoked', keyTag: revoked.keyTag });
    const parts = { owner: zone, type: TYPE.DNSKEY, class: 1, rdatas: [revoked.rdata], signatures: [] };
    expect(run({ key: revoked, rrset: packRRset(parts) })).toMatchObject({ kind: 'valid' });
  });

  test('a key without sense is unusable, not an exception', () => {
    const rdata = Uint8Array.from(KEY.rdata);
    rdata.fill(0xff, 4);
    const key = zoneKey(rdata);
    expect(key.imported).toBeNull();
    const signature = signRRset(A, KEY, { signer: zone, keyTag: key.keyTag });
    expect(outcomeOf({ rrset: A, signature, zone, ...checkedAtSecond(NOW), skew: NO_SKEW }, key)).toEqual({
      kind: 'key-unusable',
      keyTag: key.keyTag,
      algorithm: 13,
    });
  });
});

describe('wildcards (RFC 4034 §3.1.3, RFC 4035 §5.3.2)', () => {
  const wildcard = rrsetFromText('*.example. TXT "w"');

  test('the wildcard itself is not an expansion', () => {
    expect(run({ rrset: wildcard })).toMatchObject({ kind: 'valid', labels: 1, isWildcard: false });
  });

  test('an expansion holds at any depth below, and says what it is', () => {
    for (const owner of ['a.example.', 'b.a.example.', '*.a.example.']) {
      expect(run({ rrset: wildcard, shown: withOwner(wildcard, mustParseName(owner)) })).toMatchObject({
        kind: 'valid',
        labels: 1,
        isWildcard: true,
      });
    }
  });

  test('an expansion beside the wildcard does not hold', () => {
    const deep = rrsetFromText('*.a.example. TXT "w"');
    expect(run({ rrset: deep, shown: withOwner(deep, mustParseName('x.b.example.')) })).toMatchObject({
      kind: 'wrong',
    });
    expect(run({ rrset: deep, shown: withOwner(deep, mustParseName('example.')) })).toMatchObject({
      kind: 'label-count-wrong',
    });
  });

  test('a name made to look like an expansion from above the zone does not (labels below the signer)', () => {
    const root = rrsetFromText('*. TXT "w"');
    const shown = withOwner(root, mustParseName('a.example.'));
    expect(run({ rrset: root, shown, choices: { labels: 0 } })).toMatchObject({ kind: 'label-count-wrong', labels: 0 });
  });

  test('an asterisk that is not the first label counts', () => {
    const middle = rrsetFromText('a.*.example. TXT "w"');
    expect(run({ rrset: middle })).toMatchObject({ kind: 'valid', labels: 3, isWildcard: false });
  });
});

describe('times (RFC 4034 §3.1.5, RFC 1982)', () => {
  test('a signature that spans the wrap of 2106 is checked rightly', () => {
    const choices = { inception: 0xffff_0000, expiration: 0x0001_0000 };
    expect(run({ choices, check: { at: 0xffff_fff0 } })).toMatchObject({ kind: 'valid' });
    expect(run({ choices, check: { at: 2 ** 32 + 5 } })).toMatchObject({ kind: 'valid' });
    expect(run({ choices, check: { at: 2 ** 32 + 0x2_0000 } })).toMatchObject({ kind: 'expired' });
    expect(run({ choices, check: { at: 0xfffe_0000 } })).toMatchObject({ kind: 'not-yet-valid' });
  });

  test('expiration before inception is its own fault, whatever the skew', () => {
    const choices = { inception: NOW, expiration: NOW - 1 };
    const skew = { min: Number.POSITIVE_INFINITY, max: Number.POSITIVE_INFINITY };
    expect(run({ choices, check: { skew } })).toMatchObject({ kind: 'expired-before-valid' });
  });

  test('the skew is a tenth of the life, within its bounds', () => {
    const day = 86_400;
    const at = (seconds: number, life: number) =>
      run({
        choices: { inception: NOW - life, expiration: NOW },
        check: { at: NOW + seconds, skew: DEFAULT_VALIDATE_OPTIONS.skew },
      });
    // 31 days: 3.1 days, cut to one.
    expect(at(day, 31 * day)).toMatchObject({ kind: 'valid' });
    expect(at(day + 1, 31 * day)).toMatchObject({ kind: 'expired' });
    // 5 days: half a day.
    expect(at(day / 2, 5 * day)).toMatchObject({ kind: 'valid' });
    expect(at(day / 2 + 1, 5 * day)).toMatchObject({ kind: 'expired' });
    // 1 hour: 6 minutes, raised to an hour.
    expect(at(3600, 3600)).toMatchObject({ kind: 'valid' });
    expect(at(3601, 3600)).toMatchObject({ kind: 'expired' });
  });
});

describe('hostile RRSIG octets', () => {
  const good = signRRset(A, KEY, { signer: zone });
  const key = zoneKey(KEY.rdata);
  const base = { rrset: A, zone, ...checkedAtSecond(NOW), skew: DEFAULT_VALIDATE_OPTIONS.skew };

  test('are malformed when cut short', () => {
    for (let length = 0; length <= 18 + zone.length; length++) {
      expect(precheckRrsig({ ...base, signature: good.subarray(0, length) })).toEqual({ kind: 'malformed' });
    }
    expect(outcomeOf({ ...base, signature: good.subarray(0, good.length - 1) }, key)).toMatchObject({
      kind: 'wrong',
    });
    expect(outcomeOf({ ...base, signature: concatBytes(good, Uint8Array.of(0)) }, key)).toMatchObject({
      kind: 'wrong',
    });
  });

  test('never verify with any bit turned, and never throw', () => {
    for (let bit = 0; bit < good.length * 8; bit++) {
      const signature = Uint8Array.from(good);
      signature[bit >> 3] = (signature[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const outcome = outcomeOf({ ...base, signature }, key);
      // The case of the signer's name is no part of what is signed.
      const isSignerCase = bit >> 3 > 18 && bit >> 3 < 26 && (bit & 7) === 5;
      expect(outcome).toMatchObject(isSignerCase ? { kind: 'valid' } : { kind: expect.not.stringMatching(/^valid$/) });
    }
  });

  test('agree between the adapters for random octets', async () => {
    const portable = createPortableCrypto();
    const property = fc.asyncProperty(fc.uint8Array({ maxLength: 120 }), fc.nat(4), async (octets, from) => {
      const signature = concatBytes(good.subarray(0, from * 7), octets);
      const a = await outcomeOf({ ...base, signature }, key);
      const own = zoneKeyOf(KEY.rdata, portable) ?? key;
      expect(await outcomeOf({ ...base, signature }, own, portable)).toEqual(a);
      expect(a.kind).not.toBe('valid');
    });
    await fc.assert(property, { numRuns: 300, seed: 20260103 });
  });
});

test('DNSKEY rdata that is too short is no key', () => {
  expect(zoneKeyOf(Uint8Array.of(1, 1, 3), crypto)).toBeNull();
  expect(zoneKeyOf(record('example. DNSKEY 256 3 250 AAAA').rdata, crypto)).toMatchObject({ imported: null });
});
