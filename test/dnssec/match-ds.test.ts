/** Proves which DS records count (RFC 4035 §5.2, RFC 4509 §3, RFC 6605 §2), and when one names a key. */

import { describe, expect, test } from 'vitest';
import { createNodeCrypto } from '../../src/adapters/node-crypto.ts';
import { algorithmPolicy, digestKindOf } from '../../src/dnssec/algorithms.ts';
import { matchDs, usableDs } from '../../src/dnssec/match-ds.ts';
import { ALGORITHM } from '../../src/wire/algorithms.ts';
import { concatBytes } from '../../src/wire/bytes.ts';
import { toLowerCase } from '../../src/wire/name.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { readDs } from '../../src/wire/rdata-ds.ts';
import { DEFAULT_VALIDATE_OPTIONS } from '../support/default-options.ts';
import { makeKey } from './signing.ts';

const crypto = createNodeCrypto();
const owner = mustParseName('Zone.Example.');
const KEY = makeKey(13);

/** DS rdata that names KEY, or with fields changed. */
function dsOf(digestType: number, change: { algorithm?: number; tag?: number; digest?: Uint8Array } = {}): Uint8Array {
  const kind = digestKindOf(digestType) ?? 'sha256';
  const digest = change.digest ?? crypto.digest(kind, concatBytes(toLowerCase(owner), KEY.rdata));
  const tag = change.tag ?? KEY.keyTag;
  return concatBytes(Uint8Array.of(tag >>> 8, tag & 255, change.algorithm ?? 13, digestType), digest);
}

function match(rdata: Uint8Array, key: Uint8Array = KEY.rdata) {
  const ds = readDs(rdata);
  return ds === null ? 'unreadable' : matchDs(owner, ds, key, crypto);
}

describe('a DS', () => {
  test.each([1, 2, 4])('of digest type %i names its key, whatever the case of the owner', (digestType) => {
    expect(match(dsOf(digestType))).toBe('match');
  });

  test('does not name a key of another tag, algorithm, digest or owner', () => {
    expect(match(dsOf(2, { tag: KEY.keyTag ^ 1 }))).toBe('no-match');
    expect(match(dsOf(2, { algorithm: 15 }))).toBe('no-match');
    expect(match(dsOf(2, { digest: new Uint8Array(32) }))).toBe('no-match');
    expect(match(dsOf(2, { digest: new Uint8Array(1) }))).toBe('no-match');
    expect(match(dsOf(2), makeKey(13).rdata)).toBe('no-match');
    expect(match(dsOf(2), new Uint8Array(2))).toBe('no-match');
    const ds = readDs(dsOf(2));
    expect(ds && matchDs(mustParseName('other.example.'), ds, KEY.rdata, crypto)).toBe('no-match');
  });

  test('of an unknown digest says so', () => {
    expect(match(dsOf(3))).toBe('unsupported-digest');
    expect(match(dsOf(200))).toBe('unsupported-digest');
  });
});

describe('the DS set of a zone', () => {
  const policy = algorithmPolicy(crypto, DEFAULT_VALIDATE_OPTIONS.algorithms);
  const types = (rdatas: Uint8Array[]) => usableDs(rdatas, policy).usable.map((ds) => ds.digestType);

  test('is tried strongest digest first', () => {
    expect(types([dsOf(2), dsOf(4)])).toEqual([4, 2]);
  });

  test('loses its SHA-1 members when there is a better one (RFC 4509 §3)', () => {
    expect(types([dsOf(1), dsOf(2)])).toEqual([2]);
    expect(types([dsOf(4), dsOf(1)])).toEqual([4]);
    expect(types([dsOf(1)])).toEqual([1]);
    // A better digest that cannot be used does not count.
    expect(types([dsOf(1), dsOf(2, { algorithm: 250 })])).toEqual([1]);
    expect(types([dsOf(1), dsOf(3)])).toEqual([1]);
    expect(types([dsOf(1), dsOf(2, { digest: new Uint8Array(31) })])).toEqual([1]);
  });

  test('names what it lacks support for', () => {
    const unsupported = usableDs([dsOf(2, { algorithm: 1 }), dsOf(2, { algorithm: 250 }), dsOf(3)], policy);
    expect(unsupported).toEqual({ usable: [], algorithms: [1, 250], digests: [3], malformed: 0 });
    expect(usableDs([Uint8Array.of(1, 2, 13), dsOf(2, { digest: new Uint8Array(3) })], policy)).toMatchObject({
      usable: [],
      malformed: 2,
    });
  });

  test('loses SHA-1 altogether where the operator says so', () => {
    const strict = algorithmPolicy(crypto, { sha1: false, legacy: false });
    expect(usableDs([dsOf(1)], strict)).toMatchObject({ usable: [], digests: [1] });
    expect(strict.supports(ALGORITHM.RSASHA1)).toBe(false);
    expect(strict.supports(ALGORITHM['RSASHA1-NSEC3-SHA1'])).toBe(false);
    expect(strict.supports(ALGORITHM.RSASHA256)).toBe(true);
  });
});

describe('the policy', () => {
  test('supports what validators must, and neither RSAMD5 nor GOST nor DSA', () => {
    const policy = algorithmPolicy(crypto, DEFAULT_VALIDATE_OPTIONS.algorithms);
    for (const algorithm of [5, 7, 8, 10, 13, 14, 15, 16]) expect(policy.supports(algorithm)).toBe(true);
    for (const algorithm of [0, 1, 2, 3, 6, 12, 17, 23, 252, 253, 254, 255]) {
      expect(policy.supports(algorithm)).toBe(false);
    }
    for (const digest of [1, 2, 4]) expect(policy.supportsDigest(digest)).toBe(true);
    for (const digest of [0, 3, 5, 6]) expect(policy.supportsDigest(digest)).toBe(false);
  });

  test('takes DSA where the operator and the port both do', () => {
    const choices = { sha1: true, legacy: true };
    expect(algorithmPolicy(crypto, choices).supports(3)).toBe(false);
    expect(algorithmPolicy(createNodeCrypto({ legacy: true }), choices).supports(3)).toBe(true);
    expect(algorithmPolicy(createNodeCrypto({ legacy: true }), DEFAULT_VALIDATE_OPTIONS.algorithms).supports(3)).toBe(
      false,
    );
  });
});
