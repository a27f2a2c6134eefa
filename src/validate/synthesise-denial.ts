/**
 * Denials made from validated NSEC and NSEC3 records that are known already, without asking anybody (RFC 8198, aggressive-nsec).
 *
 * Duties: gather the records that could deny a question, have them proven like records of an answer, add the SOA, bound
 * the TTL and the hashing. Only NXDOMAIN, NODATA and wildcard NODATA are made: nothing is ever answered from a wildcard's data.
 * Leaves to others: which zones may speak for a name besides (configured zones, negative anchors: `maySpeak`), what
 * records prove (dnssec/nsec.ts, dnssec/nsec3.ts), keeping records (keep-spans.ts).
 */

import type { DenialCache, DenialSpan, HashedSpan } from '../cache/denial-cache.ts';
import type { RRsetCache } from '../cache/rrset-cache.ts';
import type { DenialRecord } from '../dnssec/denial-record.ts';
import { proveByNsec } from '../dnssec/nsec.ts';
import { proveByNsec3 } from '../dnssec/nsec3.ts';
import { hashCost, Nsec3Hasher } from '../dnssec/nsec3-hash.ts';
import type { Clock } from '../ports/clock.ts';
import type { Crypto } from '../ports/crypto.ts';
import type { DenialOutcome } from '../terms/denial-outcome.ts';
import type { FinalAnswer } from '../terms/iteration-result.ts';
import type { RankedRRset } from '../terms/ranked-rrset.ts';
import { bytesEqual, readU8 } from '../wire/bytes.ts';
import { commonAncestor, isBelow, isRoot, type Name, namesEqual, parentOf, wildcardOf } from '../wire/name.ts';
import type { Question } from '../wire/question.ts';
import { RCODE } from '../wire/rcode.ts';
import { readSoa } from '../wire/rdata-soa.ts';
import { CLASS, TYPE } from '../wire/rr-type.ts';
import { rdatasOf, rrsetOwner } from '../wire/rrset.ts';
import { signedLabelCount } from '../wire/signed-labels.ts';

