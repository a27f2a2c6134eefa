/**
 * One DNSKEY made ready for checks (RFC 4034 §2): its fields, its tag, its public key imported once.
 *
 * Leaves to others: whether the key is trusted (match-ds.ts and the chain), reading of rdata (wire/rdata-dnskey.ts).
 */

import type { Crypto, ImportedKey } from '../ports/crypto.ts';
import { writeU16 } from '../wire/bytes.ts';
import { DNSKEY_FLAG, DNSKEY_PROTOCOL, keyTag, readDnskey } from '../wire/rdata-dnskey.ts';

/** A DNSKEY with its imported form. */
export interface ZoneKey {
  readonly rdata: Uint8Array;
  readonly flags: number;
  readonly protocol: number;
  readonly algorithm: number;
  readonly keyTag: number;
  /** Null when the algorithm is not supported or the octets are no key of it. */
  readonly imported: ImportedKey | null;
}

/** The key of a DNSKEY rdata; null when the rdata is malformed. The rdata is copied: keys outlive messages. */
export function zoneKeyOf(rdata: Uint8Array, crypto: Crypto): ZoneKey | null {
  return makeZoneKey(rdata, (algorithm, publicKey) => crypto.importKey(algorithm, publicKey));
}

/** The same for a key that was made before; `isUsable`: the crypto library took it then. What it does with it waits until it is needed. */
export function zoneKeyAgain(rdata: Uint8Array, isUsable: boolean, crypto: Crypto): ZoneKey | null {
  return makeZoneKey(rdata, (algorithm, publicKey) => (isUsable ? crypto.importKey(algorithm, publicKey, true) : null));
}

function makeZoneKey(rdata: Uint8Array, take: Crypto['importKey']): ZoneKey | null {
  const own = new Uint8Array(rdata);
  const dnskey = readDnskey(own);
  if (dnskey === null) return null;
  return {
    rdata: own,
    flags: dnskey.flags,
    protocol: dnskey.protocol,
    algorithm: dnskey.algorithm,
    keyTag: keyTag(own),
    imported: take(dnskey.algorithm, dnskey.publicKey),
  };
}

/**
 * At most so many rdatas of a DNSKEY set: those that are wanted in any case first (trust leads to them), then the others in
 * their order, so that a bound on work never drops the key that everything hangs on.
 */
export function wantedFirst(
  rdatas: readonly Uint8Array[],
  isWanted: (rdata: Uint8Array) => boolean,
  most: number,
): readonly Uint8Array[] {
  if (rdatas.length <= most) return rdatas;
  const { true: wanted = [], false: others = [] } = Object.groupBy(rdatas, (rdata) =>
    isWanted(rdata) ? 'true' : 'false',
  );
  return [...wanted, ...others].slice(0, most);
}

/** True when the key may sign zone data at all: zone key bit set, protocol 3 (RFC 4034 §2.1.1, §2.1.2). */
export function isZoneKey(key: Pick<ZoneKey, 'flags' | 'protocol'>): boolean {
  return (key.flags & DNSKEY_FLAG.ZONE) !== 0 && key.protocol === DNSKEY_PROTOCOL;
}

/**
 * The rdata with the zone key bit, when it lacks that and has the tag and algorithm with it; else null. The bit counts into
 * the tag (RFC 4034 appendix B), so a key that lost it is not found by the tag in its signatures and DS. Only for saying
 * what is wrong: such a key verifies nothing.
 */
export function withZoneKeyBit(rdata: Uint8Array, tag: number, algorithm: number): Uint8Array | null {
  const dnskey = readDnskey(rdata);
  if (dnskey === null || dnskey.algorithm !== algorithm || (dnskey.flags & DNSKEY_FLAG.ZONE) !== 0) return null;
  const whole = Uint8Array.from(rdata);
  writeU16(whole, 0, dnskey.flags | DNSKEY_FLAG.ZONE);
  return keyTag(whole) === tag ? whole : null;
}

/** True when the key is revoked (RFC 5011 §2.1). */
export function isRevoked(key: Pick<ZoneKey, 'flags'>): boolean {
  return (key.flags & DNSKEY_FLAG.REVOKE) !== 0;
}
