/**
 * Zone cuts that parents told us of: which zone, which servers, until when. Kept apart from answers, so that no answer of
 * a child zone can change or prolong the way there (ghost domain names, CVE-2022-30698 and -30699).
 *
 * Duties: deepest known cut for a name, absolute expiry bounded by the cut above, a bound in octets; names known to be no
 * cut (RFC 9156 §3 walks past them without asking); cuts that were given up for silence, until it is known whose it was.
 * Leaves to others: addresses not given with the referral, which server is good.
 */

import type { Clock } from '../ports/clock.ts';
import type { RankedRRset } from '../terms/ranked-rrset.ts';
import type { DelegationSource } from '../trace/events.ts';
import { type Name, nameKey, nameKeyFrom } from '../wire/name.ts';
import { ByteBoundedMap } from './byte-bounded-map.ts';
import { sizeOfName, sizeOfRanked, sizeOfText } from './heap-size.ts';

/** Default bound, octets: about 5000 cuts of four servers each. */
export const DELEGATION_CACHE_OCTETS = 8 * 1024 * 1024;
/**
 * Octets of cuts that were given up and may come back, about 150: an outage of the own line is known after three silences,
 * and by then no more zones were given up than questions are worked on.
 */
const GIVEN_UP_OCTETS = 256 * 1024;
/** Octets of a delegation besides its servers, and of one server besides its name and addresses. */
const DELEGATION_OCTETS = 250;
const SERVER_OCTETS = 255;
/** Octets of the note that a name is no cut. */
const NO_CUT_OCTETS = 32;

/** A server of a delegation, with the addresses that came with it (canonical text). */
export interface DelegatedServer {
  readonly name: Name;
  readonly addresses: readonly string[];
}

/** A zone cut with its servers. */
export interface Delegation {
  readonly zone: Name;
  readonly servers: readonly DelegatedServer[];
  readonly source: DelegationSource;
  /** When it was learned, unix seconds. */
  readonly receivedAt: number;
  /** Unix seconds. */
  readonly expiresAt: number;
  /** True when a DS set came with the referral: answers should carry signatures. */
  readonly hasDs: boolean;
  /** NSEC and NSEC3 sets that came with a referral without DS: what the parent says of there being none, unchecked. */
  readonly denial?: readonly RankedRRset[];
}

/** A cut that was given up, and when: monotonic ms. */
interface GivenUp {
  readonly cut: Delegation;
  readonly atMs: number;
}

/** Either a delegation or the note that a name is no cut. */
type Known =
  | { readonly kind: 'cut'; readonly cut: Delegation }
  | { readonly kind: 'no-cut'; readonly expiresAt: number };

export class DelegationCache {
  readonly #clock: Clock;
  readonly #known: ByteBoundedMap<Known>;
  readonly #givenUp = new ByteBoundedMap<GivenUp>({
    maxBytes: GIVEN_UP_OCTETS,
    sizeOf: ({ cut }) => sizeOfCut(cut),
  });

  constructor({ clock, maxBytes }: { readonly clock: Clock; readonly maxBytes: number }) {
    this.#clock = clock;
    this.#known = new ByteBoundedMap({ maxBytes, sizeOf: sizeOfKnown });
  }

  /** The delegation of exactly this zone, when fresh. */
  find(zone: Name): Delegation | null {
    return this.#findFrom(zone, 0);
  }

  #findFrom(name: Name, at: number): Delegation | null {
    const known = this.#known.get(nameKeyFrom(name, at));
    return known?.kind === 'cut' && known.cut.expiresAt > this.#clock.unixSeconds() ? known.cut : null;
  }

  /** The deepest fresh delegation at or above the name; null when not even the root's is known. */
  findDeepest(name: Name): Delegation | null {
    for (let at = 0; ; at += (name[at] ?? 0) + 1) {
      const cut = this.#findFrom(name, at);
      if (cut !== null || at === name.length - 1) return cut;
    }
  }

  /** Keeps a delegation in place of the one before. */
  store(cut: Delegation): void {
    // Copies, since lists that were grown by pushing have 16 places to spare.
    const servers = cut.servers.map(({ name, addresses }) => ({ name: own(name), addresses: addresses.slice() }));
    const denial = cut.denial?.map((ranked): RankedRRset => ({ ...ranked, rrset: own(ranked.rrset) }));
    const kept = { ...cut, zone: own(cut.zone), servers, ...(denial === undefined ? null : { denial }) };
    this.#known.set(nameKey(cut.zone), { kind: 'cut', cut: kept });
  }

  /** Notes that the servers above say that this name exists and is no cut. A fresh cut is never hidden by it. */
  noteNoCut(name: Name, expiresAt: number): void {
    if (this.find(name) === null) this.#known.set(nameKey(name), { kind: 'no-cut', expiresAt });
  }

  /** True when the name is known to be no cut. */
  isNoCut(name: Name): boolean {
    const known = this.#known.get(nameKey(name));
    return known?.kind === 'no-cut' && known.expiresAt > this.#clock.unixSeconds();
  }

  /** True when there was one. */
  remove(zone: Name): boolean {
    this.#givenUp.delete(nameKey(zone));
    return this.#known.delete(nameKey(zone));
  }

  /** Removes a cut none of whose servers was of use, until `takeBack`; true when there was one. */
  giveUp(zone: Name): boolean {
    const cut = this.find(zone);
    const wasThere = this.#known.delete(nameKey(zone));
    if (cut !== null) this.#givenUp.set(nameKey(zone), { cut, atMs: this.#clock.monotonicMs() });
    return wasThere;
  }

  /** What was given up since then (monotonic ms) counts again where nothing newer is known: the silence was nobody's fault. */
  takeBack(sinceMs: number): void {
    for (const { cut, atMs } of this.#givenUp.values()) {
      if (atMs >= sinceMs && this.find(cut.zone) === null) this.#known.set(nameKey(cut.zone), { kind: 'cut', cut });
    }
    this.#givenUp.clear();
  }

  /** Removes delegations that the test says yes to (flush commands); how many. */
  removeWhere(test: (cut: Delegation) => boolean): number {
    this.#givenUp.removeWhere(({ cut }) => test(cut));
    return this.#known.removeWhere((known) => known.kind === 'cut' && test(known.cut));
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

/** The octets in an array of their own: what came from a message or another cache keeps far more alive than itself. */
function own<Octets extends Uint8Array>(octets: Octets): Octets {
  return new Uint8Array(octets) as Octets;
}

function sizeOfKnown(known: Known): number {
  return known.kind === 'no-cut' ? NO_CUT_OCTETS : sizeOfCut(known.cut);
}

function sizeOfCut({ zone, servers, denial }: Delegation): number {
  let octets = DELEGATION_OCTETS + sizeOfName(zone);
  for (const { name, addresses } of servers) {
    octets += SERVER_OCTETS + sizeOfName(name);
    for (const address of addresses) octets += 8 + sizeOfText(address);
  }
  for (const ranked of denial ?? []) octets += sizeOfRanked(ranked);
  return octets;
}
