/**
 * A set of local zones: the server's, or a view's. Changed at run time by the control channel.
 *
 * Duties: find the zone of a name among those a client sees; add and remove zones and records; list them in the order that
 * Unbound lists them. Leaves to others: what a zone answers (answer-zone.ts), who sees which set (client-policy.ts).
 */

import type { Counters } from '../trace/counters.ts';
import { commonAncestor, isRoot, type Name, nameKey, parentOf } from '../wire/name.ts';
import { parseRecord } from '../wire/record-text.ts';
import { CLASS, classText, TYPE } from '../wire/rr-type.ts';
import { rdatasOf, rrsetOwner, rrsetType } from '../wire/rrset.ts';
import type { ResourceRecord, TimedRRset } from '../wire/rrsets.ts';
import { eachInPieces, type Steps } from '../wire/steps.ts';
import { LocalZone, type ZoneType } from './local-zone.ts';
import type { NameFilter } from './name-filter.ts';
import { sortInSteps } from './name-order.ts';
import { TOO_MANY } from './record-sets.ts';
import { type TagSet, tagsMeet } from './tags.ts';

/** TTL of local data that is written without one, seconds (Unbound's). */
export const LOCAL_DATA_TTL_SECONDS = 3600;

/** Records that are looked at in one piece. */
const RECORDS_PER_PIECE = 1000;

export class LocalZones {
  readonly #zones = new Map<string, LocalZone>();
  readonly #filter: NameFilter;
  readonly #counters: Pick<Counters, 'add'>;

  /** `filter` is told of every name that may be answered from here; records above the bounds of a name are counted. */
  constructor(filter: NameFilter, counters: Pick<Counters, 'add'>) {
    this.#filter = filter;
    this.#counters = counters;
  }

  get size(): number {
    return this.#zones.size;
  }

  /** The zone of exactly this name. */
  get(name: Name): LocalZone | null {
    return this.#zones.get(nameKey(name)) ?? null;
  }

  /**
   * The deepest zone that a question's name is in. A DS stands in the zone above the cut (RFC 4035 §3.1.4.1). `tags` are the
   * client's: a tagged zone is seen only with one of its tags; null: all zones are seen.
   */
  find(name: Name, type: number, tags: TagSet | null): LocalZone | null {
    const key = nameKey(type === TYPE.DS && !isRoot(name) ? parentOf(name) : name);
    for (let at = 0; ; ) {
      const zone = this.#zones.get(at === 0 ? key : key.slice(at));
      if (zone !== undefined && (tags === null || zone.tags === null || tagsMeet(zone.tags, tags))) return zone;
      const length = key.charCodeAt(at);
      if (length === 0) return null;
      at += 1 + length;
    }
  }

  /** Adds a zone; one that is there gets the type and keeps its records. */
  addZone(name: Name, type: ZoneType): LocalZone {
    const known = this.get(name);
    if (known !== null) known.type = type;
    const zone = known ?? new LocalZone(name, type);
    this.#zones.set(nameKey(name), zone);
    this.#filter.add(name);
    return zone;
  }

  /** Takes a zone out, its records with it; false when there was none. */
  removeZone(name: Name): boolean {
    return this.#zones.delete(nameKey(name));
  }

  /** Adds a record given as text; returns why not. A name in no zone gets a transparent one of its own. */
  addRecordText(text: string): string | null {
    const record = parseRecord(text, { ttl: LOCAL_DATA_TTL_SECONDS });
    return 'error' in record ? record.error : this.addRecord(record);
  }

  /** Adds a record; returns why not. A name in no zone gets a transparent one of its own. */
  addRecord(record: ResourceRecord): string | null {
    if (record.class !== CLASS.IN) return `local data has class IN only, not ${classText(record.class)}`;
    const { owner, type } = record;
    const zone = this.find(owner, type, null) ?? this.addZone(owner, 'transparent');
    this.#filter.add(owner);
    const problem = zone.add(record);
    if (problem === TOO_MANY) this.#counters.add('limit.policy-records');
    return problem;
  }

  /** Takes out all records of a name; false when there were none. */
  removeData(name: Name): boolean {
    // A DS at the name stands in the zone above.
    const here = this.find(name, TYPE.A, null)?.remove(name) ?? false;
    const above = this.find(name, TYPE.DS, null);
    return (above?.removeType(name, TYPE.DS) ?? false) || here;
  }

  /** Takes out one record; false when it was not there. */
  removeRecord(record: ResourceRecord): boolean {
    return this.find(record.owner, record.type, null)?.removeRecord(record) ?? false;
  }

  /**
   * Makes one transparent zone for those of the names that are in no zone, at the name that they all share, as Unbound does
   * for the local-data lines of a configuration.
   */
  *addImplicitZone(records: readonly ResourceRecord[]): Steps<void> {
    let shared = null as Name | null;
    yield* eachInPieces(records, RECORDS_PER_PIECE, ({ owner, type }) => {
      if (this.find(owner, type, null) === null) shared = shared === null ? owner : commonAncestor(shared, owner);
    });
    if (shared === null) return;
    // Not through addZone: a transparent zone answers only for names that have records, and those are told to the filter.
    this.#zones.set(nameKey(shared), new LocalZone(shared, 'transparent'));
  }

  /** All zones, in Unbound's order; null: a step of work was done, and others may have their turn. */
  *list(): Generator<LocalZone | null> {
    yield* yield* sortInSteps(this.#zones.values());
  }

  /** All records, zone by zone, in Unbound's order; null as in `list`. */
  *listRecords(): Generator<ResourceRecord | null> {
    for (const zone of this.list()) {
      // A zone without records is work too.
      yield null;
      if (zone === null) continue;
      const names = yield* sortInSteps(zone.names());
      for (const { sets } of names) for (const set of [...sets.list()]) yield* recordsOf(set);
    }
  }
}

function* recordsOf({ rrset, ttl }: TimedRRset): Generator<ResourceRecord> {
  const [owner, type] = [rrsetOwner(rrset), rrsetType(rrset)];
  for (const rdata of rdatasOf(rrset)) yield { owner, ttl, class: CLASS.IN, type, rdata };
}
