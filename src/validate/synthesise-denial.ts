/**
 * Denials made from validated NSEC records that are known already, without asking anybody (RFC 8198, aggressive-nsec).
 *
 * Duties: gather the records that could deny a question, have them proven like records of an answer, add the SOA, bound
 * the TTL. Only NXDOMAIN, NODATA and wildcard NODATA are made: nothing is ever answered from a wildcard's data.
 * Leaves to others: which zones may speak for a name besides (configured zones, negative anchors: `maySpeak`), what
 * records prove (dnssec/nsec.ts), keeping records (learn-spans.ts).
 */

import type { DenialCache, DenialSpan } from '../cache/denial-cache.ts';
import type { RRsetCache } from '../cache/rrset-cache.ts';
import { proveByNsec } from '../dnssec/nsec.ts';
import type { Clock } from '../ports/clock.ts';
import type { DenialOutcome } from '../terms/denial-outcome.ts';
import type { End } from '../terms/found.ts';
import type { HeldRRset } from '../terms/held-rrset.ts';
import { commonAncestor, isBelow, isRoot, type Name, parentOf, wildcardOf } from '../wire/name.ts';
import type { Question } from '../wire/question.ts';
import { RCODE } from '../wire/rcode.ts';
import { readSoa } from '../wire/rdata-soa.ts';
import { CLASS, TYPE } from '../wire/rr-type.ts';
import { rdatasOf, rrsetOwner } from '../wire/rrset.ts';
import { signedLabelCount } from '../wire/signed-labels.ts';

interface KnownSpans {
  readonly clock: Clock;
  readonly denials: DenialCache;
  /** For the zones' SOA records. */
  readonly rrsets: RRsetCache;
}

/** A denial that follows from known records; secure. Null when they do not prove one. */
export function synthesiseDenial(known: KnownSpans, question: Question, maySpeak: (zone: Name) => boolean): End | null {
  const { name, type } = question;
  // ANY is denied only by NXDOMAIN, and bitmaps cannot say that of a name that exists.
  if (question.class !== CLASS.IN || type === TYPE.ANY) return null;
  // RFC 4035 §3.1.4.1: DS belongs to the parent side of the cut, so the zone at the name itself says nothing of it.
  let zone = type === TYPE.DS && !isRoot(name) ? parentOf(name) : name;
  for (;;) {
    const end = maySpeak(zone) ? denyByZone(known, question, zone) : null;
    if (end !== null || isRoot(zone)) return end;
    zone = parentOf(zone);
  }
}

function denyByZone(known: KnownSpans, question: Question, zone: Name): End | null {
  const spans = gather(known.denials, question.name, zone);
  if (spans === null) return null;
  const records = spans.map(({ owner, nsec }) => ({
    owner,
    rdata: rdatasOf(nsec.rrset)[0] ?? new Uint8Array(),
    signatureLabels: signedLabelCount(rrsetOwner(nsec.rrset)),
  }));
  const kind = kindOf(proveByNsec(question, records, zone));
  const soa = known.rrsets.find(zone, TYPE.SOA, CLASS.IN);
  // RFC 2308 §3: a denial without its SOA could not be kept by those who get it; an unproven one would spoil the proof.
  if (kind === null || soa === null || soa.verdict?.status !== 'secure') return null;
  const expiresAt = earliestExpiry(soa, spans, known.clock.unixSeconds());
  return expiresAt === null ? null : endOf(question, kind, { zone, soa, spans, expiresAt });
}

/** When the shortest-lived part ends, unix seconds (RFC 8198 §5.4); null when one has ended already. */
function earliestExpiry(soa: HeldRRset, spans: readonly DenialSpan[], now: number): number | null {
  const minimum = readSoa(rdatasOf(soa.rrset)[0] ?? new Uint8Array())?.minimum ?? 0;
  // RFC 2308 §5: the SOA's minimum field bounds a denial; RFC 9077 §3.3: from the time that its records came on.
  let expiresAt = Math.min(soa.expiresAt, now + minimum);
  for (const { nsec, learntAt } of spans) expiresAt = Math.min(expiresAt, nsec.expiresAt, learntAt + minimum);
  return expiresAt > now ? expiresAt : null;
}

/** The records for the name, and for the wildcard that could stand for it; null when some are not known. */
function gather(denials: DenialCache, name: Name, zone: Name): readonly DenialSpan[] | null {
  const match = denials.findMatch(zone, name);
  if (match !== null) return [match];
  const cover = denials.findCover(zone, name);
  if (cover === null) return null;
  // RFC 4592 §2.2.2: an empty non-terminal exists, and no wildcard stands for it.
  if (isBelow(cover.next, name)) return [cover];
  const wildcard = wildcardOf(closestEncloser(name, cover));
  if (wildcard === null) return null;
  const denial = denials.findMatch(zone, wildcard) ?? denials.findCover(zone, wildcard);
  if (denial === null) return null;
  return denial === cover ? [cover] : [cover, denial];
}

/** The deepest ancestor that exists: both ends of the span do, and all above them. */
function closestEncloser(name: Name, { owner, next }: DenialSpan): Name {
  const withOwner = commonAncestor(name, owner);
  const withNext = commonAncestor(name, next);
  return withOwner.length >= withNext.length ? withOwner : withNext;
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

interface DenialParts {
  readonly zone: Name;
  readonly soa: HeldRRset;
  readonly spans: readonly DenialSpan[];
  readonly expiresAt: number;
}

function endOf(question: Question, kind: 'nxdomain' | 'nodata', { zone, soa, spans, expiresAt }: DenialParts): End {
  return {
    kind,
    question,
    rcode: kind === 'nxdomain' ? RCODE.NXDOMAIN : RCODE.NOERROR,
    answer: [],
    authority: [soa, ...spans.map(({ nsec }) => nsec)].map((held) => ({ ...held, expiresAt })),
    additional: [],
    zone,
    server: null,
    expiresAt,
  };
}
