/**
 * Proves that both crypto adapters keep the promises of the port, that they agree on good, spoilt and hostile input, and
 * that the programs' port falls back where the platform refuses.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCrypto } from '../../src/adapters/crypto.ts';
import { KNOWN_ANSWER_TEXT, KNOWN_ANSWERS } from '../../src/adapters/crypto-known-answers.ts';
import { createNodeCrypto, MAX_LOADED_KEYS, NOT_POOLED } from '../../src/adapters/node-crypto.ts';
import { OpensslP256 } from '../../src/adapters/openssl-p256.ts';
import { createPortableCrypto } from '../../src/adapters/portable-crypto.ts';
import type { Crypto, DigestKind } from '../../src/ports/crypto.ts';
import { concatBytes, toHex } from '../../src/wire/bytes.ts';
import { makeKey } from '../dnssec/signing.ts';

const p256 = OpensslP256.open();

/** The node adapter with P-256 by OpenSSL's own functions. */
function createDirectCrypto(options?: { legacy: boolean }): Crypto {
  const node = createNodeCrypto(options);
  if (typeof p256 === 'string') return node;
  return {
    ...node,
    importKey: (algorithm, publicKey, wasTaken) =>
      (p256.supports(algorithm) ? p256 : node).importKey(algorithm, publicKey, wasTaken),
    verify: (key, data, signature) => (p256.supports(key.algorithm) ? p256 : node).verify(key, data, signature),
  };
}

const SIDES: readonly [string, (options?: { legacy: boolean }) => Crypto][] = [
  ['node', createNodeCrypto],
  ['portable', createPortableCrypto],
  ...(typeof p256 === 'string' ? [] : [['direct', createDirectCrypto] as const]).map(
    ([name, make]): [string, (options?: { legacy: boolean }) => Crypto] => [name, make],
  ),
];
const ALGORITHMS = [5, 7, 8, 10, 13, 14, 15, 16];
const text = new Uint8Array(Buffer.from(KNOWN_ANSWER_TEXT));

function bytesFromBase64(value: string): Uint8Array {
  return new Uint8Array(Buffer.from(value, 'base64'));
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ (1 << (at % 8));
  return copy;
}

function firstOctetKind(octet: number): 'zero' | 'low' | 'high' {
  return octet === 0 ? 'zero' : octet < 128 ? 'low' : 'high';
}

function rsaField(exponent: Uint8Array, modulus: Uint8Array): Uint8Array {
  return exponent.length < 256
    ? concatBytes(Uint8Array.of(exponent.length), exponent, modulus)
    : concatBytes(Uint8Array.of(0, exponent.length >>> 8, exponent.length & 255), exponent, modulus);
}

