/**
 * Groups single records into RRsets with their RRSIGs attached by covered type.
 *
 * Duties: one set per owner (without case), type and class, in order of first appearance; lowest TTL of a set
 * (RFC 2181 §5.2). Leaves to others: bailiwick, whether the signatures verify, duplicates (dropped when packed).
 */

import type { MessageView, SectionRange } from './message-view.ts';
import { type Name, namesEqual } from './name.ts';
import { rrsetKey } from './question.ts';
import { coveredType } from './rdata-rrsig.ts';
import { TYPE } from './rr-type.ts';
import { packRRset, type RRset, type RRsetParts } from './rrset.ts';

/** One record with uncompressed rdata. */
export interface ResourceRecord {
  readonly owner: Name;
  /** Seconds. */
  readonly ttl: number;
  readonly class: number;
  readonly type: number;
  readonly rdata: Uint8Array;
}

/** The parts of an RRset and its TTL. */
interface RRsetGroup extends RRsetParts {
  /** Lowest TTL of all records and RRSIGs of the set, seconds (RFC 2181 §5.2). */
  readonly ttl: number;
}

/** A packed RRset and its TTL in seconds. */
export interface TimedRRset {
  readonly rrset: RRset;
  readonly ttl: number;
}

/** The same with what tells it from other sets, to be had without looking into it. */
export interface KeyedRRset extends TimedRRset {
  readonly owner: Name;
  readonly type: number;
  readonly class: number;
}

interface OpenGroup {
  readonly owner: Name;
  readonly type: number;
  readonly class: number;
  readonly rdatas: Uint8Array[];
  readonly signatures: Uint8Array[];
  ttl: number;
}

/** Records of one section of a message, in order. */
export function recordsOf(message: MessageView, range: SectionRange): ResourceRecord[] {
  const records: ResourceRecord[] = [];
  for (let i = range.start; i < range.end; i++) records.push(recordAt(message, i));
  return records;
}

export function recordAt(message: MessageView, index: number): ResourceRecord {
  return {
    owner: message.owner(index),
    ttl: message.ttl(index),
    class: message.class(index),
    type: message.type(index),
    rdata: message.rdata(index),
  };
}

/** What tells one set from another. */
type SetIdentity = Pick<RRsetParts, 'owner' | 'type' | 'class'>;

/** Sets above which they are found by key: making a key costs as much as comparing with so many. */
const MAX_COMPARED = 12;

/** Sets, found by owner (without case), type and class; of equal ones the first. In order of coming. */
export class SetIndex<S extends SetIdentity> {
  readonly list: S[];
  #byKey: Map<string, S> | null = null;

  /** Of what is in the list. */
  constructor(list: S[] = []) {
    this.list = list;
  }

  add(set: S): void {
    this.list.push(set);
    if (this.#byKey !== null) addByKey(this.#byKey, set);
  }

  find(owner: Name, type: number, rrClass: number): S | undefined {
    if (this.list.length > MAX_COMPARED) return this.#keyed().get(rrsetKey(owner, type, rrClass));
    for (const set of this.list) {
      if (set.type === type && set.class === rrClass && namesEqual(set.owner, owner)) return set;
    }
    return undefined;
  }

  #keyed(): Map<string, S> {
    if (this.#byKey === null) {
      this.#byKey = new Map();
      for (const set of this.list) addByKey(this.#byKey, set);
    }
    return this.#byKey;
  }
}

function addByKey<S extends SetIdentity>(byKey: Map<string, S>, set: S): void {
  const key = rrsetKey(set.owner, set.type, set.class);
  if (!byKey.has(key)) byKey.set(key, set);
}

/**
 * Groups records into RRsets. RRSIGs whose covered set is not among the records form a set of type RRSIG, so that a
 * question for RRSIG or ANY keeps its answer.
 */
export function groupRecords(records: Iterable<ResourceRecord>): RRsetGroup[] {
  const groups = new SetIndex<OpenGroup>();
  const signatures: ResourceRecord[] = [];
  for (const record of records) {
    if (record.type === TYPE.RRSIG) signatures.push(record);
    else addRdata(groups, record);
  }
  for (const record of signatures) {
    const covered = groups.find(record.owner, coveredType(record.rdata), record.class);
    if (covered === undefined || covered.type === TYPE.RRSIG) {
      addRdata(groups, record);
      continue;
    }
    covered.signatures.push(record.rdata);
    covered.ttl = Math.min(covered.ttl, record.ttl);
  }
  return groups.list;
}

function addRdata(groups: SetIndex<OpenGroup>, record: ResourceRecord): void {
  const { owner, type, class: rrClass, ttl, rdata } = record;
  const group = groups.find(owner, type, rrClass);
  if (group === undefined) {
    groups.add({ owner, type, class: rrClass, rdatas: [rdata], signatures: [], ttl });
    return;
  }
  group.rdatas.push(rdata);
  group.ttl = Math.min(group.ttl, ttl);
}

/** Groups records and packs each group. */
export function packRecords(records: Iterable<ResourceRecord>): TimedRRset[] {
  return groupRecords(records).map((group) => ({ rrset: packRRset(group), ttl: group.ttl }));
}
