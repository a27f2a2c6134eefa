/**
 * What we may believe about zones: their validated keys, or why there are none. Bogus and insecure zones are kept too, so
 * that they are not walked to for every question.
 *
 * Duties: absolute expiry, the deepest known zone above a name, the bound in octets. States are octets outside of V8's heap; some
 * are at hand as objects, keys made ready.
 * Leaves to others: making these states (validate), what a key is, which are at hand (zones-at-hand.ts).
 */

import type { Clock } from '../ports/clock.ts';
import type { Random } from '../ports/random.ts';
import { labelAfter, type Name, nameKey, nameKeyFrom } from '../wire/name.ts';
import { sizeOfName } from './heap-size.ts';
import { KeyHash } from './key-hash.ts';
import { PackedMap } from './packed-map.ts';
import { type KeptStatus, NO_TYPE, type PackedKey, type SecurityStatus, TRUST_FORM } from './packed-trust.ts';
import { ZonesAtHand } from './zones-at-hand.ts';

/**
 * Octets of one key besides those of the public key: its record, the array and what it was made ready to. What the crypto
 * library holds is bounded by itself (adapters/node-crypto.ts).
 */
const KEY_OCTETS = 560;

/** Octets of a state besides its keys and the zone's name: object, reason with its texts. */
const STATE_OCTETS = 240;

/** Part of the cache for states that are at hand as objects, and the most of it: some 600 zones with two keys that are used often, and the new ones. */
const AT_HAND_SHARE = 1 / 8;
const MOST_AT_HAND_OCTETS = 1024 * 1024;

/** What the cache must see of a key. */
export interface CachedKey extends Omit<PackedKey, 'isUsable'> {
  /** Null: the crypto library did not take it. */
  readonly imported: unknown;
}

/** How the cache is made. */
interface KeyCacheParts<Key extends CachedKey> {
  readonly clock: Clock;
  readonly random: Random;
  /** Of all caches that are asked about the same names; one of its own where none is given. */
  readonly hash?: KeyHash | undefined;
  readonly maxBytes: number;
  /** Makes a key again of what is held of it, whose octets are copied. */
  readonly keyAgain: (packed: PackedKey) => Key;
}

export class KeyCache<Key extends CachedKey> {
  readonly #clock: Clock;
  readonly #keyAgain: KeyCacheParts<Key>['keyAgain'];
  readonly #hash: KeyHash;
  readonly #zones: PackedMap<KeptStatus<PackedKey>>;
  /** One that is not in `#zones` any more is not found here either. */
  readonly #atHand: ZonesAtHand<KeptStatus<Key>>;

  constructor({ clock, random, hash = new KeyHash(random), maxBytes, keyAgain }: KeyCacheParts<Key>) {
    this.#clock = clock;
    this.#keyAgain = keyAgain;
    this.#hash = hash;
    const atHand = Math.min(MOST_AT_HAND_OCTETS, maxBytes * AT_HAND_SHARE);
    this.#atHand = new ZonesAtHand<KeptStatus<Key>>({ maxBytes: atHand, sizeOf: sizeOfStatus });
    this.#zones = new PackedMap({
      random,
      hash,
      maxBytes,
      form: TRUST_FORM,
      othersOctets: () => this.#atHand.sizeBytes,
    });
  }

  /** The state of exactly this zone, or of the one above it whose first label is at `at`, when it is fresh. */
  find(zone: Name, at = 0): KeptStatus<Key> | null {
    if (!this.#zones.use(zone, NO_TYPE, NO_TYPE, at)) return null;
    const key = nameKeyFrom(zone, at);
    const trust = this.#atHand.get(key) ?? this.#bringToHand(zone, at, key);
    return trust !== null && trust.expiresAt > this.#clock.unixSeconds() ? trust : null;
  }

  #bringToHand(zone: Name, at: number, key: string): KeptStatus<Key> | null {
    const packed = this.#zones.peek(zone, NO_TYPE, NO_TYPE, at);
    if (packed === null) return null;
    // What was unpacked shares memory with much else: this one stays.
    const own = { ...packed, zone: new Uint8Array(packed.zone) as Name };
    const trust = own.status === 'secure' ? { ...own, keys: own.keys.map(this.#keyAgain) } : own;
    this.#atHand.addAgain(key, this.#hashOf(zone, at), trust);
    return trust;
  }

  #hashOf(zone: Name, at: number): number {
    this.#hash.take(zone, at, zone.length);
    return this.#hash.with(NO_TYPE);
  }

  /** The fresh state of the deepest zone at or above the name; null when none is known, not even the root's. */
  closest(name: Name): KeptStatus<Key> | null {
    for (let at = 0; ; at = labelAfter(name, at)) {
      const trust = this.find(name, at);
      if (trust !== null || name[at] === 0) return trust;
    }
  }

  /** Keeps a state in place of the one before. */
  store(trust: SecurityStatus<Key>): void {
    // A copy, since lists that were grown by pushing have 16 places to spare.
    const storedAt = this.#clock.unixSeconds();
    const kept = trust.status === 'secure' ? { ...trust, keys: trust.keys.slice(), storedAt } : { ...trust, storedAt };
    this.#atHand.add(nameKey(trust.zone), this.#hashOf(trust.zone, 0), kept);
    this.#zones.set(kept.status === 'secure' ? { ...kept, keys: kept.keys.map(packedKeyOf) } : kept);
  }

  /** True when there was one. */
  remove(zone: Name): boolean {
    this.#atHand.delete(nameKey(zone));
    return this.#zones.delete(zone, NO_TYPE, NO_TYPE);
  }

  /** Removes the zone and all below it; how many. */
  removeBelow(zone: Name): number {
    this.#atHand.clear();
    return this.#zones.removeBelow(zone);
  }

  /** Removes every state that the test says yes to (flush_bogus and the like); how many. */
  removeWhere(test: (trust: Pick<SecurityStatus<Key>, 'status' | 'zone'>) => boolean): number {
    this.#atHand.clear();
    return this.#zones.removeWhere(test);
  }

  clear(): void {
    this.#atHand.clear();
    this.#zones.clear();
  }

  /** Of which zones there are states, expired ones too, most recently used first. */
  entries(): Iterable<Pick<KeptStatus<Key>, 'status' | 'zone'>> {
    return this.#zones.values();
  }

  get count(): number {
    return this.#zones.count;
  }

  get sizeBytes(): number {
    return this.#zones.sizeBytes;
  }
}

function packedKeyOf({ flags, protocol, algorithm, keyTag, publicKey, imported }: CachedKey): PackedKey {
  return { flags, protocol, algorithm, keyTag, publicKey, isUsable: imported !== null };
}

function sizeOfStatus(trust: SecurityStatus<CachedKey>): number {
  let octets = STATE_OCTETS + sizeOfName(trust.zone);
  if (trust.status === 'secure') for (const { publicKey } of trust.keys) octets += KEY_OCTETS + publicKey.length;
  return octets;
}
