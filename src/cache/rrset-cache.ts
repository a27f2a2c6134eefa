/**
 * RRsets by owner, type and class.
 *
 * Duties: which of two sets stays (RFC 2181 §5.4.1), absolute expiry, the bound in octets. A set that the cache gives is
 * never changed afterwards: a new verdict makes a new object.
 * Leaves to others: caps on TTLs, what the records mean, verdicts.
 */

import type { Clock } from '../ports/clock.ts';
import type { Random } from '../ports/random.ts';
import { RANK, type Rank } from '../terms/rank.ts';
import type { RankedRRset } from '../terms/ranked-rrset.ts';
import type { Verdict } from '../terms/verdict.ts';
import { bytesEqual, compareBytes } from '../wire/bytes.ts';
import type { Name } from '../wire/name.ts';
import { CLASS, TYPE } from '../wire/rr-type.ts';
import { type PlacedRRset, type RRset, rrsetType, sameRdatas, signatureCount, signaturesOf } from '../wire/rrset.ts';
import type { KeyHash } from './key-hash.ts';
import { type Choice, PackedMap } from './packed-map.ts';
import { isUncheckedOf, placeSecure, RANKED_FORM } from './packed-rrset.ts';

/** What the cache is made from. */
interface RRsetCacheParts {
  readonly clock: Clock;
  readonly random: Random;
  /** Of all caches that are asked about the same names; one of its own where none is given. */
  readonly hash?: KeyHash | undefined;
  /** Bound on what is held, octets. */
  readonly maxBytes: number;
}

/** How a set is stored. */
interface StoreOptions {
  /**
   * True for data that was fetched on purpose to replace what is held (prefetch, flush, a second try after bogus data):
   * neither a verdict nor equality then keeps the held set. Rank still does, but a validated set gives way to an
   * authoritative answer, since its renewal comes unchecked.
   */
  readonly force?: boolean;
}

export class RRsetCache {
  #trustEpoch = 0;
  #proofs = 0;
  readonly #clock: Clock;
  readonly #sets: PackedMap<RankedRRset>;
  /** What becomes of held sets when one is stored, stored by force, said to be worth something. */
  readonly #stored: Choice<RankedRRset>;
  readonly #forced: Choice<RankedRRset>;
  readonly #validated: Choice<RankedRRset>;
  /** Bound, octets. */
  readonly maxBytes: number;