interface KnownSpans {
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

/** A denial that follows from known records; secure. Null when they do not prove one. */
export function synthesiseDenial(
  known: KnownSpans,
  question: Question,
  maySpeak: (zone: Name) => boolean,
): FinalAnswer | null {
  const { name, type } = question;
  // ANY is denied only by NXDOMAIN, and bitmaps cannot say that of a name that exists.
  if (question.class !== CLASS.IN || type === TYPE.ANY) return null;
  let spans: SpansAndHasher | null = null;
  // RFC 4035 §3.1.4.1: DS belongs to the parent side of the cut, so the zone at the name itself says nothing of it.
  const start = type === TYPE.DS && !isRoot(name) ? readU8(name, 0) + 1 : 0;
  for (let at = start; at < name.length; at += readU8(name, at) + 1) {
    if (!known.denials.hasZone(name, at)) continue;
    const zone = name.slice(at) as Name;
    if (!maySpeak(zone)) continue;
    spans ??= { ...known, hasher: new Nsec3Hasher(known.crypto, MAX_SYNTHESIS_HASHES) };
    const end = denyByZone(spans, question, zone);
    if (end !== null) return end;
  }
  return null;
}

/** Known spans, and what hashes names to look for them. */
interface SpansAndHasher extends KnownSpans {
  readonly hasher: Nsec3Hasher;
}

/** What known records of a zone prove. */
interface Proof {
  readonly kind: 'nxdomain' | 'nodata';
  readonly spans: readonly Span[];
}

/** A span of either kind. */
type Span = Pick<DenialSpan, 'ranked' | 'learntAt'>;

function denyByZone(known: SpansAndHasher, question: Question, zone: Name): FinalAnswer | null {
  const proof = proveByNames(known.denials, question, zone) ?? proveByHashes(known, question, zone);
  if (proof === null) return null;
  const { kind, spans } = proof;
  const soa = known.rrsets.find(zone, TYPE.SOA, CLASS.IN);
  // RFC 2308 §3: a denial without its SOA could not be kept by those who get it; an unproven one would spoil the proof.
  if (soa === null || soa.verdict?.status !== 'secure') return null;
  const expiresAt = earliestExpiry(soa, spans, known.clock.unixSeconds());
  return expiresAt === null ? null : endOf(question, kind, { zone, soa, spans, expiresAt });
}

function proveByNames(denials: DenialCache, question: Question, zone: Name): Proof | null {
  const spans = gather(denials, question.name, zone);
  const kind = spans === null ? null : kindOf(proveByNsec(question, spans.map(recordOf), zone));
  return spans === null || kind === null ? null : { kind, spans };
}

function proveByHashes({ denials, hasher }: SpansAndHasher, question: Question, zone: Name): Proof | null {
  const chain = denials.chainOf(zone);
  if (chain === null) return null;
  const digests = hashCost(chain);
  const hash = (name: Name): Uint8Array | null =>
    hasher.digests + digests > MAX_SYNTHESIS_DIGESTS ? null : hasher.hash(name, chain);
  const spans = gatherHashed({ denials, zone, hash }, question.name);
  if (spans === null) return null;
  const limits = { hasher, maxIterations: chain.iterations };
  const kind = kindOf(proveByNsec3(question, spans.map(recordOf), zone, limits));
  return kind === null ? null : { kind, spans };
}

function recordOf({ ranked: { rrset } }: Span): DenialRecord {
  const owner = rrsetOwner(rrset);
  // Only records that stand at their own owner are kept (keep-spans.ts).
  return { owner, rdata: rdatasOf(rrset)[0] ?? new Uint8Array(), signatureLabels: signedLabelCount(owner) };
}

/** When the shortest-lived part ends, unix seconds (RFC 8198 §5.4); null when one has ended already. */
function earliestExpiry(soa: RankedRRset, spans: readonly Span[], now: number): number | null {
  const minimum = readSoa(rdatasOf(soa.rrset)[0] ?? new Uint8Array())?.minimum ?? 0;
  // RFC 2308 §5: the SOA's minimum field bounds a denial; RFC 9077 §3.3: from the time that its records came on.
  let expiresAt = Math.min(soa.expiresAt, now + minimum);
  for (const { ranked, learntAt } of spans) expiresAt = Math.min(expiresAt, ranked.expiresAt, learntAt + minimum);
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
  return namesEqual(denial.owner, cover.owner) ? [cover] : [cover, denial];
}

/** The deepest ancestor that exists: both ends of the span do, and all above them. */
function closestEncloser(name: Name, { owner, next }: DenialSpan): Name {
  const withOwner = commonAncestor(name, owner);
  const withNext = commonAncestor(name, next);
  return withOwner.length >= withNext.length ? withOwner : withNext;
}

/** A zone's chain of NSEC3 records, as far as it is known. */
interface KnownChain {
  readonly denials: DenialCache;
  readonly zone: Name;
  /** Null: that would be too much hashing. */
  readonly hash: (name: Name) => Uint8Array | null;
}

/**
 * The NSEC3 records for the name, or those of its closest encloser, next closer name and wildcard (RFC 5155 §8.3); null when
 * some are not known. An ancestor whose record is not known may exist all the same: then its hash starts a span, and no span
 * covers it, so what is gathered never denies it.
 */
function gatherHashed({ denials, zone, hash }: KnownChain, name: Name): readonly HashedSpan[] | null {
  let nextHash = hash(name);
  if (nextHash === null) return null;
  const match = denials.findHashMatch(zone, nextHash);
  if (match !== null) return [match];
  for (let nextCloser = name; isBelow(nextCloser, zone); ) {
    const ancestor = parentOf(nextCloser);
    const ancestorHash = hash(ancestor);
    if (ancestorHash === null) return null;
    const encloser = denials.findHashMatch(zone, ancestorHash);
    if (encloser !== null) {
      const cover = denials.findHashCover(zone, nextHash);
      return cover === null ? null : withWildcard({ denials, zone, hash }, ancestor, [encloser, cover]);
    }
    nextCloser = ancestor;
    nextHash = ancestorHash;
  }
  return null;
}

/** The spans with the one that matches or covers the wildcard at the closest encloser, each once; null when it is not known. */
function withWildcard(
  { denials, zone, hash }: KnownChain,
  closestEncloser: Name,
  spans: readonly HashedSpan[],
): readonly HashedSpan[] | null {
  const wildcard = wildcardOf(closestEncloser);
  const wildcardHash = wildcard === null ? null : hash(wildcard);
  if (wildcardHash === null) return null;
  const denial = denials.findHashMatch(zone, wildcardHash) ?? denials.findHashCover(zone, wildcardHash);
  if (denial === null) return null;
  return spans.some(({ hash: known }) => bytesEqual(known, denial.hash)) ? spans : [...spans, denial];
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
  readonly soa: RankedRRset;
  readonly spans: readonly Span[];
  readonly expiresAt: number;
}

function endOf(
  question: Question,
  kind: 'nxdomain' | 'nodata',
  { zone, soa, spans, expiresAt }: DenialParts,
): FinalAnswer {
  return {
    kind,
    question,
    rcode: kind === 'nxdomain' ? RCODE.NXDOMAIN : RCODE.NOERROR,
    answer: [],
    authority: [soa, ...spans.map(({ ranked }) => ranked)].map((ranked) => ({ ...ranked, expiresAt })),
    additional: [],
    zone,
    server: null,
    expiresAt,
  };
}
