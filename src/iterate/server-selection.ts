/**
 * Chooses the server to ask: the fastest and those not much slower, at random, so that others are measured too.
 *
 * Duties: leave out what need not be asked, rank the rest, choose inside a band.
 * Leaves to others: what must not be asked (address-rules.ts), learning (server-cache.ts), waiting, finding addresses.
 */

import type { KnownServer } from '../cache/known-server.ts';
import { familyOf } from '../cache/routes.ts';
import type { ServerCache } from '../cache/server-cache.ts';
import type { Address } from '../ports/network.ts';
import type { Random } from '../ports/random.ts';
import { addressText } from '../wire/address-text.ts';
import type { Name } from '../wire/name.ts';
import type { AddressRules } from './address-rules.ts';
import type { IterateOptions } from './options.ts';

/** Servers slower than the best by no more than this, ms, are as good as it (Unbound RTT_BAND). Exploration lives here. */
const BAND_MS = 400;
/** Added to the timeout of servers that are asked only when no better one is left, ms; above any timeout. */
const DNSSEC_LAME_PENALTY_MS = 240_000;
const RECURSION_LAME_PENALTY_MS = 360_000;
const LAME_PENALTY_MS = 480_000;
/** Added for a server that was of no use for the zone lately: it waits for those of whom that is not known, ms. */
const USELESS_PENALTY_MS = 60_000;
/** Added for a family that has no route at present, ms. */
const NO_ROUTE_PENALTY_MS = 120_000;
/** What costs so much or more is asked when nothing else can be found, ms: the smallest penalty. */
const LAST_CHOICE_MS = USELESS_PENALTY_MS;

/** A server address of a zone, and how it did in this resolution. */
export interface Candidate {
  readonly address: Address;
  /** `ip@port`. */
  readonly key: string;
  /** Over TLS: the name that the certificate must hold. */
  readonly tlsName: string | null;
  /** What is known of it for its zone, once it was looked up. */
  known: KnownServer | null;
  attempts: number;
  /** Questions of this resolution that it left unanswered. */
  timeouts: number;
  /** Told us in this resolution that asking again is pointless. */
  isUseless: boolean;
  /** Strips signatures, as seen in this resolution. */
  isDnssecLame: boolean;
  /** Answered the full question without any record, in this resolution. */
  wasEmpty: boolean;
}

/** What the choice depends on besides the candidates. */
interface SelectionParts {
  readonly servers: ServerCache;
  readonly random: Random;
  readonly options: IterateOptions;
  readonly addressRules: AddressRules;
}

/** What servers are asked for: silence and lameness count for it. */
interface ServerQuestion {
  readonly zone: Name;
  readonly type: number;
}

export function candidateOf(address: Address, tlsName: string | null = null): Candidate {
  const key = addressText(address);
  const inThisResolution = { attempts: 0, timeouts: 0, isUseless: false, isDnssecLame: false, wasEmpty: false };
  return { address, key, tlsName, known: null, ...inThisResolution };
}

/** What is known of a server of the zone, found once. */
export function knownOf(candidate: Candidate, zone: Name, servers: ServerCache): KnownServer {
  candidate.known ??= servers.at(candidate.key, zone);
  return candidate.known;
}

export interface Choice {
  readonly candidate: Candidate;
  /** What asking it is expected to cost with penalties, ms. */
  readonly cost: number;
  /** It failed already, or is known to fail the zone: servers that are not known yet may be better. */
  readonly isLastChoice: boolean;
}

/** The server to ask next; null when none is left. */
export function chooseServer(
  candidates: readonly Candidate[],
  asked: ServerQuestion,
  avoid: ReadonlySet<string>,
  parts: SelectionParts,
): Choice | null {
  const ranked = rank(candidates, asked, avoid, parts);
  if (ranked.length === 0) return null;
  const preferred = ranked.length === 1 ? ranked : bestOf(ranked, parts);
  const chosen = preferred[parts.random.below(preferred.length)];
  if (chosen === undefined) return null;
  const { candidate, cost } = chosen;
  return { candidate, cost, isLastChoice: cost >= LAST_CHOICE_MS || candidate.timeouts > 0 };
}

