/**
 * Turns the records of a response into ranked RRsets, with life, rank and source, and keeps them.
 *
 * Duties: TTL caps (RFC 2181 §8), negative TTLs (RFC 2308 §5), ranks (RFC 2181 §5.4.1), alias steps, delegations.
 * Leaves to others: what the response is, which data wins (cache/rrset-cache.ts).
 */

import type { DelegatedServer, Delegation } from '../cache/delegation.ts';
import { packedOctetsOf } from '../cache/packed-rrset.ts';
import type { RRsetCache } from '../cache/rrset-cache.ts';
import type { AliasStep } from '../terms/iteration-result.ts';
import { RANK, type Rank } from '../terms/rank.ts';
import type { RankedRRset } from '../terms/ranked-rrset.ts';
import { ipText } from '../wire/ip.ts';
import { isUnspecified } from '../wire/ip-prefix.ts';
import { isRoot, type Name, nameKey, namesEqual } from '../wire/name.ts';
import type { Question } from '../wire/question.ts';
import { readTargetName } from '../wire/rdata-name.ts';
import { TYPE } from '../wire/rr-type.ts';
import { packRRset, rrsetType, sameRdatas } from '../wire/rrset.ts';
import type { RRsetGroup } from '../wire/rrsets.ts';
import type { AliasGroup } from './alias.ts';
import type { DelegationPoint } from './delegation.ts';
import { addressesPerSet, type CacheShare } from './message-bounds.ts';
import type { IterateOptions } from './options.ts';
import { negativeTtlOf, type Scrubbed } from './scrub.ts';

/** Life of a denial without an SOA, seconds (Unbound NORR_TTL): nothing says how long it holds. */
const DENIAL_WITHOUT_SOA_SECONDS = 5;

/** A response and where it is from. */
export interface ResponseSource {
  readonly rrsets: RRsetCache;
  readonly options: IterateOptions;
  /** Unix seconds at which the response came; all its TTLs count from then. */
  readonly now: number;
  /** `ip@port`. */
  readonly server: string;
  readonly zone: Name;
  readonly isAuthoritative: boolean;
  /** False for `stub-no-cache` and `forward-no-cache`. */
  readonly mayStore: boolean;
  /** Asked for on purpose to replace what is cached (refresh, a second try after bogus data). */
  readonly force: boolean;
  /** Octets of the cache that the response may fill. */
  readonly share: CacheShare;
}

/** The sections of a response as ranked RRsets. */
export interface KeptResponse {
  readonly steps: readonly AliasStep[];
  readonly answer: readonly RankedRRset[];
  readonly authority: readonly RankedRRset[];
  readonly additional: readonly RankedRRset[];
}

/** Keeps all of a response that is no referral. */
export function keepResponse(scrubbed: Scrubbed, question: Question, source: ResponseSource): KeptResponse {
  const { isAuthoritative } = source;
  const { chain } = scrubbed;
  const authorityRank = isAuthoritative ? RANK.authorityAuthoritative : RANK.authorityNonAuthoritative;
  const additionalRank = isAuthoritative ? RANK.additionalAuthoritative : RANK.additionalNonAuthoritative;
  const answerRank = (isFirst: boolean): Rank =>
    isAuthoritative && isFirst ? RANK.answerAuthoritative : RANK.answerNonAuthoritative;
  const authority = scrubbed.authority.map((group) => keepGroup(group, authorityRank, source));
  const proof = authority.filter(({ rrset }) => rrsetType(rrset) === TYPE.NSEC || rrsetType(rrset) === TYPE.NSEC3);
  // RFC 2181 §5.4.1: AA speaks of the first owner in the answer section, not of where aliases lead.
  const steps = chain.steps.map((step, i) => keepStep(step, question, answerRank(i === 0), { source, proof }));
  const dataRank = answerRank(chain.steps.length === 0);
  const [first] = chain.data;
  // A CNAME that a DNAME made is worth nothing without it, so it is not kept by itself.
  const isMade = (group: RRsetGroup): boolean => first?.type === TYPE.DNAME && group.type === TYPE.CNAME;
  const answer = chain.data.map((group) =>
    isMade(group) ? hold(group, dataRank, source) : keepGroup(group, dataRank, source),
  );
  const additional = scrubbed.additional.map((group) => keepGroup(group, additionalRank, source));
  return { steps, answer, authority, additional };
}

function keepStep(
  step: AliasGroup,
  question: Question,
  rank: Rank,
  { source, proof }: { readonly source: ResponseSource; readonly proof: readonly RankedRRset[] },
): AliasStep {
  const alias = keepGroup(step.alias, rank, source);
  const synthesised = step.synthesised === null ? null : hold(step.synthesised, rank, source);
  return { via: step.via, question: { ...question, name: step.from }, alias, synthesised, to: step.to, proof };
}

