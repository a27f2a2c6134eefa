/**
 * Denial proofs by NSEC3 records (RFC 5155 §8, RFC 9276).
 *
 * Duties: closest encloser proof and what follows from it, opt-out, limits of iterations and hashes; refuse records that
 * do not speak for the zone.
 * Leaves to others: signatures (verified before), the rcode of the answer (compared after), yielding.
 */

import type { DenialFailure, DenialOutcome, WildcardOutcome } from '../terms/denial-outcome.ts';
import { bytesEqual, compareBytes, octetsOfBase32hex, readU8 } from '../wire/bytes.ts';
import {
  isAtOrBelow,
  isBelow,
  isNameAt,
  labelCount,
  lastLabels,
  type Name,
  namesEqual,
  parentOf,
  wildcardOf,
} from '../wire/name.ts';
import { NSEC3_FLAG_OPT_OUT, readNsec3 } from '../wire/rdata-nsec3.ts';
import type { DenialRecord, DeniedQuestion, Nsec3Span } from './denial-record.ts';
import { areEqualParameters, type HashParameters, type Nsec3Hasher } from './nsec3-hash.ts';
import { asWildcard, checkTypes, cutsOffBelow } from './type-denial.ts';

/** SHA-1, the only NSEC3 hash algorithm (RFC 5155 §11). */
const HASH_ALGORITHM_SHA1 = 1;
/** Octets of its output. */
const HASH_OCTETS = 20;
/**
 * Most sets of parameters looked at in one answer. A zone that changes its salt shows two chains at most; more would only
 * multiply the hashing.
 */
const MAX_PARAMETER_SETS = 2;
/** What NSEC3 proofs need beside the records. */
export interface Nsec3Parts {
  readonly hasher: Nsec3Hasher;
  /** Most iterations (RFC 9276 §3.2), chosen by the size of the zone's key (`val-nsec3-keysize-iterations`, 150). */
  readonly maxIterations: number;
}

/** What a wildcard answer needs proven. */
interface WildcardAnswer {
  readonly name: Name;
  /** Labels field of the answer's RRSIG: the closest encloser has this many labels. */
  readonly closestEncloserLabels: number;
}

/** Where the NSEC3 records of one chain are found, all of which speak for the zone: those of an answer, or what is known. */
export interface Nsec3Source {
  readonly parameters: HashParameters;
  /** The record of exactly this hash; null when there is none. */
  match(hash: Uint8Array): Pick<Nsec3Span, 'types'> | null;
  /** A record whose span holds the hash strictly; null when there is none. */
  cover(hash: Uint8Array): Pick<Nsec3Span, 'isOptOut'> | null;
}

/** Hashes names; null: no more of them. */
type Hashes = Pick<Nsec3Hasher, 'hash'>;

type NotProven = Extract<DenialOutcome, { readonly kind: 'not-proven' }>;
type Stopped = Extract<DenialOutcome, { readonly kind: 'iterations-too-high' | 'hash-budget' | 'not-proven' }>;
const HASH_BUDGET: Stopped = { kind: 'hash-budget' };

/**
 * What verified NSEC3 records of `zone` prove of `question`: `nxdomain`, `nodata`, `wildcard-nodata`, `opt-out`,
 * `iterations-too-high`, `hash-budget`; for type DS also `no-ds` and `no-cut`; else `not-proven`.
 */
export function proveByNsec3(
  question: DeniedQuestion,
  records: readonly DenialRecord[],
  zone: Name,
  parts: Nsec3Parts,
): DenialOutcome {
  if (!isAtOrBelow(question.name, zone)) return notProven('name-not-in-zone');
  const chains = readChains(records, zone, parts.maxIterations);
  if ('kind' in chains) return chains;
  let first: NotProven | null = null;
  for (const chain of chains) {
    const outcome = proveByChain(question, chain, zone, parts.hasher);
    if (outcome.kind !== 'not-proven') return outcome;
    first ??= outcome;
  }
  return first ?? notProven('no-records');
}

