/**
 * The known spans of a zone as what denials are proven by: read where they lie, all of them secure and well-formed (keep-spans.ts).
 * Which were used stands in `used`, in order. Leaves to others: what they prove (dnssec/nsec.ts, dnssec/nsec3.ts).
 */

import type { DenialCache } from '../cache/denial-cache.ts';
import type { ChainParameters, KnownZone } from '../cache/known-zone.ts';
import { NO_SPAN } from '../cache/span-store.ts';
import type { NsecSource, NsecSpan } from '../dnssec/nsec.ts';
import type { Nsec3Source } from '../dnssec/nsec3.ts';
import { readU16 } from '../wire/bytes.ts';
import { type Name, nameEnd } from '../wire/name.ts';
import { nsec3TypesAt } from '../wire/rdata-nsec3.ts';
import { OWNER_AT, type PlacedRRset, placedRdataAt } from '../wire/rrset.ts';
import type { TypeBitmap } from '../wire/type-bitmap.ts';

class UsedSpans {
  readonly used: number[] = [];
  protected readonly zone: KnownZone;
  protected readonly place: PlacedRRset;
  readonly #denials: DenialCache;

  /** `place` is pointed at one record after another. */
  constructor(denials: DenialCache, zone: KnownZone, place: PlacedRRset) {
    this.#denials = denials;
    this.zone = zone;
    this.place = place;
  }

  /** Notes a span as used, and where it lies. */
  protected use(span: number): void {
    if (!this.used.includes(span)) this.used.push(span);
    this.#denials.place(span, this.place);
  }
}

/** Spans between names. */
export class KnownNames extends UsedSpans implements NsecSource {
  match(name: Name): NsecSpan | null {
    return this.#read(this.zone.match(name));
  }

  cover(name: Name): NsecSpan | null {
    return this.#read(this.zone.cover(name));
  }

  #read(span: number): NsecSpan | null {
    if (span === NO_SPAN) return null;
    this.use(span);
    const { octets, at } = this.place;
    const rdataAt = placedRdataAt(this.place);
    const nextEnd = nameEnd(octets, rdataAt);
    // Views: they are gone before anything is kept or dropped.
    const owner = octets.subarray(at + OWNER_AT, rdataAt - 2) as Name;
    const next = octets.subarray(rdataAt, nextEnd) as Name;
    return { owner, next, types: octets.subarray(nextEnd, rdataAt + readU16(octets, rdataAt - 2)) };
  }
}

interface HashesParts {
  readonly chain: ChainParameters;
  readonly place: PlacedRRset;
}

const WITHOUT_OPT_OUT = { isOptOut: false };

/** Spans between hashes. */
export class KnownHashes extends UsedSpans implements Nsec3Source {
  readonly parameters: ChainParameters;

  constructor(denials: DenialCache, zone: KnownZone, { chain, place }: HashesParts) {
    super(denials, zone, place);
    this.parameters = chain;
  }

  match(hash: Uint8Array): { readonly types: TypeBitmap } | null {
    const span = this.zone.matchHash(hash);
    if (span === NO_SPAN) return null;
    this.use(span);
    const { octets } = this.place;
    const rdataAt = placedRdataAt(this.place);
    return { types: octets.subarray(nsec3TypesAt(octets, rdataAt), rdataAt + readU16(octets, rdataAt - 2)) };
  }

  cover(hash: Uint8Array): { readonly isOptOut: boolean } | null {
    const span = this.zone.coverHash(hash);
    if (span === NO_SPAN) return null;
    this.use(span);
    return WITHOUT_OPT_OUT;
  }
}
