/**
 * What the caches hold of a question and of what it rests on: since when, until when, and why so long (`explain --cached`).
 * Nothing is asked, counted or moved by looking, but for the order of use.
 *
 * Since when: what came from a server or was proven, from then on, over a restart with its cache file too, which is our own memory. What a
 * dump or a store of other hosts gave counts from when it was taken: a dump says but how long, and another host's clock may be wrong.
 */

import type { CachedAnswer } from '../cache/cached-answer.ts';
import type { CachedFailure } from '../cache/failure-cache.ts';
import type { CachedKey } from '../cache/key-cache.ts';
import type { SecurityStatus } from '../cache/packed-trust.ts';
import type { HeldLine } from '../explain/report.ts';
import type { Clock } from '../ports/clock.ts';
import type { Resolver } from '../resolve/resolver.ts';
import { failureText } from '../terms/failure-text.ts';
import { RANK, type Rank } from '../terms/rank.ts';
import type { RankedRRset } from '../terms/ranked-rrset.ts';
import type { Resolution } from '../terms/resolution.ts';
import type { Verdict } from '../terms/verdict.ts';
import { verdictText } from '../terms/verdict-text.ts';
import type { Name } from '../wire/name.ts';
import { formatName } from '../wire/name-text.ts';
import { type Question, questionText } from '../wire/question.ts';
import { rcodeText } from '../wire/rcode.ts';
import { readRrsig } from '../wire/rdata-rrsig.ts';
import { CLASS, typeText } from '../wire/rr-type.ts';
import { signaturesOf } from '../wire/rrset.ts';
import { serialDifference } from '../wire/serial.ts';
import type { Caches } from './caches.ts';

/** Where data came from, by rank (RFC 2181 §5.4.1). */
const RANK_TEXT: Readonly<Record<Rank, string>> = {
  [RANK.additionalNonAuthoritative]: 'beside a referral',
  [RANK.authorityNonAuthoritative]: 'beside an answer of no authority',
  [RANK.additionalAuthoritative]: 'beside an authoritative answer',
  [RANK.answerNonAuthoritative]: 'from an answer of no authority',
  [RANK.glue]: 'glue of a referral',
  [RANK.authorityAuthoritative]: 'from the authority section of an authoritative answer',
  [RANK.answerAuthoritative]: 'from an authoritative answer',
  [RANK.validated]: 'from an answer that was validated',
  [RANK.configured]: 'configured',
};

const SHORT_HOLD = 'held for a short time only (val-bogus-ttl), then asked again';

/** Why the trust of a zone is held for as long as it is. */
const HELD_AS_ZONE: Readonly<Record<SecurityStatus<CachedKey>['status'], string>> = {
  secure: 'held for the shortest TTL of its DS and keys, and no longer than their signatures',
  insecure: 'held for the TTL of what proves it',
  bogus: SHORT_HOLD,
  indeterminate: SHORT_HOLD,
};

/** Servers of a zone that are named; the root has 13. */
const MAX_SERVERS = 13;

/** Where it is looked for. */
interface HeldParts {
  readonly caches: Caches;
  readonly resolver: Pick<Resolver, 'peek'>;
  readonly clock: Clock;
}

/** All lines, the answer first. */
export function heldLines({ caches, resolver, clock }: HeldParts, question: Question): readonly HeldLine[] {
  const now = clock.unixSeconds();
  const { name, type } = question;
  const answer = caches.answers.findStale(question);
  const failure = caches.failures.find(question);
  const set = caches.rrsets.findStale(name, type, CLASS.IN);
  const trust = caches.keys.closest(name);
  const delegation = caches.delegations.findDeepest(name);
  return [
    ...(answer === null ? impliedLines(resolver.peek(question)) : [answerLine(question, answer, now)]),
    ...(failure === null ? [] : [failureLine(failure)]),
    ...(set === null ? [] : [setLine(name, type, set, now)]),
    ...(trust === null ? [] : [trustLine(trust)]),
    ...(delegation === null ? [] : [delegationLine(delegation)]),
  ];
}