  constructor({ clock, random, hash, maxBytes }: RRsetCacheParts) {
    this.#clock = clock;
    this.maxBytes = maxBytes;
    this.#sets = new PackedMap({ random, hash, maxBytes, form: RANKED_FORM, isReferredTo: true });
    const now = (): number => clock.unixSeconds();
    // Nothing but its rank may differ when the data is the held set's own.
    this.#stored = { choose: (held, offered) => choose(held, offered, now(), false), isSame: hasDataOf };
    this.#forced = { choose: (held, offered) => choose(held, offered, now(), true), isSame: hasDataOf };
    this.#validated = {
      choose: (held, offered) => (held === null || mayTakeVerdict(held, offered, now()) ? offered : held),
      isSame: isProofOf,
      isClear: (offered, held) => offered.verdict?.status === 'secure' && isUncheckedOf(offered, held),
    };
  }

  /** The set of the name, or of the one above it whose first label is at `at`, when it is fresh (its expiry is later than now). */
  find(name: Name, type: number, rrClass: number, at = 0): RankedRRset | null {
    const ranked = this.#sets.get(name, type, rrClass, at);
    return ranked !== null && ranked.expiresAt > this.#clock.unixSeconds() ? ranked : null;
  }

  /**
   * Finds the fresh, secure SOA of the zone whose name begins at `at`, where it lies until something is kept or dropped here; when it
   * ends. 0: there is none.
   */
  placeSoa(name: Name, at: number, to: PlacedRRset): number {
    const from = this.#sets.find(name, TYPE.SOA, CLASS.IN, at);
    const expiresAt = from === null ? 0 : placeSecure(to, from);
    return expiresAt > this.#clock.unixSeconds() ? expiresAt : 0;
  }

  /** The set, fresh or expired (RFC 8767); null when it is not kept any more. */
  findStale(name: Name, type: number, rrClass: number): RankedRRset | null {
    return this.#sets.get(name, type, rrClass);
  }

  /** Offers a set; returns the one now in force, which may be the one held before or a merged one. */
  store(offered: RankedRRset, options: StoreOptions = {}): RankedRRset {
    return this.#sets.offer(offered.rrset, offered, options.force === true ? this.#forced : this.#stored);
  }

  /**
   * Says what a set is worth, and until when; returns the set with that verdict. The cache takes it when it still holds
   * the same data, or nothing fresh; a secure set also replaces other data that is not secure.
   */
  replaceVerdict(ranked: RankedRRset, verdict: Verdict, expiresAt: number): RankedRRset {
    return this.keepValidated({ ...ranked, verdict, expiresAt });
  }

  /** The same for a set that has its verdict and expiry already. */
  keepValidated(validated: RankedRRset): RankedRRset {
    if (validated.notKept === true || validated.leftOut === true) return validated;
    if (validated.verdict?.status === 'secure') this.#proofs++;
    this.#sets.offer(validated.rrset, validated, this.#validated);
    return validated;
  }

  /** True when it is this very object that was kept or found lately and is in force; false says nothing. */
  holds(ranked: RankedRRset): boolean {
    return this.#sets.holds(ranked);
  }

  /** True when there was one. */
  remove(name: Name, type: number, rrClass: number): boolean {
    return this.#sets.delete(name, type, rrClass);
  }

  /** Removes every set that the test says yes to (flush commands); how many. */
  removeWhere(test: (ranked: RankedRRset) => boolean): number {
    return this.#sets.removeWhere(test);
  }

  /** The same for sets that must not be found for one turn more (packed-map.ts). */
  banInTurns(test: (ranked: RankedRRset) => boolean, pause: () => Promise<void>): Promise<number> {
    return this.#sets.banInTurns(test, pause);
  }

  /** The same a piece at a time (packed-map.ts). */
  removeInTurns(test: (ranked: RankedRRset) => boolean, pause: () => Promise<void>): Promise<number> {
    return this.#sets.removeInTurns(test, pause);
  }

  /**
   * How often what verdicts rest on has changed (anchors, the clock). Who began before the last time keeps no verdict here or in
   * any cache beside: it may rest on what is not trusted any more.
   */
  get trustEpoch(): number {
    return this.#trustEpoch;
  }

  /** How often a set was said to be secure: as long as it stays the same, looking again finds nothing new. */
  get proofs(): number {
    return this.#proofs;
  }

  /** What verdicts rest on has changed. */
  startTrustEpoch(): void {
    this.#trustEpoch++;
  }

  clear(): void {
    this.#sets.clear();
  }

  /** All sets, expired ones too, most recently used first (dump_cache). */
  entries(): Iterable<RankedRRset> {
    return this.#sets.values();
  }

  /** The same in no order, for who gives others their turn in between (packed-map.ts). */
  unordered(): Iterable<RankedRRset> {
    return this.#sets.unordered();
  }

  get count(): number {
    return this.#sets.count;
  }

  get sizeBytes(): number {
    return this.#sets.sizeBytes;
  }

  /**
   * Refers to a set for another cache: to the one that is held when it is the very same, else to one of its own. It is as it was
   * for as long as it is referred to, whatever is kept or dropped here; only unchecked data may turn out to be secure.
   */
  refer(ranked: RankedRRset): number {
    return this.#sets.refer(ranked);
  }

  /** The set that is referred to. */
  referred(reference: number): RankedRRset {
    return this.#sets.referred(reference);
  }

  /** Gives a reference up, once for each time that it was given out. */
  release(reference: number): void {
    this.#sets.release(reference);
  }

  /** Octets of sets that are only there for who refers to them; not in `sizeBytes`. */
  get referredOctets(): number {
    return this.#sets.referredOctets;
  }
}

