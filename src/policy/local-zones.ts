/**
 * A set of local zones: the server's, or a view's. Changed at run time by the control channel.
 *
 * Duties: find the zone of a name among those a client sees; add and remove zones and records; list them in the order that
 * Unbound lists them. Leaves to others: what a zone answers (answer-zone.ts), who sees which set (client-policy.ts).
 */

import type { Counters } from '../trace/counters.ts';
import { commonAncestor, isRoot, type Name, nameKey, nameOfKey, parentOf } from '../wire/name.ts';
import { parseRecord } from '../wire/record-text.ts';
import { CLASS, classText, TYPE } from '../wire/rr-type.ts';
import { rdatasOf, rrsetOwner, rrsetType } from '../wire/rrset.ts';
import type { ResourceRecord, TimedRRset } from '../wire/rrsets.ts';
import { LocalZone, type ZoneType } from './local-zone.ts';
import type { NameFilter } from './name-filter.ts';
import { sortKeysInSteps } from './name-order.ts';
import { TOO_MANY } from './record-sets.ts';
import { type TagSet, tagsMeet } from './tags.ts';

/** TTL of local data that is written without one, seconds (Unbound's). */
export const LOCAL_DATA_TTL_SECONDS = 3600;

/**
 * What is held for a name: a zone, only the type of one that has no more than that, as those of block lists, or how it is made when
 * somebody wants it.
 */
type Held = LocalZone | ZoneType | (() => LocalZone);

export class LocalZones {
  /** By key of the name. */
  readonly #zones = new Map<string, Held>();
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

  /** True when there is a zone of exactly this name. */
  has(name: Name, key: string = nameKey(name)): boolean {
    return this.#zones.has(key);
  }

  /** The zone of exactly this name, which may be changed. */
  get(name: Name): LocalZone | null {
    const key = nameKey(name);
    return this.#zones.has(key) ? this.#kept(key) : null;
  }

  /** The zone of a key that is held; from now on it is there as a whole. */
  #kept(key: string): LocalZone {
    const zone = zoneOf(key, this.#zones.get(key) ?? 'transparent');
    this.#zones.set(key, zone);
    return zone;
  }

  /**
   * The deepest zone that a question's name is in. A DS stands in the zone above the cut (RFC 4035 §3.1.4.1). `tags` are the
   * client's: a tagged zone is seen only with one of its tags; null: all zones are seen. For reading: a change of it may be
   * lost.
   */
  find(name: Name, type: number, tags: TagSet | null): LocalZone | null {
    const key = this.#keyAbove(name, type, tags);
    if (key === null) return null;
    const held = this.#zones.get(key) ?? 'transparent';
    return typeof held === 'function' ? this.#kept(key) : zoneOf(key, held);
  }

  /** Key of what `find` finds. */
  #keyAbove(name: Name, type: number, tags: TagSet | null): string | null {
    const whole = nameKey(type === TYPE.DS && !isRoot(name) ? parentOf(name) : name);
    for (let at = 0; ; ) {
      const key = at === 0 ? whole : whole.slice(at);
      const held = this.#zones.get(key);
      if (held !== undefined && isSeenWith(held, tags)) return key;
      const length = whole.charCodeAt(at);
      if (length === 0) return null;
      at += 1 + length;
    }
  }

  /** Adds a zone; one that is there gets the type and keeps its records. `key`: that of the name, where it is at hand. */
  addZone(name: Name, type: ZoneType, key: string = nameKey(name)): void {
    const known = this.#zones.get(key);
    this.#filter.add(name);
    if (known !== undefined && typeof known !== 'string') this.#kept(key).type = type;
    else this.#zones.set(key, isSpelled(name, key) ? type : new LocalZone(name, type));
  }

  /** Adds a zone that is not there yet and that clients without any tag see, too; `make` is called when it is wanted first. */
  addLater(name: Name, make: () => LocalZone, key: string = nameKey(name)): void {
    this.#filter.add(name);
    this.#zones.set(key, make);
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
    const above = this.#keyAbove(owner, type, null);
    if (above === null) this.addZone(owner, 'transparent');
    this.#filter.add(owner);
    const problem = this.#kept(above ?? nameKey(owner)).add(record);
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
   * The name shared by a record's owner and those before it (`shared`; null: none), as far as they are in no zone: there Unbound
   * makes one transparent zone for the local-data lines of a configuration.
   */
  sharedName(shared: Name | null, { owner, type }: ResourceRecord): Name | null {
    if (this.#keyAbove(owner, type, null) !== null) return shared;
    return shared === null ? owner : commonAncestor(shared, owner);
  }

  /** Makes that zone. */
  addImplicitZone(shared: Name): void {
    // Not through addZone: a transparent zone answers only for names that have records, and those are told to the filter.
    this.#zones.set(nameKey(shared), new LocalZone(shared, 'transparent'));
  }

  /** All zones, in Unbound's order; null: a step of work was done, and others may have their turn. */
  *list(): Generator<LocalZone | null> {
    for (const key of yield* sortKeysInSteps(this.#zones.keys())) {
      const held = this.#zones.get(key);
      // It may have been taken out meanwhile.
      yield held === undefined ? null : zoneOf(key, held);
    }
  }

  /** All records, zone by zone, in Unbound's order; null as in `list`. */
  *listRecords(): Generator<ResourceRecord | null> {
    for (const zone of this.list()) {
      // A zone without records is work too.
      yield null;
      if (zone === null) continue;
      for (const key of yield* sortKeysInSteps(zone.keys())) {
        const sets = zone.find(nameOfKey(key))?.sets.list() ?? [];
        for (const set of [...sets]) yield* recordsOf(set);
      }
    }
  }
}

function zoneOf(key: string, held: Held): LocalZone {
  if (typeof held === 'function') return held();
  return typeof held === 'string' ? new LocalZone(nameOfKey(key), held) : held;
}

/** True for a zone without tags, and for one that has a tag of these; null: all. */
function isSeenWith(held: Held, tags: TagSet | null): boolean {
  return typeof held !== 'object' || tags === null || held.tags === null || tagsMeet(held.tags, tags);
}

/** True when the name has no capitals: then its key says all. */
function isSpelled(name: Name, key: string): boolean {
  for (let i = 0; i < name.length; i++) if (name[i] !== key.charCodeAt(i)) return false;
  return true;
}

function* recordsOf({ rrset, ttl }: TimedRRset): Generator<ResourceRecord> {
  const [owner, type] = [rrsetOwner(rrset), rrsetType(rrset)];
  for (const rdata of rdatasOf(rrset)) yield { owner, ttl, class: CLASS.IN, type, rdata };
}
