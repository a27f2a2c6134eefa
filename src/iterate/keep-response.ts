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
import { isRoot, type Name, namesEqual } from '../wire/name.ts';
import type { Question } from '../wire/question.ts';
import { readTargetName } from '../wire/rdata-name.ts';
import { TYPE } from '../wire/rr-type.ts';
import { firstRdatasOf, rdataCount, rdatasOf, rrsetType, sameRdatas } from '../wire/rrset.ts';
import type { KeyedRRset } from '../wire/rrsets.ts';
import type { AliasGroup } from './alias.ts';
import type { DelegationPoint } from './delegation.ts';
import { addressesPerSet, type CacheShare } from './message-bounds.ts';
import type { IterateOptions } from './options.ts';
import { negativeTtlOf, type Scrubbed } from './scrub.ts';

/** Life of a denial without an SOA, seconds (Unbound NORR_TTL): nothing says how long it holds. */
const DENIAL_WITHOUT_SOA_SECONDS = 5;

const NO_SETS: readonly RankedRRset[] = [];
const NO_STEPS: readonly AliasStep[] = [];

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
  const { steps, data } = scrubbed.chain;
  const authorityRank = isAuthoritative ? RANK.authorityAuthoritative : RANK.authorityNonAuthoritative;
  const additionalRank = isAuthoritative ? RANK.additionalAuthoritative : RANK.additionalNonAuthoritative;
  const authority = keepSets(scrubbed.authority, authorityRank, source);
  // RFC 2181 §5.4.1: AA speaks of the first owner in the answer section, not of where aliases lead.
  const firstRank = isAuthoritative ? RANK.answerAuthoritative : RANK.answerNonAuthoritative;
  return {
    steps: steps.length === 0 ? NO_STEPS : keepSteps(steps, question, { source, authority, firstRank }),
    answer: keepData(data, steps.length === 0 ? firstRank : RANK.answerNonAuthoritative, source),
    authority,
    additional: keepSets(scrubbed.additional, additionalRank, source),
  };
}

function keepSets(sets: readonly KeyedRRset[], rank: Rank, source: ResponseSource): readonly RankedRRset[] {
  const first = sets[0];
  if (first === undefined) return NO_SETS;
  const kept = [keepSet(first, rank, source)];
  for (let i = 1; i < sets.length; i++) kept.push(keepSet(sets[i] as KeyedRRset, rank, source));
  return kept;
}

function keepData(sets: readonly KeyedRRset[], rank: Rank, source: ResponseSource): readonly RankedRRset[] {
  const first = sets[0];
  if (first?.type !== TYPE.DNAME) return keepSets(sets, rank, source);
  // A CNAME that a DNAME made is worth nothing without it, so it is not kept by itself.
  return sets.map((set) => (set.type === TYPE.CNAME ? hold(set, rank, source) : keepSet(set, rank, source)));
}

/** What alias steps are kept with. */
interface StepSource {
  readonly source: ResponseSource;
  readonly authority: readonly RankedRRset[];
  /** Rank of the first step. */
  readonly firstRank: Rank;
}

function keepSteps(
  steps: readonly AliasGroup[],
  question: Question,
  { source, authority, firstRank }: StepSource,
): readonly AliasStep[] {
  const proof = authority.filter(({ rrset }) => isDenialType(rrsetType(rrset)));
  return steps.map((step, i) => {
    const rank = i === 0 ? firstRank : RANK.answerNonAuthoritative;
    const alias = keepSet(step.alias, rank, source);
    const synthesised = step.synthesised === null ? null : hold(step.synthesised, rank, source);
    return { via: step.via, question: { ...question, name: step.from }, alias, synthesised, to: step.to, proof };
  });
}

function isDenialType(type: number): boolean {
  return type === TYPE.NSEC || type === TYPE.NSEC3;
}

/** The set as a ranked RRset, offered to the cache; what the cache knows of the same data (its verdict) is taken. */
function keepSet(set: KeyedRRset, rank: Rank, source: ResponseSource): RankedRRset {
  const ranked = hold(set, rank, source);
  if (!source.mayStore) return ranked;
  if (!source.share.take(packedOctetsOf(ranked))) return { ...ranked, leftOut: true };
  const inForce = source.rrsets.store(ranked, source);
  if (inForce === ranked) return ranked;
  // The same data of the same rank or a better one keeps its life: a child cannot prolong the parent's (ghost domain names).
  const endsSooner = inForce.rank >= ranked.rank && inForce.expiresAt < ranked.expiresAt;
  const isBetterKnown = inForce.verdict?.status === 'secure' || endsSooner;
  return isBetterKnown && sameRdatas(inForce.rrset, ranked.rrset) ? inForce : ranked;
}