/** Whether the records prove that `answer.name` does not exist itself (RFC 5155 §8.8). */
export function proveWildcardByNsec3(
  answer: WildcardAnswer,
  records: readonly DenialRecord[],
  zone: Name,
  parts: Nsec3Parts,
): WildcardOutcome {
  const { name, closestEncloserLabels } = answer;
  const isPossible = closestEncloserLabels >= labelCount(zone) && closestEncloserLabels < labelCount(name);
  if (!isBelow(name, zone) || !isPossible) return notProven('name-not-in-zone');
  const chains = readChains(records, zone, parts.maxIterations);
  if ('kind' in chains) return chains;
  // RFC 5155 §8.8: the closest encloser is known from the labels field, so one cover of the next closer name is enough.
  const nextCloser = lastLabels(name, closestEncloserLabels + 1);
  for (const chain of chains) {
    const hash = parts.hasher.hash(nextCloser, chain.parameters);
    if (hash === null) return { kind: 'hash-budget' };
    const cover = chain.cover(hash);
    if (cover !== null) return cover.isOptOut ? { kind: 'opt-out', wildcard: 'unknown' } : { kind: 'proven' };
  }
  return notProven('next-closer-not-covered');
}

/** What a chain of the zone proves of a question for a name in it, as `proveByNsec3` says it. */
export function proveByChain(question: DeniedQuestion, chain: Nsec3Source, zone: Name, hasher: Hashes): DenialOutcome {
  const hash = hasher.hash(question.name, chain.parameters);
  if (hash === null) return HASH_BUDGET;
  // RFC 5155 §8.5, §8.6: a record that matches the name; its bitmap decides.
  const match = chain.match(hash);
  if (match !== null) return checkTypes(match.types, question);
  const enclosed = findClosestEncloser({ name: question.name, hash }, chain, zone, hasher);
  if ('kind' in enclosed) return enclosed;
  return checkWildcard(question, enclosed, chain, hasher);
}

/** A proven closest encloser (RFC 5155 §8.3). */
interface Enclosed {
  readonly closestEncloser: Name;
  /** The span over the next closer name has the opt-out flag. */
  readonly isOptOut: boolean;
}

interface HashedName {
  readonly name: Name;
  readonly hash: Uint8Array;
}

/** Walks up from a name that is not matched: the first matched ancestor, and a cover for the name one label longer. */
function findClosestEncloser(from: HashedName, chain: Nsec3Source, zone: Name, hasher: Hashes): Enclosed | Stopped {
  let nextCloser = from.name;
  let nextHash = from.hash;
  while (isBelow(nextCloser, zone)) {
    const candidate = parentOf(nextCloser);
    const hash = hasher.hash(candidate, chain.parameters);
    if (hash === null) return HASH_BUDGET;
    const match = chain.match(hash);
    if (match === null) {
      nextCloser = candidate;
      nextHash = hash;
      continue;
    }
    // RFC 5155 §8.3: no DNAME bit, and the NS bit only together with SOA: else the name lies beyond the zone.
    if (cutsOffBelow(match.types)) return notProven('below-cut');
    const cover = chain.cover(nextHash);
    return cover === null
      ? notProven('next-closer-not-covered')
      : { closestEncloser: candidate, isOptOut: cover.isOptOut };
  }
  return notProven('no-closest-encloser');
}

/** The name does not exist, or hides in an opt-out span: what of the wildcard that could stand for it? */
function checkWildcard(
  question: DeniedQuestion,
  { closestEncloser, isOptOut }: Enclosed,
  chain: Nsec3Source,
  hasher: Hashes,
): DenialOutcome {
  const wildcard = wildcardOf(closestEncloser);
  // A wildcard that is longer than a name may be cannot exist.
  if (wildcard === null) return isOptOut ? { kind: 'opt-out', wildcard: 'denied' } : { kind: 'nxdomain' };
  const hash = hasher.hash(wildcard, chain.parameters);
  if (hash === null) return HASH_BUDGET;
  const match = chain.match(hash);
  if (match !== null) {
    const denial = asWildcard(checkTypes(match.types, { name: wildcard, type: question.type }));
    // RFC 5155 §9.2: no AD bit when the next closer name is covered by an opt-out span.
    return isOptOut && denial.kind !== 'not-proven' ? { kind: 'opt-out', wildcard: 'nodata' } : denial;
  }
  const isCovered = chain.cover(hash) !== null;
  // RFC 5155 §8.6: for an unsigned delegation, the opt-out span is all that there is; no wildcard proof is sent with it.
  if (isOptOut) return { kind: 'opt-out', wildcard: isCovered ? 'denied' : 'unknown' };
  return isCovered ? { kind: 'nxdomain' } : notProven('wildcard-not-denied');
}

