/**
 * Denial proofs by NSEC records (RFC 4035 §5.4, RFC 6840 §4, RFC 9824).
 *
 * Duties: find the records that match or cover, refuse those that do not speak for the name: from another zone, from the
 * wrong side of a cut, expanded from a wildcard.
 * Leaves to others: signatures (verified before), the rcode of the answer (compared after).
 */

import type { DenialFailure, DenialOutcome, WildcardOutcome } from '../terms/denial-outcome.ts';
import {
  commonAncestorAt,
  compareNames,
  isAtOrBelow,
  isBelow,
  labelCount,
  type Name,
  nameFrom,
  namesEqual,
  wildcardOf,
} from '../wire/name.ts';
import { readNsec } from '../wire/rdata-nsec.ts';
import { TYPE } from '../wire/rr-type.ts';
import { signedLabelCount } from '../wire/signed-labels.ts';
import type { TypeBitmap } from '../wire/type-bitmap.ts';
import type { DenialRecord, DeniedQuestion } from './denial-record.ts';
import { signedOwner } from './signed-data.ts';
import { asWildcard, checkTypes, cutsOffBelow } from './type-denial.ts';

/** Both ends of an NSEC record. */
interface Ends {
  readonly owner: Name;
  readonly next: Name;
}

/** One NSEC record that speaks for the zone. */
export interface NsecSpan extends Ends {
  readonly types: TypeBitmap;
}

/** Where NSEC records are found, all of which speak for the zone: those of an answer, or what is known. */
export interface NsecSource {
  /** The record at exactly this name; null when there is none. */
  match(name: Name): NsecSpan | null;
  /** A record whose span holds the name strictly, best one that speaks for what is below its owner; null when there is none. */
  cover(name: Name): NsecSpan | null;
}

/**
 * What verified NSEC records of `zone` (its keys made the signatures) prove of `question`: `nxdomain`, `nodata`,
 * `wildcard-nodata`; for type DS also `no-ds` and `no-cut`; else `not-proven`. The caller compares with the rcode.
 */
export function proveByNsec(question: DeniedQuestion, records: readonly DenialRecord[], zone: Name): DenialOutcome {
  const outcome = proveQuestion(question, records, zone);
  if (outcome.kind !== 'not-proven') return outcome;
  const misuse = findMisuse(records, zone);
  return misuse === null ? outcome : notProven(misuse);
}

/** A record that was bent to the question: it explains more than that nothing fits. */
function findMisuse(records: readonly DenialRecord[], zone: Name): DenialFailure | null {
  for (const { owner, rdata, signatureLabels } of records) {
    if (!isAtOrBelow(owner, zone)) continue;
    if (signatureLabels < signedLabelCount(owner)) return 'expanded-record';
    const next = readNsec(rdata)?.next;
    if (next !== undefined && !isAtOrBelow(next, zone)) return 'overreaching-record';
  }
  return null;
}

function proveQuestion(question: DeniedQuestion, records: readonly DenialRecord[], zone: Name): DenialOutcome {
  if (!isAtOrBelow(question.name, zone)) return notProven('name-not-in-zone');
  const spans = readSpans(records, zone);
  return spans.length === 0 ? notProven('no-records') : proveByNsecOf(new NsecList(spans), question);
}

/** What the records of a zone prove of a question for a name in it, as `proveByNsec` says it. */
export function proveByNsecOf(spans: NsecSource, question: DeniedQuestion): DenialOutcome {
  const { name } = question;
  const match = spans.match(name);
  if (match !== null) return checkTypes(match.types, question);
  const cover = findCover(spans, name);
  if ('why' in cover) return cover;
  // RFC 4035 §5.4 with RFC 4592 §2.2.2: a next name below the name makes the name an empty non-terminal.
  if (isBelow(cover.next, name)) {
    return question.type === TYPE.DS
      ? { kind: 'no-cut', isAlias: false }
      : { kind: 'nodata', isCompactNxdomain: false };
  }
  return denyWildcard(spans, cover, question);
}

/** The name does not exist: what of the wildcard that could stand for it? */
function denyWildcard(spans: NsecSource, cover: NsecSpan, question: DeniedQuestion): DenialOutcome {
  const wildcard = wildcardOf(closestEncloser(question.name, cover));
  // A wildcard that is longer than a name may be cannot exist.
  if (wildcard === null) return { kind: 'nxdomain' };
  const match = spans.match(wildcard);
  if (match !== null) return asWildcard(checkTypes(match.types, { name: wildcard, type: question.type }));
  const wildcardCover = findCover(spans, wildcard);
  if ('why' in wildcardCover) return notProven('wildcard-not-denied');
  // RFC 4592 §2.2.2: the wildcard is itself an empty non-terminal, and exists as such.
  return isBelow(wildcardCover.next, wildcard) ? { kind: 'wildcard-nodata' } : { kind: 'nxdomain' };
}