function hold(set: KeyedRRset, rank: Rank, source: ResponseSource): RankedRRset {
  const { options, now, server, zone } = source;
  const isAuthority = rank === RANK.authorityAuthoritative || rank === RANK.authorityNonAuthoritative;
  const negative = set.type === TYPE.SOA && isAuthority ? negativeTtl(set, options) : null;
  const ranked = {
    rrset: set.rrset,
    receivedAt: now,
    expiresAt: now + (negative ?? cappedTtl(set, options)),
    originalTtl: negative ?? set.ttl,
    rank,
    verdict: null,
    server,
    zone,
  };
  return source.mayStore ? ranked : { ...ranked, notKept: true };
}

function cappedTtl({ ttl }: KeyedRRset, options: IterateOptions): number {
  return Math.max(options.minTtl, Math.min(options.maxTtl, ttl));
}

/** RFC 2308 §5: the lower of the SOA's TTL and its minimum field, capped. */
function negativeTtl(soa: KeyedRRset, options: IterateOptions): number {
  const ttl = negativeTtlOf(soa) ?? DENIAL_WITHOUT_SOA_SECONDS;
  return Math.max(options.minNegativeTtl, Math.min(options.maxNegativeTtl, ttl));
}

/** When an answer or denial stops being usable, unix seconds. */
export function expiryOf(kept: KeptResponse, isDenial: boolean, now: number): number {
  let hasSoa = false;
  let expiresAt = Number.POSITIVE_INFINITY;
  for (const ranked of kept.answer) expiresAt = Math.min(expiresAt, ranked.expiresAt);
  for (const ranked of kept.authority) {
    expiresAt = Math.min(expiresAt, ranked.expiresAt);
    hasSoa ||= rrsetType(ranked.rrset) === TYPE.SOA;
  }
  if (isDenial && !hasSoa) expiresAt = Math.min(expiresAt, now + DENIAL_WITHOUT_SOA_SECONDS);
  return Number.isFinite(expiresAt) ? expiresAt : now;
}

/** Keeps what a referral says and makes the delegation of it, bound in life by the one above (ghost domain names). */
export function keepReferral(
  scrubbed: Scrubbed,
  ns: KeyedRRset,
  above: DelegationPoint,
  source: ResponseSource,
): Delegation {
  // RFC 2181 §5.4.1: the parent's NS set is authority data of an answer without AA; the way down is kept apart from it.
  keepSet(ns, RANK.authorityNonAuthoritative, source);
  let hasDs = false;
  const denial: RankedRRset[] = [];
  for (const set of scrubbed.authority) {
    if (set === ns) continue;
    const isDs = set.type === TYPE.DS;
    // A DS of another name than the one referred to was not asked for.
    if (isDs && !namesEqual(set.owner, ns.owner)) continue;
    hasDs ||= isDs;
    // RFC 4035 §3.1.4: the parent is authoritative for DS and for the proof that there is none.
    const kept = keepSet(set, RANK.authorityAuthoritative, source);
    if (isDenialType(set.type)) denial.push(kept);
  }
  for (const set of scrubbed.additional) keepSet(set, RANK.glue, source);
  const ends = source.now + cappedTtl(ns, source.options);
  const delegation = {
    zone: ns.owner,
    servers: delegatedServers(ns, scrubbed),
    source: 'referral' as const,
    receivedAt: source.now,
    // The root cannot be withdrawn; what is below it must not die with the primed set.
    expiresAt: isRoot(above.zone) ? ends : Math.min(ends, above.expiresAt),
    hasDs,
  };
  return hasDs || denial.length === 0 ? delegation : { ...delegation, denial };
}

/** Server names of an NS set with the addresses that came along. */
function delegatedServers({ rrset }: KeyedRRset, { additional, chain }: Scrubbed): DelegatedServer[] {
  const most = addressesPerSet(rdataCount(rrset));
  const servers: DelegatedServer[] = [];
  for (const rdata of rdatasOf(rrset)) {
    const name = readTargetName(rdata);
    if (name === null) continue;
    const addresses: string[] = [];
    addAddresses(additional, name, most, addresses);
    addAddresses(chain.data, name, most, addresses);
    servers.push({ name, addresses });
  }
  return servers;
}

/** Adds the addresses of a name, of each family no more than `most`. */
function addAddresses(sets: readonly KeyedRRset[], name: Name, most: number, addresses: string[]): void {
  for (const { type, owner, rrset } of sets) {
    if ((type !== TYPE.A && type !== TYPE.AAAA) || !namesEqual(owner, name)) continue;
    for (const octets of firstRdatasOf(rrset, most)) if (!isUnspecified(octets)) addresses.push(ipText(octets));
  }
}