/** Those records that speak for the zone, by chain; or why none may be used. */
function readChains(
  records: readonly DenialRecord[],
  zone: Name,
  maxIterations: number,
): readonly Nsec3Source[] | Stopped {
  const chains: Nsec3List[] = [];
  for (let i = 0; i < records.length; i++) {
    const record = records[i] as DenialRecord;
    const span = nsec3SpanOf(record, zone);
    if (span === null) continue;
    const { iterations } = span.parameters;
    // RFC 9276 §3.2: above the limit the answer is treated as insecure, before anything is hashed.
    if (iterations > maxIterations) return { kind: 'iterations-too-high', iterations };
    const chain = chainOf(chains, span.parameters);
    if (chain !== undefined) chain.spans.push(span);
    else if (chains.length < MAX_PARAMETER_SETS) chains.push(new Nsec3List(span));
  }
  return chains.length === 0 ? notProven('no-records') : chains;
}

function chainOf(chains: readonly Nsec3List[], parameters: HashParameters): Nsec3List | undefined {
  return chains.find((chain) => areEqualParameters(chain.parameters, parameters));
}

/** The record as a span of the zone's chain: what was read of it for that zone before, else read now. */
export function nsec3SpanOf(record: DenialRecord, zone: Name): Nsec3Span | null {
  const { span, readFor } = record;
  const isRead = span !== undefined && readFor !== undefined && namesEqual(readFor, zone);
  return isRead ? span : readNsec3Span(record, zone);
}

/** The record as a span of the zone's chain, views on its octets; null when it speaks for nothing in the zone. */
export function readNsec3Span(record: DenialRecord, zone: Name): Nsec3Span | null {
  const nsec3 = readNsec3(record.rdata);
  // RFC 5155 §8.1: unknown hash types are ignored. RFC 5155 §8.2: so are flags other than opt-out.
  if (nsec3 === null || nsec3.hashAlgorithm !== HASH_ALGORITHM_SHA1) return null;
  if ((nsec3.flags & ~NSEC3_FLAG_OPT_OUT) !== 0 || nsec3.nextHash.length !== HASH_OCTETS) return null;
  const hash = ownerHash(record, zone);
  if (hash === null) return null;
  const { flags, iterations, salt, nextHash: next, types } = nsec3;
  return { parameters: { iterations, salt }, hash, next, isOptOut: (flags & NSEC3_FLAG_OPT_OUT) !== 0, types };
}

/** The hash in an owner's first label; null when the record does not stand directly below the apex as signed. */
function ownerHash(record: DenialRecord, zone: Name): Uint8Array | null {
  const { owner } = record;
  // RFC 5155 §3: the owner is the hash as one label before the zone's name; a wildcard expansion is none such.
  const above = 1 + readU8(owner, 0);
  if (owner.length !== above + zone.length || !isNameAt(owner, above, zone)) return null;
  if (record.signatureLabels !== labelCount(owner)) return null;
  const hash = octetsOfBase32hex(owner.subarray(1, 1 + readU8(owner, 0)));
  return hash !== null && hash.length === HASH_OCTETS ? hash : null;
}

/** The records of one chain in an answer. */
class Nsec3List implements Nsec3Source {
  readonly parameters: HashParameters;
  readonly spans: Nsec3Span[];

  constructor(first: Nsec3Span) {
    this.parameters = first.parameters;
    this.spans = [first];
  }

  match(hash: Uint8Array): Nsec3Span | null {
    for (let i = 0; i < this.spans.length; i++) {
      const span = this.spans[i] as Nsec3Span;
      if (bytesEqual(span.hash, hash)) return span;
    }
    return null;
  }

  /** The last one of a chain wraps around (RFC 5155 §3.1.7). */
  cover(hash: Uint8Array): Nsec3Span | null {
    for (let i = 0; i < this.spans.length; i++) {
      const span = this.spans[i] as Nsec3Span;
      if (isInsideHashes(span, hash)) return span;
    }
    return null;
  }
}

/** hash of owner < hash < hash of next, in the circle of the chain. */
export function isInsideHashes(span: Pick<Nsec3Span, 'hash' | 'next'>, hash: Uint8Array): boolean {
  const afterOwner = compareBytes(span.hash, hash) < 0;
  const beforeNext = compareBytes(hash, span.next) < 0;
  if (compareBytes(span.hash, span.next) < 0) return afterOwner && beforeNext;
  // A chain of one record covers all but its own hash.
  return !bytesEqual(span.hash, hash) && (afterOwner || beforeNext);
}

function notProven(why: DenialFailure): NotProven {
  return { kind: 'not-proven', why };
}
