/**
 * Denials made from validated NSEC and NSEC3 records that are known already, without asking anybody (RFC 8198, aggressive-nsec).
 *
 * Duties: have a question proven by the records that are known (known-spans.ts), add the SOA, bound the TTL and the hashing. Only
 * NXDOMAIN, NODATA and wildcard NODATA are made: nothing is ever answered from a wildcard's data.
 * Leaves to others: which zones may speak for a name besides (configured zones, negative anchors), what
 * records prove (dnssec/nsec.ts, dnssec/nsec3.ts), keeping records (keep-spans.ts).
 */

import type { DenialCache } from '../cache/denial-cache.ts';
import type { KnownZone } from '../cache/known-zone.ts';
import type { RRsetCache } from '../cache/rrset-cache.ts';
import { proveByNsecOf } from '../dnssec/nsec.ts';
import { proveByChain } from '../dnssec/nsec3.ts';
import { type HashParameters, hashCost, Nsec3Hasher } from '../dnssec/nsec3-hash.ts';
import type { Clock } from '../ports/clock.ts';
import type { Crypto } from '../ports/crypto.ts';
import type { DenialOutcome } from '../terms/denial-outcome.ts';
import type { FinalAnswer } from '../terms/iteration-result.ts';
import type { ProvenDenial } from '../terms/proven-denial.ts';
import type { RankedRRset } from '../terms/ranked-rrset.ts';
import { readU16 } from '../wire/bytes.ts';
import { isRoot, labelAfter, type Name, nameFrom } from '../wire/name.ts';
import type { Question } from '../wire/question.ts';
import { RCODE } from '../wire/rcode.ts';
import { soaMinimum } from '../wire/rdata-soa.ts';
import { CLASS, TYPE } from '../wire/rr-type.ts';
import { newPlacedRRset, type PlacedRRset, placedRdataAt } from '../wire/rrset.ts';
import { KnownHashes, KnownNames } from './known-spans.ts';

interface KnownRecords {
  readonly clock: Clock;
  readonly crypto: Crypto;
  readonly denials: DenialCache;
  /** For the zones' SOA records. */
  readonly rrsets: RRsetCache;
}

/**
 * SHA-1 calls that one question may cost, all zones together: at 0.23 µs each about 60 µs, a tenth of what asking costs. A name
 * without iterations costs one, so nobody's flood of random names makes looking dearer than asking.
 */
const MAX_SYNTHESIS_DIGESTS = 256;
/** Names hashed for one question, all zones together: the name, four ancestors and a wildcard, twice over. */
const MAX_SYNTHESIS_HASHES = 12;
/** The SOA, and the records of a closest encloser, of a next closer name and of a wildcard. */
const MAX_SETS = 4;

/** A zone of which spans are known, and where its name begins in that of a question; good for as long as DenialCache.find says. */
interface KnownPlace {
  readonly name: Name;
  readonly at: number;
  readonly zone: KnownZone;
}

/** Makes denials; one for each set of caches. */
export class DenialSynthesis {
  readonly #known: KnownRecords;
  /** Of the record that is read. */
  readonly #place = newPlacedRRset();
  /** Where the sets of the denial lie that was made last. */
  readonly #places: readonly PlacedRRset[] = Array.from({ length: MAX_SETS }, newPlacedRRset);

  readonly #hashes: BoundedHashes;

  constructor(known: KnownRecords) {
    this.#known = known;
    this.#hashes = new BoundedHashes(known.crypto);
  }

  /** The deepest zone at or above the question's name of which anything is known; null when there is none. */
  deepest({ name, type, class: rrClass }: Question): KnownPlace | null {
    // ANY is denied only by NXDOMAIN, and bitmaps cannot say that of a name that exists.
    if (rrClass !== CLASS.IN || type === TYPE.ANY) return null;
    // RFC 4035 §3.1.4.1: DS belongs to the parent side of the cut, so the zone at the name itself says nothing of it.
    return this.#knownFrom(name, type === TYPE.DS && !isRoot(name) ? labelAfter(name, 0) : 0);
  }

  /**
   * A denial that follows from known records of the zone that `deepest` has just given, or of one above; secure. Null when they do not
   * prove one. `leastOctets`: of the deepest zone above which nobody may speak.
   */
  find(question: Question, deepest: KnownPlace, leastOctets: number): ProvenDenial | null {
    const { name } = question;
    this.#hashes.begin();
    let place: KnownPlace | null = deepest;
    while (place !== null && place.at <= name.length - leastOctets) {
      const denial: ProvenDenial | null = this.#denyByNames(question, place) ?? this.#denyByHashes(question, place);
      if (denial !== null) return denial;
      place = this.#knownFrom(name, labelAfter(name, place.at));
    }
    return null;
  }