/** The group as a ranked RRset, offered to the cache; what the cache knows of the same data (its verdict) is taken. */
function keepGroup(group: RRsetGroup, rank: Rank, source: ResponseSource): RankedRRset {
  const ranked = hold(group, rank, source);
  if (!source.mayStore) return ranked;
  if (!source.share.take(packedOctetsOf(ranked))) return { ...ranked, leftOut: true };
  const inForce = source.rrsets.store(ranked, { force: source.force });
  // The same data of the same rank or a better one keeps its life: a child cannot prolong the parent's (ghost domain names).
  const endsSooner = inForce.rank >= ranked.rank && inForce.expiresAt < ranked.expiresAt;
  const isBetterKnown = inForce.verdict?.status === 'secure' || endsSooner;
  return isBetterKnown && sameRdatas(inForce.rrset, ranked.rrset) ? inForce : ranked;
}

function hold(group: RRsetGroup, rank: Rank, source: ResponseSource): RankedRRset {
  const { options, now, server, zone } = source;
  const isAuthority = rank === RANK.authorityAuthoritative || rank === RANK.authorityNonAuthoritative;
  const negative = group.type === TYPE.SOA && isAuthority ? negativeTtl(group, options) : null;
  const expiresAt = now + (negative ?? cappedTtl(group, options));
  const originalTtl = negative ?? group.ttl;
  const ranked = {
    rrset: packRRset(group),
    receivedAt: now,
    expiresAt,
    originalTtl,
    rank,
    verdict: null,
    server,
    zone,
  };
  return source.mayStore ? ranked : { ...ranked, notKept: true };
}

function cappedTtl({ ttl }: RRsetGroup, options: IterateOptions): number {
  return Math.max(options.minTtl, Math.min(options.maxTtl, ttl));
}

/** RFC 2308 §5: the lower of the SOA's TTL and its minimum field, capped. */
function negativeTtl(soa: RRsetGroup, options: IterateOptions): number {
  const ttl = negativeTtlOf(soa) ?? DENIAL_WITHOUT_SOA_SECONDS;
  return Math.max(options.minNegativeTtl, Math.min(options.maxNegativeTtl, ttl));
}

/** When an answer or denial stops being usable, unix seconds. */
export function expiryOf(kept: KeptResponse, isDenial: boolean, now: number): number {
  const hasSoa = kept.authority.some(({ rrset }) => rrsetType(rrset) === TYPE.SOA);
  let expiresAt = isDenial && !hasSoa ? now + DENIAL_WITHOUT_SOA_SECONDS : Number.POSITIVE_INFINITY;
  for (const ranked of [...kept.answer, ...kept.authority]) expiresAt = Math.min(expiresAt, ranked.expiresAt);
  return Number.isFinite(expiresAt) ? expiresAt : now;
}

/** Keeps what a referral says and makes the delegation of it, bound in life by the one above (ghost domain names). */
export function keepReferral(
  scrubbed: Scrubbed,
  ns: RRsetGroup,
  above: DelegationPoint,
  source: ResponseSource,
): Delegation {
  // RFC 2181 §5.4.1: the parent's NS set is authority data of an answer without AA; the way down is kept apart from it.
  keepGroup(ns, RANK.authorityNonAuthoritative, source);
  let hasDs = false;
  const denial: RankedRRset[] = [];
  for (const group of scrubbed.authority) {
    if (group === ns) continue;
    const isDs = group.type === TYPE.DS;
    // A DS of another name than the one referred to was not asked for.
    if (isDs && !namesEqual(group.owner, ns.owner)) continue;
    hasDs ||= isDs;
    // RFC 4035 §3.1.4: the parent is authoritative for DS and for the proof that there is none.
    const kept = keepGroup(group, RANK.authorityAuthoritative, source);
    if (group.type === TYPE.NSEC || group.type === TYPE.NSEC3) denial.push(kept);
  }
  for (const group of scrubbed.additional) keepGroup(group, RANK.glue, source);
  return {
    zone: ns.owner,
    servers: delegatedServers(ns, [...scrubbed.additional, ...scrubbed.chain.data]),
    source: 'referral',
    receivedAt: source.now,
    // The root cannot be withdrawn; what is below it must not die with the primed set.
    expiresAt: Math.min(
      source.now + cappedTtl(ns, source.options),
      isRoot(above.zone) ? Number.POSITIVE_INFINITY : above.expiresAt,
    ),
    hasDs,
    ...(hasDs || denial.length === 0 ? {} : { denial }),
  };
}

/** Server names of an NS set with the addresses that came along. */
function delegatedServers(ns: RRsetGroup, additional: readonly RRsetGroup[]): DelegatedServer[] {
  const byName = new Map<string, RRsetGroup[]>();
  for (const group of additional) {
    if (group.type !== TYPE.A && group.type !== TYPE.AAAA) continue;
    const key = nameKey(group.owner);
    const known = byName.get(key);
    if (known === undefined) byName.set(key, [group]);
    else known.push(group);
  }
  const most = addressesPerSet(ns.rdatas.length);
  return ns.rdatas.flatMap((rdata) => {
    const name = readTargetName(rdata);
    if (name === null) return [];
    const addresses = (byName.get(nameKey(name)) ?? []).flatMap((group) =>
      group.rdatas
        .slice(0, most)
        .filter((octets) => !isUnspecified(octets))
        .map(ipText),
    );
    return [{ name, addresses }];
  });
}
