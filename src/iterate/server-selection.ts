/**
 * Chooses the server to ask: the fastest and those not much slower, at random, so that others are measured too.
 *
 * Duties: leave out what need not be asked, rank the rest, choose inside a band.
 * Leaves to others: what must not be asked (address-rules.ts), learning (server-cache.ts), waiting, finding addresses.
 */

import { familyOf } from '../cache/routes.ts';
import type { ServerCache } from '../cache/server-cache.ts';
import type { Address } from '../ports/network.ts';
import type { Random } from '../ports/random.ts';
import type { Name } from '../wire/name.ts';
import type { AddressRules } from './address-rules.ts';
import type { IterateOptions } from './options.ts';

/** Servers slower than the best by no more than this, ms, are as good as it (Unbound RTT_BAND). Exploration lives here. */
export const BAND_MS = 400;
/** Added to the timeout of servers that are asked only when no better one is left, ms; above any timeout. */
const DNSSEC_LAME_PENALTY_MS = 240_000;
const RECURSION_LAME_PENALTY_MS = 360_000;
/** Added for a family that has no route at present, ms. */
const NO_ROUTE_PENALTY_MS = 120_000;

/** A server address of a zone, and how it did in this resolution. */
export interface Candidate {
  readonly address: Address;
  /** `ip@port`. */
  readonly key: string;
  /** Over TLS: the name that the certificate must hold. */
  readonly tlsName: string | null;
  attempts: number;
  /** Questions of this resolution that it left unanswered. */
  silences: number;
  /** Told us in this resolution that asking again is pointless. */
  isUseless: boolean;
  /** Strips signatures, as seen in this resolution. */
  isDnssecLame: boolean;
}

/** What the choice depends on besides the candidates. */
export interface SelectionParts {
  readonly servers: ServerCache;
  readonly random: Random;
  readonly options: IterateOptions;
  readonly addressRules: AddressRules;
}

/** Makes a candidate. */
export function candidateOf(address: Address, tlsName: string | null = null): Candidate {
  const key = `${address.ip}@${address.port}`;
  return { address, key, tlsName, attempts: 0, silences: 0, isUseless: false, isDnssecLame: false };
}

/** The server to ask next; null when none is left. */
export function chooseServer(
  candidates: readonly Candidate[],
  asked: { readonly zone: Name; readonly type: number },
  avoid: ReadonlySet<string>,
  parts: SelectionParts,
): Candidate | null {
  // `outbound-msg-retry: 0` means that nothing is repeated, not that nothing is asked.
  const attempts = Math.max(1, parts.options.attemptsPerServer);
  const ranked: Ranked[] = [];
  for (const candidate of candidates) {
    if (candidate.attempts >= attempts || candidate.isUseless || avoid.has(candidate.key)) continue;
    if (!parts.addressRules.mayAsk(candidate.address.ip)) continue;
    const cost = costOf(candidate, asked, parts);
    if (cost >= 0) ranked.push({ candidate, cost });
  }
  if (ranked.length === 0) return null;
  const pool = fastest(ranked, parts);
  const best = Math.min(...pool.map(({ cost }) => cost));
  const inBand = pool.filter(({ cost }) => cost <= best + BAND_MS).map(({ candidate }) => candidate);
  const preferred = preferFamily(leastSilent(inBand), parts.options);
  return preferred[parts.random.below(preferred.length)] ?? null;
}

/** A candidate with what asking it is expected to cost, ms. */
interface Ranked {
  readonly candidate: Candidate;
  readonly cost: number;
}

/** Some questions go to the fastest servers only (`fast-server-permil`); the others keep the measures of all fresh. */
function fastest(ranked: readonly Ranked[], { options, random }: SelectionParts): readonly Ranked[] {
  const { permil, count } = options.fastServers;
  if (permil === 0 || random.below(1000) >= permil) return ranked;
  return [...ranked].sort((a, b) => a.cost - b.cost).slice(0, count);
}

/** Expected time in ms, with penalties; negative when the server is not to be asked. */
function costOf(
  candidate: Candidate,
  { zone, type }: { readonly zone: Name; readonly type: number },
  { servers }: SelectionParts,
): number {
  const { lameness, isDead, timeoutMs } = servers.standing(candidate.key, zone, type);
  if (lameness === 'lame' || isDead) return -1;
  let cost = timeoutMs;
  if (!servers.hasRoute(familyOf(candidate.key))) cost += NO_ROUTE_PENALTY_MS;
  if (lameness === 'recursion-lame') return cost + RECURSION_LAME_PENALTY_MS;
  return lameness === 'dnssec-lame' || candidate.isDnssecLame ? cost + DNSSEC_LAME_PENALTY_MS : cost;
}

/** Who has just been silent waits until the others have had their turn: the band is wide enough to choose it again. */
function leastSilent(candidates: readonly Candidate[]): readonly Candidate[] {
  const least = Math.min(...candidates.map(({ silences }) => silences));
  return candidates.filter(({ silences }) => silences === least);
}

function preferFamily(candidates: readonly Candidate[], options: IterateOptions): readonly Candidate[] {
  if (options.preferFamily === 'none') return candidates;
  const wantsIp6 = options.preferFamily === 'ip6';
  const preferred = candidates.filter((candidate) => candidate.address.ip.includes(':') === wantsIp6);
  return preferred.length > 0 ? preferred : candidates;
}