  /** The deepest zone that begins at that label of the name or above. */
  #knownFrom(name: Name, from: number): KnownPlace | null {
    for (let at = from; at < name.length; at = labelAfter(name, at)) {
      const zone = this.#known.denials.find(name, at);
      if (zone !== null) return { name, at, zone };
    }
    return null;
  }

  #denyByNames(question: Question, place: KnownPlace): ProvenDenial | null {
    if (!place.zone.hasNames) return null;
    const names = new KnownNames(this.#known.denials, place.zone, this.#place);
    const kind = kindOf(proveByNsecOf(names, question));
    return kind === null ? null : this.#denial(kind, place, names.used);
  }

  #denyByHashes(question: Question, place: KnownPlace): ProvenDenial | null {
    const { name, at, zone } = place;
    const { chain } = zone;
    if (chain === null) return null;
    const spans = new KnownHashes(this.#known.denials, zone, { chain, place: this.#place });
    const kind = kindOf(proveByChain(question, spans, nameFrom(name, at), this.#hashes));
    return kind === null ? null : this.#denial(kind, place, spans.used);
  }

  /** The denial with its SOA and for as long as its shortest-lived part (RFC 8198 §5.4); null: that has ended, or no SOA is known. */
  #denial(kind: ProvenDenial['kind'], { name, at, zone }: KnownPlace, used: readonly number[]): ProvenDenial | null {
    const { rrsets, denials, clock } = this.#known;
    const sets = this.#places.slice(0, 1 + used.length);
    const soa = sets[0] as PlacedRRset;
    // RFC 2308 §3: a denial without its SOA could not be kept by those who get it; an unproven one would spoil the proof.
    const soaEnds = rrsets.placeSoa(name, at, soa);
    if (soaEnds === 0) return null;
    const now = clock.unixSeconds();
    const minimum = minimumOf(soa);
    // RFC 2308 §5: the SOA's minimum field bounds a denial; RFC 9077 §3.3: from the time that its records came on.
    let expiresAt = Math.min(soaEnds, now + minimum);
    for (let i = 0; i < used.length; i++) {
      const span = used[i] as number;
      denials.place(span, sets[i + 1] as PlacedRRset);
      expiresAt = Math.min(expiresAt, zone.endOf(span, minimum));
    }
    return expiresAt > now ? new Synthesised(this.#known, { kind, zoneAt: at, expiresAt, sets, spans: used }) : null;
  }
}

/** Hashes of names for NSEC3 within the bounds of one question. */
class BoundedHashes {
  readonly #crypto: Crypto;
  /** Null: no name was hashed yet. */
  #hasher: Nsec3Hasher | null = null;

  constructor(crypto: Crypto) {
    this.#crypto = crypto;
  }

  /** Forgets those of the question before. */
  begin(): void {
    this.#hasher = null;
  }

  /** Null: that would be too much. */
  hash(name: Name, chain: HashParameters): Uint8Array | null {
    this.#hasher ??= new Nsec3Hasher(this.#crypto, MAX_SYNTHESIS_HASHES);
    return this.#hasher.digests + hashCost(chain) > MAX_SYNTHESIS_DIGESTS ? null : this.#hasher.hash(name, chain);
  }
}

function minimumOf(soa: PlacedRRset): number {
  const at = placedRdataAt(soa);
  return soaMinimum(soa.octets, at, at + readU16(soa.octets, at - 2));
}

/** The denial that an outcome allows to be made; null: none. */
function kindOf(outcome: DenialOutcome): 'nxdomain' | 'nodata' | null {
  switch (outcome.kind) {
    case 'nxdomain':
      return 'nxdomain';
    case 'nodata':
      // RFC 9824 §3.4: what the rcode of such a denial is, the zone's own servers say.
      return outcome.isCompactNxdomain ? null : 'nodata';
    case 'no-cut':
      return outcome.isAlias ? null : 'nodata';
    case 'wildcard-nodata':
    case 'no-ds':
      return 'nodata';
    default:
      return null;
  }
}

interface SynthesisedParts extends Pick<ProvenDenial, 'kind' | 'zoneAt' | 'expiresAt' | 'sets'> {
  readonly spans: readonly number[];
}

class Synthesised implements ProvenDenial {
  readonly kind: 'nxdomain' | 'nodata';
  readonly zoneAt: number;
  readonly expiresAt: number;
  readonly sets: readonly PlacedRRset[];
  readonly #spans: readonly number[];
  readonly #known: KnownRecords;

  constructor(known: KnownRecords, { kind, zoneAt, expiresAt, sets, spans }: SynthesisedParts) {
    this.kind = kind;
    this.zoneAt = zoneAt;
    this.expiresAt = expiresAt;
    this.sets = sets;
    this.#spans = spans;
    this.#known = known;
  }

  asAnswer(question: Question): FinalAnswer {
    const { kind, zoneAt, expiresAt } = this;
    const zone = nameFrom(question.name, zoneAt);
    const { rrsets, denials } = this.#known;
    const soa = rrsets.find(zone, TYPE.SOA, CLASS.IN);
    const records = this.#spans.map((span) => denials.read(span).ranked);
    return {
      kind,
      question,
      rcode: kind === 'nxdomain' ? RCODE.NXDOMAIN : RCODE.NOERROR,
      answer: [],
      authority: (soa === null ? records : [soa, ...records]).map((ranked): RankedRRset => ({ ...ranked, expiresAt })),
      additional: [],
      zone,
      server: null,
      expiresAt,
      isSynthesised: true,
    };
  }
}
