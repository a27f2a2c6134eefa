/**
 * What we may believe about zones: their validated keys, or why there are none. Bogus and insecure zones are kept too, so
 * that they are not walked to for every question.
 *
 * Duties: absolute expiry, the deepest known zone above a name, the bound in octets.
 * Leaves to others: making these states (validate), what a key is.
 */

import type { Clock } from '../ports/clock.ts';
import type { BogusReason, IndeterminateReason, InsecureReason } from '../terms/verdict.ts';
import { isAtOrBelow, isRoot, type Name, nameKey, parentOf } from '../wire/name.ts';
import { ByteBoundedMap } from './byte-bounded-map.ts';
import { sizeOfName } from './heap-size.ts';

/**
 * Octets of one key besides its rdata: its record, the array of the rdata and what it was made ready to. What the crypto
 * library holds is bounded by itself (adapters/node-crypto.ts).
 */
const KEY_OCTETS = 560;

/** Octets of a state besides its keys and the zone's name: object, reason with its texts. */
const STATE_OCTETS = 240;

/** What the cache must see of a key. */
export interface CachedKey {
  readonly rdata: Uint8Array;
}

/** What we may believe about one zone. */
export type SecurityStatus<Key> =
  | {
      readonly status: 'secure';
      readonly zone: Name;
      readonly keys: readonly Key[];
      /** Algorithms that must each have signed (harden-algo-downgrade); empty when one good signature will do. */
      readonly mustSign: readonly number[];
      readonly expiresAt: number;
    }
  | { readonly status: 'insecure'; readonly zone: Name; readonly why: InsecureReason; readonly expiresAt: number }
  | { readonly status: 'bogus'; readonly zone: Name; readonly why: BogusReason; readonly expiresAt: number }
  | {
      readonly status: 'indeterminate';
      readonly zone: Name;
      readonly why: IndeterminateReason;
      readonly expiresAt: number;
    };

/** The same as it is kept. */
type KeptStatus<Key> = SecurityStatus<Key> & {
  /** When it was proven, unix seconds. */
  readonly storedAt: number;
};

export class KeyCache<Key extends CachedKey> {
  readonly #clock: Clock;
  readonly #zones: ByteBoundedMap<KeptStatus<Key>>;

  constructor({ clock, maxBytes }: { readonly clock: Clock; readonly maxBytes: number }) {
    this.#clock = clock;
    this.#zones = new ByteBoundedMap<KeptStatus<Key>>({ maxBytes, sizeOf: sizeOfStatus });
  }

  /** The state of exactly this zone, when it is fresh. */
  find(zone: Name): KeptStatus<Key> | null {
    const trust = this.#zones.get(nameKey(zone));
    return trust !== null && trust.expiresAt > this.#clock.unixSeconds() ? trust : null;
  }

  /** The fresh state of the deepest zone at or above the name; null when none is known, not even the root's. */
  closest(name: Name): KeptStatus<Key> | null {
    for (let at = name; ; at = parentOf(at)) {
      const trust = this.find(at);
      if (trust !== null || isRoot(at)) return trust;
    }
  }

  /** Keeps a state in place of the one before. */
  store(trust: SecurityStatus<Key>): void {
    // A copy, since lists that were grown by pushing have 16 places to spare.
    const storedAt = this.#clock.unixSeconds();
    const kept = trust.status === 'secure' ? { ...trust, keys: trust.keys.slice(), storedAt } : { ...trust, storedAt };
    this.#zones.set(nameKey(trust.zone), kept);
  }

  /** True when there was one. */
  remove(zone: Name): boolean {
    return this.#zones.delete(nameKey(zone));
  }

  /** Removes the zone and all below it; how many. */
  removeBelow(zone: Name): number {
    return this.#zones.removeWhere((trust) => isAtOrBelow(trust.zone, zone));
  }

  /** Removes every state that the test says yes to (flush_bogus and the like); how many. */
  removeWhere(test: (trust: SecurityStatus<Key>) => boolean): number {
    return this.#zones.removeWhere(test);
  }

  clear(): void {
    this.#zones.clear();
  }

  /** All states, expired ones too, most recently used first. */
  entries(): Iterable<KeptStatus<Key>> {
    return this.#zones.values();
  }

  get count(): number {
    return this.#zones.count;
  }

  get sizeBytes(): number {
    return this.#zones.sizeBytes;
  }
}

function sizeOfStatus(trust: SecurityStatus<CachedKey>): number {
  let octets = STATE_OCTETS + sizeOfName(trust.zone);
  if (trust.status === 'secure') for (const { rdata } of trust.keys) octets += KEY_OCTETS + rdata.length;
  return octets;
}