describe.each(SIDES)('the %s adapter', (_, make) => {
  test.each([...KNOWN_ANSWERS])(
    'verifies the known answer of algorithm $algorithm and no spoilt one',
    async (known) => {
      const crypto = make({ legacy: true });
      const key = crypto.importKey(known.algorithm, bytesFromBase64(known.publicKey));
      const signature = bytesFromBase64(known.signature);
      if (key === null) throw new Error('the key was refused');
      expect(crypto.supports(known.algorithm)).toBe(true);
      expect(key.algorithm).toBe(known.algorithm);
      expect(await crypto.verify(key, text, signature)).toBe(true);
      expect(await crypto.verify(key, flipped(text, 3), signature)).toBe(false);
      expect(await crypto.verify(key, text, flipped(signature, signature.length - 1))).toBe(false);
      expect(await crypto.verify(key, text, signature.subarray(1))).toBe(false);
      expect(await crypto.verify(key, text, concatBytes(signature, Uint8Array.of(0)))).toBe(false);
      expect(await crypto.verify(key, text, new Uint8Array(signature.length))).toBe(false);
      expect(await crypto.verify(key, text, new Uint8Array())).toBe(false);
    },
  );

  test('answers at once for cheap algorithms, and never takes a key that it does not support', () => {
    const crypto = make();
    for (const algorithm of [5, 7, 8, 10, 13, 15]) {
      const known = KNOWN_ANSWERS.find((answer) => answer.algorithm === algorithm);
      const key = crypto.importKey(algorithm, bytesFromBase64(known?.publicKey ?? ''));
      expect(key && crypto.verify(key, text, bytesFromBase64(known?.signature ?? ''))).toBe(true);
    }
    for (const algorithm of [0, 1, 2, 3, 4, 6, 9, 11, 12, 17, 23, 252, 253, 254, 255]) {
      expect(crypto.supports(algorithm)).toBe(false);
      for (const known of KNOWN_ANSWERS) {
        expect(crypto.importKey(algorithm, bytesFromBase64(known.publicKey))).toBeNull();
      }
    }
  });

  test('does DSA and short RSA only when told so, and RSAMD5 never', () => {
    const dsa = KNOWN_ANSWERS.find((answer) => answer.algorithm === 3);
    const short = makeKey(8, { rsaBits: 512 });
    expect(make().importKey(3, bytesFromBase64(dsa?.publicKey ?? ''))).toBeNull();
    expect(make({ legacy: true }).importKey(3, bytesFromBase64(dsa?.publicKey ?? ''))?.bits).toBe(1024);
    expect(make().importKey(8, short.publicKey)).toBeNull();
    const key = make({ legacy: true }).importKey(8, short.publicKey);
    expect(key?.bits).toBe(512);
    expect(key && make({ legacy: true }).verify(key, text, short.sign(text))).toBe(true);
    expect(make({ legacy: true }).supports(1)).toBe(false);
    expect(make({ legacy: true }).importKey(1, short.publicKey)).toBeNull();
  });

  test('takes DSA signatures in both forms of the time, and no malformed one', () => {
    const known = KNOWN_ANSWERS.find((answer) => answer.algorithm === 3);
    const crypto = make({ legacy: true });
    const key = crypto.importKey(3, bytesFromBase64(known?.publicKey ?? ''));
    const signature = bytesFromBase64(known?.signature ?? '');
    if (key === null) throw new Error('the key was refused');
    const integer = (half: Uint8Array) => {
      const value = (half[0] ?? 0) > 127 ? concatBytes(Uint8Array.of(0), half) : half;
      return concatBytes(Uint8Array.of(2, value.length), value);
    };
    const content = concatBytes(integer(signature.subarray(1, 21)), integer(signature.subarray(21)));
    const der = concatBytes(Uint8Array.of(0x30, content.length), content);
    expect(crypto.verify(key, text, der)).toBe(true);
    expect(crypto.verify(key, text, concatBytes(Uint8Array.of(9), signature.subarray(1)))).toBe(false);
    for (let length = 0; length < der.length; length++)
      expect(crypto.verify(key, text, der.subarray(0, length))).toBe(false);
    for (let at = 0; at < der.length; at++) expect(crypto.verify(key, text, flipped(der, at))).toBe(false);
  });

  test('keeps RSA keys within bounds (RFC 3110 §2)', () => {
    const crypto = make();
    const odd = (length: number) => new Uint8Array(length).fill(0xc5);
    const three = Uint8Array.of(3);
    const bits = (field: Uint8Array) => crypto.importKey(8, field)?.bits ?? null;
    expect(bits(rsaField(three, odd(128)))).toBe(1024);
    expect(bits(rsaField(three, odd(127)))).toBeNull();
    expect(bits(rsaField(three, odd(512)))).toBe(4096);
    expect(bits(rsaField(three, odd(513)))).toBeNull();
    expect(bits(rsaField(Uint8Array.of(1), odd(128)))).toBeNull();
    expect(bits(rsaField(Uint8Array.of(4), odd(128)))).toBeNull();
    expect(bits(rsaField(Uint8Array.of(0), odd(128)))).toBeNull();
    expect(bits(rsaField(Uint8Array.of(), odd(128)))).toBeNull();
    expect(bits(rsaField(odd(8), odd(128)))).toBe(1024);
    expect(bits(rsaField(odd(9), odd(128)))).toBeNull();
    expect(bits(rsaField(odd(300), odd(128)))).toBeNull();
    expect(bits(rsaField(three, new Uint8Array(128).fill(0xc4)))).toBeNull();
    // Leading zeros are prohibited, harmless, and in use.
    expect(bits(rsaField(Uint8Array.of(0, 3), concatBytes(Uint8Array.of(0), odd(128))))).toBe(1024);
    // Three-octet form of the exponent's length.
    expect(bits(concatBytes(Uint8Array.of(0, 0, 1, 3), odd(128)))).toBe(1024);
    expect(bits(Uint8Array.of(0, 1))).toBeNull();
    expect(bits(Uint8Array.of())).toBeNull();
  });

  test('takes RSA keys of every length within the bounds', () => {
    const crypto = make();
    for (let octets = 128; octets <= 512; octets++) {
      const field = rsaField(Uint8Array.of(1, 0, 1), new Uint8Array(octets).fill(0xc5));
      expect(crypto.importKey(8, field)?.bits, `${octets} octets`).toBe(octets * 8);
    }
  });

  test('takes ECDSA signatures whatever octets their numbers begin with', async () => {
    const crypto = make();
    const { publicKey, sign } = makeKey(13);
    const key = crypto.importKey(13, publicKey);
    const seen = new Set<string>();
    // One number in 256 begins with a zero octet, every second one with a set top bit.
    for (let tries = 0; key !== null && tries < 20_000 && seen.size < 6; tries++) {
      const signature = sign(text);
      const kinds = [0, 32].map((at) => `${at} ${firstOctetKind(signature[at] ?? 0)}`);
      if (kinds.every((kind) => seen.has(kind))) continue;
      for (const kind of kinds) seen.add(kind);
      expect(await crypto.verify(key, text, signature), kinds.join()).toBe(true);
    }
    expect(seen.size).toBe(6);
  });

  test('verifies with a key that was taken before, and with no other one', async () => {
    const crypto = make();
    const { publicKey, sign } = makeKey(13);
    const signature = sign(text);
    for (const wasTaken of [false, true, true]) {
      const key = crypto.importKey(13, Uint8Array.from(publicKey), wasTaken);
      expect(key !== null && (await crypto.verify(key, text, signature))).toBe(true);
      expect(key?.bits).toBe(256);
    }
    const other = crypto.importKey(13, makeKey(13).publicKey, true);
    expect(other !== null && (await crypto.verify(other, text, signature))).toBe(false);
    // What is no point of the curve is found out when it has something to verify.
    const spoilt = crypto.importKey(13, flipped(publicKey, 40), true);
    expect(spoilt !== null && (await crypto.verify(spoilt, text, signature))).toBe(false);
  });

  test('takes only curve points of the right length that lie on the curve', () => {
    const crypto = make();
    for (const algorithm of [13, 14, 15, 16]) {
      const key = makeKey(algorithm);
      expect(crypto.importKey(algorithm, key.publicKey)).not.toBeNull();
      expect(crypto.importKey(algorithm, key.publicKey.subarray(1))).toBeNull();
      expect(crypto.importKey(algorithm, concatBytes(Uint8Array.of(4), key.publicKey))).toBeNull();
    }
    expect(crypto.importKey(13, flipped(makeKey(13).publicKey, 40))).toBeNull();
    expect(crypto.importKey(14, new Uint8Array(96))).toBeNull();
  });

  test('computes digests', () => {
    const crypto = make();
    const abc = new Uint8Array(Buffer.from('abc'));
    // FIPS 180-4 example values of "abc".
    expect(toHex(crypto.digest('sha1', abc))).toBe('a9993e364706816aba3e25717850c26c9cd0d89d');
    expect(toHex(crypto.digest('sha256', abc))).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
    expect(toHex(crypto.digest('sha384', abc))).toMatch(/^cb00753f45a35e8bb5a03d699ac65007272c32ab0eded163/);
    expect(toHex(crypto.digest('sha512', abc))).toMatch(/^ddaf35a193617abacc417349ae20413112e6fa4e89a97ea2/);
  });
});

