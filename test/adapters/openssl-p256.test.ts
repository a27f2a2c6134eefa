/**
 * Proves that OpenSSL's functions are relied on for P-256 only where they have shown that they work, that they are only called on memory
 * that is held, that nothing is made for a key, and that their word on keys and signatures, good and hostile, is the same as
 * that of node:crypto and of portable code.
 */

import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { createCrypto } from '../../src/adapters/crypto.ts';
import { chooseCryptoEngine } from '../../src/adapters/crypto-engine.ts';
import { createNodeCrypto } from '../../src/adapters/node-crypto.ts';
import { OpensslP256, type SignatureCrypto } from '../../src/adapters/openssl-p256.ts';
import { createPortableCrypto } from '../../src/adapters/portable-crypto.ts';
import { bindOpensslCalls, type OpensslCalls } from '../../src/adapters/system-calls.ts';
import type { ImportedKey } from '../../src/ports/crypto.ts';
import { concatBytes } from '../../src/wire/bytes.ts';
import { makeKey } from '../dnssec/signing.ts';
import { CheckedOpenssl } from './checked-openssl.ts';

const P256 = 13;
const text = new TextEncoder().encode('signed data');
const calls = bindOpensslCalls();

describe('the engine for P-256', () => {
  test('is node:crypto where there are no calls', async () => {
    const missing = (): string => 'none here';
    expect(await chooseCryptoEngine('auto', missing)).toEqual({
      engine: null,
      text: 'P-256 signatures through node:crypto: none here',
      isRefused: false,
    });
    expect((await chooseCryptoEngine('ffi', missing)).isRefused).toBe(true);
    const node = await chooseCryptoEngine('node', () => {
      throw new Error('was opened');
    });
    expect(node).toEqual({ engine: null, text: 'P-256 signatures through node:crypto', isRefused: false });
  });
});