function answerLine(question: Question, { found, verdict, storedAt, expiresAt }: CachedAnswer, now: number): HeldLine {
  const { rcode, kind } = found.end;
  const what = kind === 'answer' ? 'answer' : 'denial';
  const says = verdict === null ? 'not validated yet' : saidOf(verdict);
  const isGood = verdict === null || verdict.status === 'secure' || verdict.status === 'insecure';
  const length = isGood ? 'held for the shortest of its TTLs, and no longer than its signatures' : SHORT_HOLD;
  const stale = expiresAt <= now ? '; expired, kept for when its servers cannot be reached (serve-expired)' : '';
  return {
    what: `${what} to ${questionText(question)}, ${rcodeText(rcode)}`,
    since: storedAt,
    until: expiresAt,
    why: `${says}; ${length}${stale}`,
  };
}

/** A denial that is not held itself, but follows from proofs that are: since the last of them came. */
function impliedLines(known: Resolution | null): readonly HeldLine[] {
  if (known?.kind !== 'answered' || known.verdict === null) return [];
  const { question, rcode, answer, authority, verdict, expiresAt } = known;
  return [
    {
      what: `denial to ${questionText(question)}, ${rcodeText(rcode)}`,
      since: Math.max(...[...answer, ...authority].map(({ receivedAt }) => receivedAt)),
      until: expiresAt,
      why: `${saidOf(verdict)}; follows from the denials that are held (harden-below-nxdomain, aggressive-nsec), nobody is asked`,
    },
  ];
}

/** Status, and why where it is not secure. */
function saidOf(verdict: Verdict): string {
  return verdict.status === 'secure' ? 'secure' : `${verdict.status}: ${verdictText(verdict)}`;
}

function failureLine({ question, why, expiresAt, failedAt, times }: CachedFailure): HeldLine {
  const says = 'failure' in why ? failureText(why.failure) : verdictText(why.verdict);
  const often = times > 1 ? ` (${times} times in a row, each wait longer than the last)` : '';
  return {
    what: `failure of ${questionText(question)}`,
    since: failedAt,
    until: expiresAt,
    why: `${says}; not tried again before that${often}`,
  };
}

function setLine(name: Name, type: number, ranked: RankedRRset, now: number): HeldLine {
  const { receivedAt, expiresAt, originalTtl, rank, server, verdict } = ranked;
  const from = server === null ? '' : ` of ${server}`;
  const end = expiresAt <= now ? '; expired' : '';
  const isCut = isEndOfSignature(ranked);
  const isBad = verdict?.status === 'bogus' || verdict?.status === 'indeterminate';
  const length = isBad ? SHORT_HOLD : isCut ? 'held until its signature runs out' : `TTL ${originalTtl} s`;
  return {
    what: `records ${formatName(name)} ${typeText(type)}`,
    since: receivedAt,
    until: expiresAt,
    why: `${verdict?.status ?? 'not validated yet'}, ${RANK_TEXT[rank]}${from}; ${length}${end}`,
  };
}

function isEndOfSignature({ rrset, expiresAt }: RankedRRset): boolean {
  return signaturesOf(rrset).some((rdata) => {
    const expiration = readRrsig(rdata)?.expiration;
    // RFC 4034 §3.1.5: serial numbers of 32 bits.
    return expiration !== undefined && serialDifference(expiration, expiresAt) === 0;
  });
}

function trustLine(trust: NonNullable<ReturnType<Caches['keys']['closest']>>): HeldLine {
  const { zone, status, storedAt, expiresAt } = trust;
  const says = trust.status === 'secure' ? `${trust.keys.length} keys proven` : verdictText(trust);
  return {
    what: `trust of zone ${formatName(zone)}`,
    since: storedAt,
    until: Number.isFinite(expiresAt) ? expiresAt : null,
    why: `${status}: ${says}; ${HELD_AS_ZONE[status]}`,
  };
}

function delegationLine({
  zone,
  servers,
  source,
  receivedAt,
  expiresAt,
}: NonNullable<ReturnType<Caches['delegations']['findDeepest']>>): HeldLine {
  const names = servers
    .slice(0, MAX_SERVERS)
    .map(({ name }) => formatName(name))
    .join(' ');
  return {
    what: `servers of zone ${formatName(zone)}`,
    since: receivedAt,
    until: expiresAt,
    why: `${names} (from ${source}); held for the TTL of the NS records, and no longer than the delegation above`,
  };
}