function hasDataOf(chosen: RankedRRset, held: RankedRRset): boolean {
  return chosen.rrset === held.rrset;
}

/** True when a set is the held unchecked one, proven. */
function isProofOf(validated: RankedRRset, held: RankedRRset): boolean {
  return validated.verdict?.status === 'secure' && held.verdict === null && bytesEqual(validated.rrset, held.rrset);
}

/** Which set is in force after `offered` was offered. */
function choose(ranked: RankedRRset | null, offered: RankedRRset, now: number, force: boolean): RankedRRset {
  if (ranked === null || ranked.expiresAt <= now) return offered;
  if (offered.expiresAt <= now) return ranked;
  if (ranked.verdict?.status === 'bogus') return !force && sameRecords(ranked.rrset, offered.rrset) ? ranked : offered;
  // RFC 2181 §5.4.1: data of a better rank is never replaced by data of a worse one.
  if (offered.rank < rankToReach(ranked, force) && offered.verdict?.status !== 'secure') return ranked;
  if (force) return offered;
  if (sameRecords(ranked.rrset, offered.rrset)) return chooseOfSame(ranked, offered);
  if (ranked.verdict?.status === 'secure' && !mayReplaceSecure(ranked, offered)) return ranked;
  return offered.rank === ranked.rank ? withBoundedLife(ranked, offered) : offered;
}

/** Rank that replaces a held set. */
function rankToReach(ranked: RankedRRset, force: boolean): Rank {
  return force && ranked.rank === RANK.validated ? RANK.answerAuthoritative : ranked.rank;
}

/** Same rdatas and same signatures: the work of validating is not thrown away, and life is not prolonged. */
function chooseOfSame(ranked: RankedRRset, offered: RankedRRset): RankedRRset {
  if (offered.verdict !== null) return withBoundedLife(ranked, offered);
  if (ranked.verdict !== null) return offered.rank > ranked.rank ? { ...ranked, rank: offered.rank } : ranked;
  return offered.rank > ranked.rank ? offered : ranked;
}

/** A secure set gives way to a secure one, and to the same rdatas signed anew; never to data that lost its signatures. */
function mayReplaceSecure(ranked: RankedRRset, offered: RankedRRset): boolean {
  if (offered.verdict?.status === 'secure') return true;
  return signatureCount(offered.rrset) > 0 && sameRdatas(ranked.rrset, offered.rrset);
}

/**
 * An NS set that replaces one of the same rank ends when that one would have ended, so that a zone whose delegation was
 * withdrawn cannot keep itself alive by answering (ghost domain names).
 */
function withBoundedLife(ranked: RankedRRset, offered: RankedRRset): RankedRRset {
  if (!isNs(ranked.rrset) || offered.rank === RANK.configured) return offered;
  return offered.expiresAt <= ranked.expiresAt ? offered : { ...offered, expiresAt: ranked.expiresAt };
}

function isNs(rrset: RRset): boolean {
  return rrsetType(rrset) === TYPE.NS;
}

function mayTakeVerdict(current: RankedRRset, validated: RankedRRset, now: number): boolean {
  if (current.expiresAt <= now || sameRecords(current.rrset, validated.rrset)) return true;
  return validated.verdict?.status === 'secure' && current.verdict?.status !== 'secure';
}

/** True when rdatas and signatures are the same, in any order. */
export function sameRecords(a: RRset, b: RRset): boolean {
  // Mostly they are the same octets, once as they came and once checked.
  if (a === b || bytesEqual(a, b)) return true;
  if (a.length !== b.length || signatureCount(a) !== signatureCount(b) || !sameRdatas(a, b)) return false;
  const signaturesA = signaturesOf(a).sort(compareBytes);
  const signaturesB = signaturesOf(b).sort(compareBytes);
  return signaturesA.every((signature, i) => bytesEqual(signature, signaturesB[i] ?? new Uint8Array()));
}