describe('the node adapter', () => {
  test('keeps no more keys loaded than it may, and verifies with all of them', async () => {
    const crypto = createNodeCrypto({ legacy: true }, 2);
    const all = KNOWN_ANSWERS.map((known) => {
      const key = crypto.importKey(known.algorithm, bytesFromBase64(known.publicKey));
      if (key === null) throw new Error('the key was refused');
      return { key, signature: bytesFromBase64(known.signature) };
    });
    const loaded = () => all.filter(({ key }) => (key.handle as { loaded: unknown }).loaded !== null).length;
    expect(all.length).toBeGreaterThan(4);
    expect(loaded()).toBe(2);
    for (let round = 0; round < 2; round++) {
      for (const { key, signature } of all) {
        expect(await crypto.verify(key, text, signature)).toBe(true);
        expect(await crypto.verify(key, flipped(text, 1), signature)).toBe(false);
        expect(loaded()).toBe(2);
      }
    }
  });

  test('keeps the key that is used again and again', () => {
    const crypto = createNodeCrypto({}, 2);
    const known = KNOWN_ANSWERS.find(({ algorithm }) => algorithm === 13);
    const field = bytesFromBase64(known?.publicKey ?? '');
    const often = crypto.importKey(13, field);
    if (often === null || known === undefined) throw new Error('the key was refused');
    const first = (often.handle as { loaded: unknown }).loaded;
    for (let n = 0; n < 10; n++) {
      crypto.importKey(13, field);
      expect(crypto.verify(often, text, bytesFromBase64(known.signature))).toBe(true);
      expect((often.handle as { loaded: unknown }).loaded).toBe(first);
    }
  });
});

