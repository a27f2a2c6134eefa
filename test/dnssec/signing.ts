/**
 * Fresh keys and signatures for tests, made with node:crypto: the signing side that the resolver does not have.
 * Not a test itself.
 */

import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { signedOwner } from '../../src/dnssec/signed-data.ts';
import { concatBytes, writeU16, writeU32 } from '../../src/wire/bytes.ts';
import { canonicalRecords } from '../../src/wire/canonical.ts';
import { type Name, toLowerCase } from '../../src/wire/name.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { keyTag } from '../../src/wire/rdata-dnskey.ts';
import { CLASS } from '../../src/wire/rr-type.ts';
import { packRRset, type RRset, rrsetOwner, rrsetType } from '../../src/wire/rrset.ts';
import { signedLabelCount } from '../../src/wire/signed-labels.ts';

/** A key pair in DNSSEC's forms. */
export interface SigningKey {
  readonly algorithm: number;
  /** Public key field of the DNSKEY. */
  readonly publicKey: Uint8Array;
  readonly rdata: Uint8Array;
  readonly keyTag: number;
  sign(data: Uint8Array): Uint8Array;
}

/** What of a key may differ from the usual. */
export interface KeyChoices {
  /** Default 257: zone key, secure entry point. */
  readonly flags?: number;
  /** Default 3. */
  readonly protocol?: number;
  /** RSA modulus, bits; default 1024, which is quick to make. */
  readonly rsaBits?: number;
}

const RSA_DIGEST: Readonly<Record<number, string>> = { 5: 'sha1', 7: 'sha1', 8: 'sha256', 10: 'sha512' };

/** Makes a key of that algorithm. */
export function makeKey(algorithm: number, choices: KeyChoices = {}): SigningKey {
  const { flags = 257, protocol = 3, rsaBits = 1024 } = choices;
  const made = makeKeyPair(algorithm, rsaBits);
  const rdata = concatBytes(Uint8Array.of(flags >>> 8, flags & 0xff, protocol, algorithm), made.publicKey);
  return { algorithm, rdata, keyTag: keyTag(rdata), ...made };
}

function makeKeyPair(algorithm: number, rsaBits: number): Pick<SigningKey, 'publicKey' | 'sign'> {
  const digest = RSA_DIGEST[algorithm];
  if (digest !== undefined) {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: rsaBits });
    const [n, e] = [jwkField(publicKey, 'n'), jwkField(publicKey, 'e')];
    const field = concatBytes(Uint8Array.of(e.length), e, n);
    return { publicKey: field, sign: (data) => octets(sign(digest, data, privateKey)) };
  }
  if (algorithm === 13 || algorithm === 14) {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: algorithm === 13 ? 'P-256' : 'P-384' });
    const key = { key: privateKey, dsaEncoding: 'ieee-p1363' } as const;
    return {
      publicKey: concatBytes(jwkField(publicKey, 'x'), jwkField(publicKey, 'y')),
      sign: (data) => octets(sign(algorithm === 13 ? 'sha256' : 'sha384', data, key)),
    };
  }
  if (algorithm === 15 || algorithm === 16) {
    // The overloads of generateKeyPairSync do not take a union.
    const pair = algorithm === 15 ? generateKeyPairSync('ed25519') : generateKeyPairSync('ed448');
    return {
      publicKey: jwkField(pair.publicKey, 'x'),
      sign: (data) => octets(sign(null, data, pair.privateKey)),
    };
  }
  throw new Error(`no test keys of algorithm ${algorithm}`);
}

function jwkField(key: KeyObject, field: 'n' | 'e' | 'x' | 'y'): Uint8Array {
  return octets(Buffer.from(key.export({ format: 'jwk' })[field] ?? '', 'base64url'));
}

function octets(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer);
}

/** What of a signature may differ from the usual. */
export interface SignatureChoices {
  readonly signer: Name;
  /** Unix seconds; default 2026-01-01. */
  readonly inception?: number;
  /** Unix seconds; default 2026-02-01. */
  readonly expiration?: number;
  readonly originalTtl?: number;
  /** Default: the owner's count. A smaller one signs as the wildcard. */
  readonly labels?: number;
  readonly typeCovered?: number;
  readonly keyTag?: number;
}

/** 2026-01-01 00:00:00 UTC. */
export const INCEPTION = 1_767_225_600;
/** 2026-02-01 00:00:00 UTC. */
export const EXPIRATION = 1_769_904_000;
/** In the middle of the two. */
export const NOW = 1_768_564_800;

/** RRSIG rdata over a set, right in itself whatever the fields say. */
export function signRRset(rrset: RRset, key: SigningKey, choices: SignatureChoices): Uint8Array {
  const owner = rrsetOwner(rrset);
  const labels = choices.labels ?? signedLabelCount(owner);
  const ttl = choices.originalTtl ?? 3600;
  const head = new Uint8Array(18);
  writeU16(head, 0, choices.typeCovered ?? rrsetType(rrset));
  head[2] = key.algorithm;
  head[3] = labels;
  writeU32(head, 4, ttl);
  writeU32(head, 8, choices.expiration ?? EXPIRATION);
  writeU32(head, 12, choices.inception ?? INCEPTION);
  writeU16(head, 16, choices.keyTag ?? key.keyTag);
  const prefix = concatBytes(head, choices.signer);
  const signed = concatBytes(head, toLowerCase(choices.signer));
  const records = canonicalRecords(rrset, signedOwner(owner, labels) ?? owner, ttl);
  return concatBytes(prefix, key.sign(concatBytes(signed, records)));
}

/** An RRset from parts in text and bytes. */
export function rrsetOf(owner: string, type: number, ...rdatas: readonly Uint8Array[]): RRset {
  return packRRset({ owner: mustParseName(owner), type, class: CLASS.IN, rdatas, signatures: [] });
}