/**
 * Whether the records prove that `name`, answered from the wildcard below its ancestor of `closestEncloserLabels` labels
 * (the RRSIG's labels field), does not exist itself (RFC 4035 §5.3.4).
 */
export function proveWildcardByNsec(
  name: Name,
  closestEncloserLabels: number,
  records: readonly DenialRecord[],
  zone: Name,
): WildcardOutcome {
  if (!isBelow(name, zone) || closestEncloserLabels < labelCount(zone)) return notProven('name-not-in-zone');
  const spans = readSpans(records, zone);
  if (spans.length === 0) return notProven('no-records');
  const cover = findCover(new NsecList(spans), name);
  if ('why' in cover) return cover;
  // RFC 4035 §5.3.4: no closer match exists: the cover's closest encloser is the very one that the wildcard hangs from. An
  // empty non-terminal is its own closest encloser.
  const encloser = closestEncloser(name, cover);
  const isRight = labelCount(encloser) === closestEncloserLabels && encloser.length < name.length;
  return isRight ? { kind: 'proven' } : notProven('next-closer-not-covered');
}

/** Those records that speak for the zone at all. */
function readSpans(records: readonly DenialRecord[], zone: Name): NsecSpan[] {
  const spans: NsecSpan[] = [];
  for (let i = 0; i < records.length; i++) {
    const record = records[i] as DenialRecord;
    const nsec = readNsec(record.rdata);
    // CVE-2017-15105: an NSEC expanded from a wildcard stands for the wildcard's own owner, as signed, and no other.
    const owner = signedOwner(record.owner, record.signatureLabels);
    if (nsec === null || owner === null) continue;
    // RFC 4034 §4.1.1: owner and next owner are names of the zone.
    if (!isAtOrBelow(owner, zone) || !isAtOrBelow(nsec.next, zone)) continue;
    // RFC 4034 §4.1.1: only the last NSEC goes back, and then to the apex.
    if (compareNames(owner, nsec.next) >= 0 && !namesEqual(nsec.next, zone)) continue;
    spans.push({ owner, next: nsec.next, types: nsec.types });
  }
  return spans;
}

/** The records of an answer. */
class NsecList implements NsecSource {
  readonly #spans: readonly NsecSpan[];

  constructor(spans: readonly NsecSpan[]) {
    this.#spans = spans;
  }

  match(name: Name): NsecSpan | null {
    for (let i = 0; i < this.#spans.length; i++) {
      const span = this.#spans[i] as NsecSpan;
      if (namesEqual(span.owner, name)) return span;
    }
    return null;
  }

  cover(name: Name): NsecSpan | null {
    let first: NsecSpan | null = null;
    for (let i = 0; i < this.#spans.length; i++) {
      const span = this.#spans[i] as NsecSpan;
      if (!isInsideSpan(span, name)) continue;
      if (!isCutOff(span, name)) return span;
      first ??= span;
    }
    return first;
  }
}

/** RFC 6840 §4.1 and RFC 6672 §5.3.4.1: a delegation's or DNAME's record says nothing of what is below its owner. */
function isCutOff({ owner, types }: NsecSpan, name: Name): boolean {
  return isBelow(name, owner) && cutsOffBelow(types);
}

/** A record whose span holds the name, strictly; or why there is none. */
function findCover(spans: NsecSource, name: Name): NsecSpan | { readonly kind: 'not-proven'; why: DenialFailure } {
  const cover = spans.cover(name);
  if (cover === null) return notProven('name-not-covered');
  return isCutOff(cover, name) ? notProven('below-cut') : cover;
}

/** owner < name < next in canonical order; the last span of the zone has no upper end. */
export function isInsideSpan(span: Ends, name: Name): boolean {
  if (compareNames(span.owner, name) >= 0) return false;
  return compareNames(span.owner, span.next) >= 0 || compareNames(name, span.next) < 0;
}

/** The deepest existing ancestor of a covered name: both ends of the span exist, and all above them. */
export function closestEncloser(name: Name, cover: Ends): Name {
  return nameFrom(name, Math.min(commonAncestorAt(name, cover.owner), commonAncestorAt(name, cover.next)));
}

function notProven(why: DenialFailure): { readonly kind: 'not-proven'; readonly why: DenialFailure } {
  return { kind: 'not-proven', why };
}