/** Those among which chance decides. */
function bestOf(ranked: readonly Ranked[], parts: SelectionParts): readonly Ranked[] {
  const pool = fastest(ranked, parts);
  let best = Number.POSITIVE_INFINITY;
  for (const { cost } of pool) best = Math.min(best, cost);
  const areAllGood = pool.every(({ cost, timeouts }) => cost <= best + BAND_MS && timeouts === 0);
  const inBand = areAllGood ? pool : leastSilent(pool.filter(({ cost }) => cost <= best + BAND_MS));
  return preferFamily(inBand, parts.options);
}

/** How many servers were neither asked now nor are known to have failed lately, and might be asked: the next question goes to them. */
export function countUntried(
  candidates: readonly Candidate[],
  asked: ServerQuestion,
  avoid: ReadonlySet<string>,
  parts: SelectionParts,
): number {
  const { servers } = parts;
  const isFresh = (each: Candidate): boolean =>
    each.attempts === 0 && servers.recentFailures.find(knownOf(each, asked.zone, servers)) === null;
  return rank(candidates.filter(isFresh), asked, avoid, parts).length;
}

/** Those that might be asked, with what that costs. */
function rank(
  candidates: readonly Candidate[],
  asked: ServerQuestion,
  avoid: ReadonlySet<string>,
  parts: SelectionParts,
): Ranked[] {
  // `outbound-msg-retry: 0` means that nothing is repeated, not that nothing is asked.
  const attempts = Math.max(1, parts.options.attemptsPerServer);
  const ranked: Ranked[] = [];
  for (const candidate of candidates) {
    if (candidate.attempts >= attempts || candidate.isUseless || avoid.has(candidate.key)) continue;
    if (!parts.addressRules.mayAsk(candidate.address.ip)) continue;
    const one = rankOf(candidate, asked, parts);
    if (one !== null) ranked.push(one);
  }
  return ranked;
}

/** A candidate with what asking it is expected to cost. */
interface Ranked {
  readonly candidate: Candidate;
  /** Milliseconds. */
  readonly cost: number;
  /** Questions of this resolution that it left unanswered, and one more when that has happened lately. */
  readonly timeouts: number;
}

/** Some questions go to the fastest servers only (`fast-server-permil`); the others keep the measures of all fresh. */
function fastest(ranked: readonly Ranked[], { options, random }: SelectionParts): readonly Ranked[] {
  const { permil, count } = options.fastServers;
  if (permil === 0 || random.below(1000) >= permil) return ranked;
  return [...ranked].sort((a, b) => a.cost - b.cost).slice(0, count);
}

/** What asking a server is expected to cost, with penalties; null when it is not to be asked. */
function rankOf(candidate: Candidate, { zone, type }: ServerQuestion, { servers }: SelectionParts): Ranked | null {
  const known = knownOf(candidate, zone, servers);
  const { lameness, isDead, timeoutMs, mayBeLameNoMore } = servers.info(known, type);
  if (isDead || (lameness === 'lame' && !mayBeLameNoMore)) return null;
  const failed = servers.recentFailures.find(known);
  let cost = timeoutMs;
  if (!servers.hasRoute(familyOf(candidate.key))) cost += NO_ROUTE_PENALTY_MS;
  if (lameness === 'lame') cost += LAME_PENALTY_MS;
  else if (lameness === 'recursion-lame') cost += RECURSION_LAME_PENALTY_MS;
  else if (lameness === 'dnssec-lame' || candidate.isDnssecLame) cost += DNSSEC_LAME_PENALTY_MS;
  else if (failed === 'useless' || candidate.wasEmpty) cost += USELESS_PENALTY_MS;
  return { candidate, cost, timeouts: candidate.timeouts + (failed === 'silent' ? 1 : 0) };
}

/** A server that has just timed out comes after the others: the band of round trip times would let it be chosen again. */
function leastSilent(ranked: readonly Ranked[]): readonly Ranked[] {
  const least = Math.min(...ranked.map(({ timeouts }) => timeouts));
  return ranked.filter(({ timeouts }) => timeouts === least);
}

function preferFamily(ranked: readonly Ranked[], options: IterateOptions): readonly Ranked[] {
  if (options.preferFamily === 'none') return ranked;
  const wantsIp6 = options.preferFamily === 'ip6';
  const preferred = ranked.filter(({ candidate }) => candidate.address.ip.includes(':') === wantsIp6);
  return preferred.length > 0 ? preferred : ranked;
}
