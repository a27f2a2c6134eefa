/**
 * One DNSKEY made ready for checks (RFC 4034 §2): its fields, its tag, its public key imported once.
 *
 * Leaves to others: whether the key is trusted (match-ds.ts and the chain), reading of rdata (wire/rdata-dnskey.ts).
 */

import type { Crypto, ImportedKey } from '../ports/crypto.ts';
import { readU8, readU16, writeU16 } from '../wire/bytes.ts';
import { DNSKEY_FLAG, DNSKEY_KEY_AT, DNSKEY_PROTOCOL, type Dnskey, keyTag, readDnskey } from '../wire/rdata-dnskey.ts';

/**
 * A DNSKEY with its imported form. Its rdata is not held as such: the octets of a P-256 key alone are few enough to lie inside of V8's
 * heap, which costs a tenth of what four more do.
 */
export interface ZoneKey extends Dnskey {
  readonly keyTag: number;
  /** Null when the algorithm is not supported or the octets are no key of it. */
  readonly imported: ImportedKey | null;
}

/** The key of a DNSKEY rdata; null when the rdata is malformed. Its octets are copied: keys outlive messages. */
export function zoneKeyOf(rdata: Uint8Array, crypto: Crypto): ZoneKey | null {
  const dnskey = readDnskey(rdata);
  if (dnskey === null) return null;
  const { flags, protocol, algorithm } = dnskey;
  const publicKey = new Uint8Array(dnskey.publicKey);
  return {
    flags,
    protocol,
    algorithm,
    publicKey,
    keyTag: keyTag(rdata),
    imported: crypto.importKey(algorithm, publicKey),
  };
}

/** What is known of a key that was made before; `isUsable`: the crypto library took it then. */
type KnownKey = Omit<ZoneKey, 'imported'> & { readonly isUsable: boolean };

/** The key made again, its octets copied. What the crypto library does with it waits until it is needed. */
export function zoneKeyAgain({ isUsable, ...known }: KnownKey, crypto: Crypto): ZoneKey {
  const publicKey = new Uint8Array(known.publicKey);
  return { ...known, publicKey, imported: isUsable ? crypto.importKey(known.algorithm, publicKey, true) : null };
}

/** The key's rdata, made anew. */
export function rdataOfKey({ flags, protocol, algorithm, publicKey }: Dnskey): Uint8Array {
  const rdata = new Uint8Array(DNSKEY_KEY_AT + publicKey.length);
  writeU16(rdata, 0, flags);
  rdata[2] = protocol;
  rdata[3] = algorithm;
  rdata.set(publicKey, DNSKEY_KEY_AT);
  return rdata;
}

/** True when the rdata is this key's. */
export function hasRdata({ flags, protocol, algorithm, publicKey }: Dnskey, rdata: Uint8Array): boolean {
  if (rdata.length !== DNSKEY_KEY_AT + publicKey.length) return false;
  if (readU16(rdata, 0) !== flags || rdata[2] !== protocol || rdata[3] !== algorithm) return false;
  for (let i = 0; i < publicKey.length; i++) if (rdata[DNSKEY_KEY_AT + i] !== publicKey[i]) return false;
  return true;
}

/**
 * At most so many keys of a DNSKEY set, or records of a DS set: those that are wanted in any case first (trust leads to them),
 * then the others in their order, so that a bound on work never drops the one that everything hangs on.
 */
export function wantedFirst<T>(all: readonly T[], isWanted: (one: T) => boolean, most: number): readonly T[] {
  if (all.length <= most) return all;
  const { true: wanted = [], false: others = [] } = Object.groupBy(all, (one) => (isWanted(one) ? 'true' : 'false'));
  return [...wanted, ...others].slice(0, most);
}

/** True when the key may sign zone data at all: zone key bit set, protocol 3 (RFC 4034 §2.1.1, §2.1.2). */
export function isZoneKey(key: Pick<ZoneKey, 'flags' | 'protocol'>): boolean {
  return (key.flags & DNSKEY_FLAG.ZONE) !== 0 && key.protocol === DNSKEY_PROTOCOL;
}

/**
 * The rdata with the zone key bit; null when it has that already, or is malformed. The bit counts into the tag (RFC 4034
 * appendix B), so a key that lost it is not found by the tag in its signatures and DS. Only for saying what is wrong: such a
 * key verifies nothing.
 */
export function withZoneKeyBit(rdata: Uint8Array): Uint8Array | null {
  const dnskey = readDnskey(rdata);
  if (dnskey === null || (dnskey.flags & DNSKEY_FLAG.ZONE) !== 0) return null;
  const whole = Uint8Array.from(rdata);
  writeU16(whole, 0, dnskey.flags | DNSKEY_FLAG.ZONE);
  return whole;
}

/** True when the key has that tag and algorithm but for its zone key bit. */
export function isKeyWithoutBit(rdata: Uint8Array, tag: number, algorithm: number): boolean {
  const whole = withZoneKeyBit(rdata);
  return whole !== null && readU8(whole, 3) === algorithm && keyTag(whole) === tag;
}

/** True when the key is revoked (RFC 5011 §2.1). */
export function isRevoked(key: Pick<ZoneKey, 'flags'>): boolean {
  return (key.flags & DNSKEY_FLAG.REVOKE) !== 0;
}
