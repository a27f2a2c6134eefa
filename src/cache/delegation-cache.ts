/**
 * Zone cuts that parents told us of: which zone, which servers, until when. Kept apart from answers, so that no answer of
 * a child zone can change or prolong the way there (ghost domain names, CVE-2022-30698 and -30699).
 *
 * Duties: deepest known cut for a name, absolute expiry bounded by the cut above, a bound in octets; names known to be no
 * cut (RFC 9156 §3 walks past them without asking).
 * Leaves to others: addresses not given with the referral, which server is good.
 */

import type { Clock } from '../ports/clock.ts';
import type { Random } from '../ports/random.ts';
import { labelAfter, type Name } from '../wire/name.ts';
import type { Delegation } from './delegation.ts';
import type { KeyHash } from './key-hash.ts';
import {
  CUT,
  DELEGATION_FORM,
  expiryOf,
  GIVEN_UP_FORM,
  type GivenUpCut,
  type KnownCut,
  NO_CLASS,
  NO_CUT,
} from './packed-delegation.ts';
import { PackedMap } from './packed-map.ts';

/** Default bound, octets: about 40,000 cuts of two servers each. */
export const DELEGATION_CACHE_OCTETS = 8 * 1024 * 1024;
/**
 * Octets of cuts that were given up and may come back, about 1,000: an outage of the own line is known after three silences,
 * and by then no more zones were given up than questions are worked on.
 */
const GIVEN_UP_OCTETS = 256 * 1024;

/** How the cache is made. */
interface DelegationCacheParts {
  readonly clock: Clock;
  readonly random: Random;
  /** Of all caches that are asked about the same names; one of its own where none is given. */
  readonly hash?: KeyHash | undefined;
  readonly maxBytes: number;
}

export class DelegationCache {
  readonly #clock: Clock;
  readonly #known: PackedMap<KnownCut>;
  readonly #givenUp: PackedMap<GivenUpCut>;

  constructor({ clock, random, hash, maxBytes }: DelegationCacheParts) {
    this.#clock = clock;
    this.#known = new PackedMap({ random, hash, maxBytes, form: DELEGATION_FORM, keepsAtHand: true });
    this.#givenUp = new PackedMap({ random, hash, maxBytes: GIVEN_UP_OCTETS, form: GIVEN_UP_FORM });
  }

  /** The delegation of exactly this zone, or of the one above it whose first label is at `at`, when fresh. */
  find(zone: Name, at = 0): Delegation | null {
    const known = this.#known.get(zone, CUT, NO_CLASS, at);
    return known?.kind === 'cut' && known.cut.expiresAt > this.#clock.unixSeconds() ? known.cut : null;
  }

  #isFresh(name: Name, type: typeof CUT | typeof NO_CUT, at: number): boolean {
    const octets = this.#known.find(name, type, NO_CLASS, at);
    return octets !== null && expiryOf(octets) > this.#clock.unixSeconds();
  }

  /** The deepest fresh delegation at or above the name; null when not even the root's is known. */
  findDeepest(name: Name): Delegation | null {
    for (let at = 0; ; at = labelAfter(name, at)) {
      const cut = this.find(name, at);
      if (cut !== null || name[at] === 0) return cut;
    }
  }

  /** Keeps a delegation in place of the one before. */
  store(cut: Delegation): void {
    this.#known.delete(cut.zone, NO_CUT, NO_CLASS);
    this.#known.set({ kind: 'cut', cut });
  }

  /** Notes that the servers above say that this name exists and is no cut. A fresh cut is never hidden by it. */
  noteNoCut(name: Name, expiresAt: number): void {
    if (this.#isFresh(name, CUT, 0)) return;
    this.#known.delete(name, CUT, NO_CLASS);
    this.#known.set({ kind: 'no-cut', name, expiresAt });
  }

  /** True when the name, or the one above it whose first label is at `at`, is known to be no cut. */
  isNoCut(name: Name, at = 0): boolean {
    return this.#isFresh(name, NO_CUT, at);
  }

  /** True when there was one, or a note that there is none. */
  remove(zone: Name): boolean {
    this.#givenUp.delete(zone, CUT, NO_CLASS);
    const hadNote = this.#known.delete(zone, NO_CUT, NO_CLASS);
    return this.#known.delete(zone, CUT, NO_CLASS) || hadNote;
  }

  /** Removes a cut none of whose servers was of use, until `takeBack`; true when there was one. */
  giveUp(zone: Name): boolean {
    const cut = this.find(zone);
    const wasThere = this.remove(zone);
    if (cut !== null) this.#givenUp.set({ cut, atMs: this.#clock.monotonicMs() });
    return wasThere;
  }

  /** What was given up since then (monotonic ms) counts again where nothing newer is known: the silence was nobody's fault. */
  takeBack(sinceMs: number): void {
    for (const { cut, atMs } of this.#givenUp.values()) {
      if (atMs >= sinceMs && this.find(cut.zone) === null) this.store(cut);
    }
    this.#givenUp.clear();
  }

  /** Removes what is known of the zone and of all below it. */
  removeBelow(zone: Name): void {
    this.#givenUp.removeBelow(zone);
    this.#known.removeBelow(zone);
  }

  clear(): void {
    this.#known.clear();
    this.#givenUp.clear();
  }

  /** Delegations, expired ones too, most recently used first. */
  *entries(): Iterable<Delegation> {
    for (const known of this.#known.values()) if (known.kind === 'cut') yield known.cut;
  }

  get count(): number {
    return this.#known.count;
  }

  get sizeBytes(): number {
    return this.#known.sizeBytes + this.#givenUp.sizeBytes;
  }
}