describe('both adapters', () => {
  const node = createNodeCrypto({ legacy: true });
  const portable = createPortableCrypto({ legacy: true });

  test.each(ALGORITHMS)('agree on good and spoilt signatures of algorithm %i', async (algorithm) => {
    const key = makeKey(algorithm);
    const [a, b] = [node.importKey(algorithm, key.publicKey), portable.importKey(algorithm, key.publicKey)];
    if (a === null || b === null) throw new Error('the key was refused');
    expect(a.bits).toBe(b.bits);
    const property = fc.asyncProperty(
      fc.uint8Array({ maxLength: 80 }),
      fc.option(fc.nat(), { freq: 1 }),
      async (data, spoilAt) => {
        const good = key.sign(data);
        const signature = spoilAt === null ? good : flipped(good, spoilAt % good.length);
        const answer = await node.verify(a, data, signature);
        expect(answer).toBe(spoilAt === null);
        expect(await portable.verify(b, data, signature)).toBe(answer);
      },
    );
    await fc.assert(property, { numRuns: algorithm === 14 ? 15 : 30, seed: 20260101 + algorithm });
  });

  test('agree on which keys of random octets they take, and never throw', async () => {
    const property = fc.asyncProperty(
      fc.constantFrom(3, 5, 6, 7, 8, 10, 13, 14, 15, 16),
      fc.oneof(
        fc.uint8Array({ maxLength: 200 }),
        fc
          .constantFrom(32, 57, 64, 96, 213, 405)
          .chain((length) => fc.uint8Array({ minLength: length, maxLength: length })),
      ),
      fc.uint8Array({ maxLength: 130 }),
      async (algorithm, publicKey, signature) => {
        const [a, b] = [node.importKey(algorithm, publicKey), portable.importKey(algorithm, publicKey)];
        expect(a?.bits).toBe(b?.bits);
        if (a === null || b === null) return;
        expect(await node.verify(a, publicKey, signature)).toBe(false);
        expect(await portable.verify(b, publicKey, signature)).toBe(false);
      },
    );
    await fc.assert(property, { numRuns: 400, seed: 20260102 });
  });

  test('refuse signatures with a half that is zero, the order or above', async () => {
    const order = 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551';
    const key = makeKey(13);
    const good = key.sign(text);
    const bad = [new Uint8Array(32), new Uint8Array(Buffer.from(order, 'hex')), new Uint8Array(32).fill(255)];
    for (const side of [node, portable]) {
      const imported = side.importKey(13, key.publicKey);
      if (imported === null) throw new Error('the key was refused');
      for (const half of bad) {
        expect(await side.verify(imported, text, concatBytes(half, good.subarray(32)))).toBe(false);
        expect(await side.verify(imported, text, concatBytes(good.subarray(0, 32), half))).toBe(false);
      }
    }
  });

  test('refuse an RSA signature that is not below the modulus', async () => {
    const key = makeKey(8);
    for (const side of [node, portable]) {
      const imported = side.importKey(8, key.publicKey);
      if (imported === null) throw new Error('the key was refused');
      expect(await side.verify(imported, text, new Uint8Array(128).fill(255))).toBe(false);
    }
  });
});