describe.skipIf(typeof calls === 'string')('the engine for P-256, with calls', () => {
  const checked = (): CheckedOpenssl => new CheckedOpenssl(calls as OpensslCalls);

  function open(guard: CheckedOpenssl): OpensslP256 {
    const opened = OpensslP256.open(() => guard);
    if (typeof opened === 'string') throw new Error(opened);
    return opened;
  }

  test('is the calls, tried on known answers, and does the algorithm in place of the platform', async () => {
    const guard = checked();
    const chosen = await chooseCryptoEngine('auto', () => OpensslP256.open(() => guard));
    expect(chosen.text).toBe(`P-256 signatures through OpenSSL's functions by ${guard.by}`);
    expect([guard.faults, guard.hasErrors]).toEqual([[], false]);
    const platform = createNodeCrypto();
    const crypto = await createCrypto(() => {}, {}, { engine: chosen.engine, platform });
    const { publicKey, sign } = makeKey(P256);
    const key = crypto.importKey(P256, publicKey);
    expect(key?.handle).toBe(publicKey);
    expect(key && crypto.verify(key, text, sign(text))).toBe(true);
    expect([crypto.supports(P256), crypto.supports(8), crypto.supports(1)]).toEqual([true, true, false]);
    const rsa = makeKey(8);
    const other = crypto.importKey(8, rsa.publicKey);
    expect(other && crypto.verify(other, text, rsa.sign(text))).toBe(true);
  });

  test.each([['EC_KEY_new_by_curve_name'], ['EVP_MD_fetch']] as const)(
    'is node:crypto when %s gives NULL',
    async (call) => {
      const guard = checked();
      guard.answers.push({ call, result: 0 });
      const chosen = await chooseCryptoEngine('auto', () => OpensslP256.open(() => guard));
      expect(chosen.engine).toBeNull();
      expect(chosen.text).toBe('P-256 signatures through node:crypto: OpenSSL does not have P-256 or SHA-256');
      expect([guard.faults, guard.hasErrors]).toEqual([[], false]);
    },
  );

  test('is node:crypto when the calls say yes to everything, or no', async () => {
    const yes: SignatureCrypto = {
      supports: () => true,
      importKey: (algorithm) => ({ algorithm, bits: 256, handle: 0 }),
      verify: () => true,
    };
    for (const wrong of [yes, { ...yes, verify: () => false }, { ...yes, importKey: () => null }]) {
      const chosen = await chooseCryptoEngine('ffi', () => ({ ...wrong, by: 'koffi' }));
      expect([chosen.engine, chosen.isRefused]).toEqual([null, true]);
      expect(chosen.text).toContain('did not pass their self-test');
    }
  });

  test('is node:crypto when a point that is not on the curve is taken, or zeros are', async () => {
    const real = open(checked());
    const takesAny: SignatureCrypto = {
      supports: () => true,
      importKey: (algorithm, publicKey) => real.importKey(algorithm, publicKey, true),
      verify: (...given) => real.verify(...given),
    };
    const offCurve = await chooseCryptoEngine('ffi', () => ({ ...takesAny, by: 'koffi' }));
    expect(offCurve.text).toContain('took a key that is none');
    const takesZeros: SignatureCrypto = {
      supports: () => true,
      importKey: (...given) => real.importKey(...given),
      verify: (key, data, signature) => signature.every((octet) => octet === 0) || real.verify(key, data, signature),
    };
    const zeros = await chooseCryptoEngine('ffi', () => ({ ...takesZeros, by: 'koffi' }));
    expect(zeros.text).toContain('took a signature that is none');
    expect([offCurve.engine, zeros.engine]).toEqual([null, null]);
  });

  test.each([0, -1, 2, -2_147_483_648])('takes the result %i of a check, a digest or a point for no', (result) => {
    const guard = checked();
    const p256 = open(guard);
    const { publicKey, sign } = makeKey(P256);
    const key = p256.importKey(P256, publicKey);
    if (key === null) throw new Error('the key was refused');
    const signature = sign(text);
    for (const call of ['ECDSA_verify', 'EVP_Digest', 'EC_KEY_oct2key'] as const) {
      // Else OpenSSL's key has the point already.
      expect(p256.importKey(P256, makeKey(P256).publicKey)).not.toBeNull();
      guard.answers.push({ call, result });
      expect(p256.verify(key, text, signature), call).toBe(false);
      expect(guard.hasErrors).toBe(false);
      expect(p256.verify(key, text, signature)).toBe(true);
    }
    guard.answers.push({ call: 'EC_KEY_oct2key', result });
    expect(p256.importKey(P256, makeKey(P256).publicKey)).toBeNull();
    expect([guard.faults, guard.hasErrors]).toEqual([[], false]);
  });

  test('makes two things of OpenSSL in all, however many keys there are', () => {
    const guard = checked();
    const p256 = open(guard);
    const keys = Array.from({ length: 200 }, () => {
      const { publicKey, sign } = makeKey(P256);
      const key = p256.importKey(P256, publicKey);
      if (key === null) throw new Error('the key was refused');
      return { key, signature: sign(text) };
    });
    for (const { key, signature } of keys) {
      expect(p256.verify(key, text, signature)).toBe(true);
      expect(p256.importKey(P256, new Uint8Array(64))).toBeNull();
    }
    keys.forEach(({ key }, i) => {
      expect(p256.verify(key, text, keys[(i + 1) % keys.length]?.signature ?? text)).toBe(false);
    });
    expect(guard.made).toHaveLength(2);
    expect([guard.faults, guard.hasErrors]).toEqual([[], false]);
  });

  test('gives OpenSSL a point once for a key that is taken and checked with, and anew after any other key', () => {
    const guard = checked();
    const p256 = open(guard);
    const points = vi.spyOn(guard, 'EC_KEY_oct2key');
    const [one, other] = [makeKey(P256), makeKey(P256)];
    const take = ({ publicKey }: typeof one): ImportedKey => {
      const key = p256.importKey(P256, publicKey);
      if (key === null) throw new Error('the key was refused');
      return key;
    };
    const key = take(one);
    for (let i = 0; i < 3; i++) expect(p256.verify(key, text, one.sign(text))).toBe(true);
    expect(points).toHaveBeenCalledTimes(1);
    const second = take(other);
    expect(p256.verify(key, text, other.sign(text))).toBe(false);
    expect(p256.verify(key, text, one.sign(text))).toBe(true);
    expect(p256.verify(second, text, one.sign(text))).toBe(false);
    expect(p256.verify(second, text, other.sign(text))).toBe(true);
    expect(points).toHaveBeenCalledTimes(4);
    // A point that is refused may be half of what is there.
    expect(p256.importKey(P256, new Uint8Array(64))).toBeNull();
    expect(p256.verify(second, text, other.sign(text))).toBe(true);
    expect(points).toHaveBeenCalledTimes(6);
    expect([guard.faults, guard.hasErrors]).toEqual([[], false]);
  });

  test.each([0, 1, 63, 64, 65, 8_191, 8_192, 8_193, 70_000])('verifies %i octets of data', (length) => {
    const guard = checked();
    const p256 = open(guard);
    const { publicKey, sign } = makeKey(P256);
    const key = p256.importKey(P256, publicKey);
    const data = Uint8Array.from({ length }, (_, i) => i * 7);
    const signature = sign(data);
    expect(key && p256.verify(key, data, signature)).toBe(true);
    expect(key && p256.verify(key, concatBytes(data, Uint8Array.of(0)), signature)).toBe(false);
    expect(guard.faults).toEqual([]);
  });

  test('takes no key or signature of another length, and no key that it did not take itself', () => {
    const guard = checked();
    const p256 = open(guard);
    const { publicKey, sign } = makeKey(P256);
    const signature = sign(text);
    for (const length of [0, 1, 63, 65, 96, 128, 70_000]) {
      const other = new Uint8Array(length);
      other.set(publicKey.subarray(0, length));
      for (const wasTaken of [false, true]) expect(p256.importKey(P256, other, wasTaken)).toBeNull();
      const key = { algorithm: P256, bits: 256, handle: other };
      expect(p256.verify(key, text, signature)).toBe(false);
      const long = new Uint8Array(length);
      long.set(signature.subarray(0, length));
      expect(p256.verify({ ...key, handle: publicKey }, text, long)).toBe(false);
    }
    expect(p256.importKey(14, publicKey)).toBeNull();
    expect(p256.verify({ algorithm: P256, bits: 256, handle: 1n }, text, signature)).toBe(false);
    expect(guard.faults).toEqual([]);
  });

  describe('agrees with node:crypto and portable code', () => {
    const guard = checked();
    const p256 = open(guard);
    const sides: readonly SignatureCrypto[] = [p256, createNodeCrypto(), createPortableCrypto()];

    /** What each side says: of the key taken now, and of one that is said to have been taken before. */
    function verdicts(publicKey: Uint8Array, data: Uint8Array, signature: Uint8Array): readonly unknown[] {
      return sides.map((side) =>
        [false, true].map((wasTaken) => {
          const key = side.importKey(P256, Uint8Array.from(publicKey), wasTaken);
          return key !== null && side.verify(key, data, signature);
        }),
      );
    }

    const prime = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
    const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
    const number = (value: bigint): Uint8Array =>
      new Uint8Array(Buffer.from((value % (1n << 256n)).toString(16).padStart(64, '0'), 'hex'));
    const numbers = [
      0n,
      1n,
      2n,
      0x7fn,
      0x80n,
      0xffn,
      order / 2n,
      order - 1n,
      order,
      order + 1n,
      prime - 1n,
      prime,
      prime + 1n,
      1n << 255n,
      (1n << 256n) - 1n,
    ].map(number);

    test('on signatures of numbers at every border', () => {
      const { publicKey, sign } = makeKey(P256);
      const good = sign(text);
      expect(verdicts(publicKey, text, good)).toEqual(sides.map(() => [true, true]));
      for (const r of [...numbers, good.subarray(0, 32)]) {
        for (const s of [...numbers, good.subarray(32)]) {
          const isGood =
            r === undefined ||
            (r.length === 32 && s.length === 32 && concatBytes(r, s).every((one, i) => one === good[i]));
          expect(verdicts(publicKey, text, concatBytes(r, s))).toEqual(sides.map(() => [isGood, isGood]));
        }
      }
    });

    test('on both signatures that one check takes: s and the order without s', () => {
      const { publicKey, sign } = makeKey(P256);
      const good = sign(text);
      const s = BigInt(`0x${Buffer.from(good.subarray(32)).toString('hex')}`);
      expect(verdicts(publicKey, text, concatBytes(good.subarray(0, 32), number(order - s)))).toEqual(
        sides.map(() => [true, true]),
      );
    });

    test('on keys of coordinates at every border', () => {
      const { publicKey, sign } = makeKey(P256);
      const good = sign(text);
      for (const x of [...numbers, publicKey.subarray(0, 32)]) {
        for (const y of [...numbers, publicKey.subarray(32)]) {
          const [direct, node, portable] = verdicts(concatBytes(x, y), text, good);
          expect(direct).toEqual(node);
          expect(direct).toEqual(portable);
        }
      }
    });

    test('on the other point with the same x', () => {
      const { publicKey, sign } = makeKey(P256);
      const y = BigInt(`0x${Buffer.from(publicKey.subarray(32)).toString('hex')}`);
      const mirrored = concatBytes(publicKey.subarray(0, 32), number(prime - y));
      expect(verdicts(mirrored, text, sign(text))).toEqual(sides.map(() => [false, false]));
      expect(sides.map((side) => side.importKey(P256, mirrored) !== null)).toEqual([true, true, true]);
    });

    test('on changed keys, data and signatures', () => {
      const signers = Array.from({ length: 8 }, () => makeKey(P256));
      const change = fc.record({
        what: fc.constantFrom('key', 'data', 'signature', 'nothing'),
        at: fc.nat(511),
        how: fc.constantFrom('flip', 'zero', 'ones'),
      });
      const property = fc.property(
        fc.nat(7),
        fc.uint8Array({ maxLength: 120 }),
        fc.array(change, { maxLength: 3 }),
        (which, data, changes) => {
          const { publicKey, sign } = signers[which] ?? makeKey(P256);
          const parts = {
            key: Uint8Array.from(publicKey),
            data: Uint8Array.from(data),
            signature: sign(data),
            nothing: new Uint8Array(1),
          };
          for (const { what, at, how } of changes) {
            const part = parts[what];
            const octet = at % Math.max(1, part.length);
            if (part.length > 0)
              part[octet] = how === 'zero' ? 0 : how === 'ones' ? 255 : (part[octet] ?? 0) ^ (1 << (at % 8));
          }
          const [direct, node, portable] = verdicts(parts.key, parts.data, parts.signature);
          expect(direct).toEqual(node);
          expect(direct).toEqual(portable);
        },
      );
      fc.assert(property, { numRuns: 300, seed: 20261130 });
      expect([guard.faults, guard.hasErrors, guard.made.length]).toEqual([[], false, 2]);
    });
  });
});
