/**
 * Chooses the server to ask: the fastest and those not much slower, at random, so that others are measured too.
 *
 * Duties: leave out what need not be asked, rank the rest, choose inside a band.
 * Leaves to others: what must not be asked (address-rules.ts), learning (server-cache.ts), waiting, finding addresses.
 */

import type { KnownServer } from '../cache/known-server.ts';
import { familyOf } from '../cache/routes.ts';
import type { ServerCache } from '../cache/server-cache.ts';
import type { Random } from '../ports/random.ts';
import type { Name } from '../wire/name.ts';
import type { ServerAddress } from './address-rules.ts';
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
export interface Candidate extends ServerAddress {
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
  /** When it was ranked last: what asking it is expected to cost, with penalties, ms; null: it is not to be asked. */
  cost: number | null;
  /** The same: questions of this resolution that it left unanswered, and one more when that has happened lately. */
  silences: number;
}

/** What the choice depends on besides the candidates. */
interface SelectionParts {
  readonly servers: ServerCache;
  readonly random: Random;
  readonly options: IterateOptions;
}

/** What servers are asked for: silence and lameness count for it. */
interface ServerQuestion {
  readonly zone: Name;
  readonly type: number;
}

export function candidateOf({ address, key, mayBeAsked }: ServerAddress, tlsName: string | null = null): Candidate {
  return {
    address,
    key,
    mayBeAsked,
    tlsName,
    known: null,
    attempts: 0,
    timeouts: 0,
    isUseless: false,
    isDnssecLame: false,
    wasEmpty: false,
    cost: null,
    silences: 0,
  };
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
  const count = rank(candidates, asked, avoid, parts);
  const preferred = count > 1 ? bestOf(candidates, parts) : candidates;
  const among = preferred === candidates ? count : preferred.length;
  const chosen = among === 0 ? null : nthRanked(preferred, parts.random.below(among));
  if (chosen === null || chosen.cost === null) return null;
  const { cost } = chosen;
  return { candidate: chosen, cost, isLastChoice: cost >= LAST_CHOICE_MS || chosen.timeouts > 0 };
}

/** Of those that may be asked the one after so many others. */
function nthRanked(candidates: readonly Candidate[], after: number): Candidate | null {
  let left = after;
  for (const candidate of candidates) if (candidate.cost !== null && left-- === 0) return candidate;
  return null;
}

/** Those among which chance decides: mostly all that may be asked. */
function bestOf(candidates: readonly Candidate[], parts: SelectionParts): readonly Candidate[] {
  const pool = fastest(candidates, parts);
  let best = Number.POSITIVE_INFINITY;
  for (const { cost } of pool) if (cost !== null && cost < best) best = cost;
  const most = best + BAND_MS;
  let areAllGood = true;
  for (const { cost, silences } of pool) if (cost !== null && (cost > most || silences > 0)) areAllGood = false;
  const isInBand = ({ cost }: Candidate): boolean => cost !== null && cost <= most;
  return preferFamily(areAllGood ? pool : leastSilent(pool.filter(isInBand)), parts.options);
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
  return rank(candidates.filter(isFresh), asked, avoid, parts);
}

/** Notes what asking each would cost; how many might be asked. */
function rank(
  candidates: readonly Candidate[],
  asked: ServerQuestion,
  avoid: ReadonlySet<string>,
  parts: SelectionParts,
): number {
  // `outbound-msg-retry: 0` means that nothing is repeated, not that nothing is asked.
  const attempts = Math.max(1, parts.options.attemptsPerServer);
  let count = 0;
  for (const candidate of candidates) {
    const { isUseless, mayBeAsked, key } = candidate;
    const isOut = candidate.attempts >= attempts || isUseless || !mayBeAsked || avoid.has(key);
    candidate.cost = isOut ? null : costOf(candidate, asked, parts);
    if (candidate.cost !== null) count++;
  }
  return count;
}

/** Some questions go to the fastest servers only (`fast-server-permil`); the others keep the measures of all fresh. */
function fastest(candidates: readonly Candidate[], { options, random }: SelectionParts): readonly Candidate[] {
  const { permil, count } = options.fastServers;
  if (permil === 0 || random.below(1000) >= permil) return candidates;
  const ranked = candidates.filter(({ cost }) => cost !== null);
  return ranked.sort((a, b) => (a.cost ?? 0) - (b.cost ?? 0)).slice(0, count);
}

/** What asking a server is expected to cost, with penalties; null when it is not to be asked. Notes how often it was silent. */
function costOf(candidate: Candidate, { zone, type }: ServerQuestion, { servers }: SelectionParts): number | null {
  const known = knownOf(candidate, zone, servers);
  const { lameness, isDead, timeoutMs, mayBeLameNoMore } = servers.info(known, type);
  if (isDead || (lameness === 'lame' && !mayBeLameNoMore)) return null;
  const failed = servers.recentFailures.find(known);
  candidate.silences = candidate.timeouts + (failed === 'silent' ? 1 : 0);
  let cost = timeoutMs;
  if (!servers.hasRoute(familyOf(candidate.key))) cost += NO_ROUTE_PENALTY_MS;
  if (lameness === 'lame') cost += LAME_PENALTY_MS;
  else if (lameness === 'recursion-lame') cost += RECURSION_LAME_PENALTY_MS;
  else if (lameness === 'dnssec-lame' || candidate.isDnssecLame) cost += DNSSEC_LAME_PENALTY_MS;
  else if (failed === 'useless' || candidate.wasEmpty) cost += USELESS_PENALTY_MS;
  return cost;
}

/** A server that has just timed out comes after the others: the band of round trip times would let it be chosen again. */
function leastSilent(ranked: readonly Candidate[]): readonly Candidate[] {
  const least = Math.min(...ranked.map(({ silences }) => silences));
  return ranked.filter(({ silences }) => silences === least);
}

function preferFamily(candidates: readonly Candidate[], options: IterateOptions): readonly Candidate[] {
  if (options.preferFamily === 'none') return candidates;
  const wantsIp6 = options.preferFamily === 'ip6';
  const preferred = candidates.filter(({ cost, address }) => cost !== null && address.ip.includes(':') === wantsIp6);
  return preferred.length > 0 ? preferred : candidates;
}
