/**
 * Groups single records into RRsets with their RRSIGs attached by covered type.
 *
 * Duties: one set per owner (without case), type and class, in order of first appearance; lowest TTL of a set
 * (RFC 2181 §5.2). Leaves to others: bailiwick, whether the signatures verify, duplicates (dropped when packed).
 */

import type { MessageView, SectionRange } from './message-view.ts';
import type { Name } from './name.ts';
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
export interface RRsetGroup extends RRsetParts {
  /** Lowest TTL of all records and RRSIGs of the set, seconds (RFC 2181 §5.2). */
  readonly ttl: number;
}

/** A packed RRset and its TTL in seconds. */
export interface TimedRRset {
  readonly rrset: RRset;
  readonly ttl: number;
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
  for (let i = range.start; i < range.end; i++) {
    const owner = message.owner(i);
    records.push({
      owner,
      ttl: message.ttl(i),
      class: message.class(i),
      type: message.type(i),
      rdata: message.rdata(i),
    });
  }
  return records;
}

/** How many sets are made at most; records of others are left out, and reported. */
export interface GroupBound {
  readonly maxSets: number;
  readonly onLeftOut: () => void;
}

const NO_BOUND: GroupBound = { maxSets: Number.POSITIVE_INFINITY, onLeftOut: () => {} };

/**
 * Groups records into RRsets. RRSIGs whose covered set is not among the records form a set of type RRSIG, so that a
 * question for RRSIG or ANY keeps its answer.
 */
export function groupRecords(records: Iterable<ResourceRecord>, bound: GroupBound = NO_BOUND): RRsetGroup[] {
  const groups = new Map<string, OpenGroup>();
  const signatures: ResourceRecord[] = [];
  for (const record of records) {
    if (record.type === TYPE.RRSIG) signatures.push(record);
    else addRdata(groups, record, bound);
  }
  for (const record of signatures) {
    const covered = groups.get(rrsetKey(record.owner, coveredType(record.rdata), record.class));
    if (covered === undefined || covered.type === TYPE.RRSIG) {
      addRdata(groups, record, bound);
      continue;
    }
    covered.signatures.push(record.rdata);
    covered.ttl = Math.min(covered.ttl, record.ttl);
  }
  return [...groups.values()];
}

function addRdata(groups: Map<string, OpenGroup>, record: ResourceRecord, bound: GroupBound): void {
  const { owner, type, class: rrClass, ttl, rdata } = record;
  const key = rrsetKey(owner, type, rrClass);
  const group = groups.get(key);
  if (group === undefined && groups.size >= bound.maxSets) {
    bound.onLeftOut();
    return;
  }
  if (group === undefined) {
    groups.set(key, { owner, type, class: rrClass, rdatas: [rdata], signatures: [], ttl });
    return;
  }
  group.rdatas.push(rdata);
  group.ttl = Math.min(group.ttl, ttl);
}

/** Groups records and packs each group. */
export function packRecords(records: Iterable<ResourceRecord>): TimedRRset[] {
  return groupRecords(records).map((group) => ({ rrset: packRRset(group), ttl: group.ttl }));
}