describe('the port of the programs', () => {
  const options = { legacy: true };

  test('uses the platform for everything where it passes, and says nothing', async () => {
    const lines: string[] = [];
    const crypto = await createCrypto((line) => lines.push(line), options);
    expect(crypto.portableAlgorithms).toEqual([]);
    expect(crypto.portableDigests).toEqual([]);
    expect(lines).toEqual([]);
  });

  test('has checks of dear algorithms without the thread pool for its self-test, which a start would wait for', async () => {
    const key = makeKey(14);
    const answers = [createNodeCrypto(), createNodeCrypto({}, MAX_LOADED_KEYS, NOT_POOLED)].map((crypto) => {
      const imported = crypto.importKey(14, key.publicKey);
      return imported && crypto.verify(imported, text, key.sign(text));
    });
    expect(answers[0]).toBeInstanceOf(Promise);
    expect(await answers[0]).toBe(true);
    expect(answers[1]).toBe(true);
  });

  test('does not load portable code where the platform passes', async () => {
    let loads = 0;
    const portable = async (): Promise<Crypto> => {
      loads++;
      return createPortableCrypto(options);
    };
    const crypto = await createCrypto(() => {}, options, { platform: createNodeCrypto(options), portable });
    expect(loads).toBe(0);
    expect(crypto.supports(13)).toBe(true);
    expect(crypto.supports(200)).toBe(false);
  });

  test('uses portable code for what the platform refuses, and says so', async () => {
    const real = createNodeCrypto(options);
    // As a platform under a policy without SHA-1 and built without Ed448 behaves.
    const platform: Crypto = {
      ...real,
      importKey: (algorithm, publicKey) => (algorithm === 16 ? null : real.importKey(algorithm, publicKey)),
      verify: (key, data, signature) => ![5, 7].includes(key.algorithm) && real.verify(key, data, signature),
      digest: (kind: DigestKind, data) => {
        if (kind === 'sha1') throw new Error('digital envelope routines::unsupported');
        return real.digest(kind, data);
      },
    };
    const lines: string[] = [];
    const sides = { platform, portable: async () => createPortableCrypto(options) };
    const crypto = await createCrypto((line) => lines.push(line), options, sides);
    expect([...crypto.portableAlgorithms].sort((a, b) => a - b)).toEqual([5, 7, 16]);
    expect(crypto.portableDigests).toEqual(['sha1']);
    expect(lines).toHaveLength(4);
    for (const algorithm of ALGORITHMS) {
      const key = makeKey(algorithm);
      const imported = crypto.importKey(algorithm, key.publicKey);
      expect(imported && (await crypto.verify(imported, text, key.sign(text)))).toBe(true);
    }
    expect(toHex(crypto.digest('sha1', text))).toBe(toHex(real.digest('sha1', text)));
  });

  test('does not trust a platform that says yes to everything', async () => {
    const real = createNodeCrypto(options);
    const platform: Crypto = { ...real, verify: () => true };
    const crypto = await createCrypto(() => {}, options, {
      platform,
      portable: async () => createPortableCrypto(options),
    });
    expect(crypto.portableAlgorithms).toHaveLength(10);
  });
});
