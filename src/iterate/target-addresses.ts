/**
 * Finds addresses of server names that came without glue, as child works, within limits (NXNSAttack, CVE-2020-12662).
 *
 * Duties: which names and how many, nesting depth, budgets, taking in what was found.
 * Leaves to others: answering (the fetch that is given), cycles (work/in-flight.ts refuses them).
 */

import type { Failure } from '../terms/failure.ts';
import type { IterationResult } from '../terms/iteration-result.ts';
import type { Limit } from '../terms/limit.ts';
import type { RankedRRset } from '../terms/ranked-rrset.ts';
import { ipText } from '../wire/ip.ts';
import { isAtOrBelow } from '../wire/name.ts';
import { questionOf } from '../wire/question.ts';
import { TYPE } from '../wire/rr-type.ts';
import { firstRdatasOf, rrsetType } from '../wire/rrset.ts';
import { waitFor } from '../work/wait.ts';
import type { Work } from '../work/work.ts';
import { addressDepth } from './address-queries.ts';
import type { DelegationPoint, Target } from './delegation.ts';
import { MAX_ADDRESSES_PER_SET } from './message-bounds.ts';
import type { IterateParts } from './parts.ts';

/** How long a server that was silent is not asked again while names of other servers are looked up, ms: see `delegation.ts`. */
const SILENT_WAIT_MS = 1000;

/** What a call for more addresses led to. */
type Lookup = 'under-way' | 'nothing-left' | { readonly limit: Limit };

/**
 * Starts look-ups for server names without any address while servers with addresses are asked: as many for this delegation as
 * `target-fetch-policy` says for the depth. What stands in the way (a limit) is no failure: nothing is in need yet.
 */
function lookAhead(parts: IterateParts, work: Work, servers: DelegationPoint): void {
  const policy = parts.options.targetFetchPolicy[addressDepth(work)] ?? 0;
  const count = policy < 0 ? servers.targets.length : policy - servers.lookups;
  start(parts, work, servers, { waiting: waitingTargets(parts, servers).filter((one) => !one.hasAddress), count });
}

/** Has names looked up when the server that is being asked is slow; gives what stops that, null when there are none. */
export function startLookingAhead(parts: IterateParts, work: Work, servers: DelegationPoint): (() => void) | null {
  if (servers.knowsAllAddresses) return null;
  const { clock, options } = parts;
  return clock.after(options.lookAheadAfterMs, () => lookAhead(parts, work, servers));
}

/** Starts one look-up: no server is left that might do. Names without any address go first, then other families of addresses. */
export function lookUpTarget(parts: IterateParts, work: Work, servers: DelegationPoint): Lookup {
  if (servers.running.length > 0) return 'under-way';
  const waiting = waitingTargets(parts, servers);
  if (waiting.length === 0) return 'nothing-left';
  if (addressDepth(work) >= parts.options.targetFetchPolicy.length) return { limit: 'address-depth' };
  const unknown = waiting.filter((target) => !target.hasAddress);
  return start(parts, work, servers, { waiting: unknown.length > 0 ? unknown : waiting, count: 1 });
}

/**
 * Waits for a look-up of addresses, and lets more start when it is slow. False when the server that is left to ask, which was
 * only silent, has waited long enough for it.
 */
export async function awaitAddresses(
  parts: IterateParts,
  work: Work,
  { servers, wasSilent }: { readonly servers: DelegationPoint; readonly wasSilent: boolean },
): Promise<boolean> {
  const { clock, options } = parts;
  const nowMs = clock.monotonicMs();
  if (wasSilent) {
    servers.silentWaitUntilMs ??= nowMs + SILENT_WAIT_MS;
    if (nowMs >= servers.silentWaitUntilMs) return false;
  }
  const end = await waitFor<'found'>({
    clock,
    signal: work.signal,
    timeoutMs: Math.min(options.lookAheadAfterMs, Math.max(0, work.deadlineMs - nowMs)),
    start: (settle) => void Promise.race(servers.running).then(() => settle('found')),
  });
  if (end === 'timeout') lookAhead(parts, work, servers);
  return clock.monotonicMs() < work.deadlineMs;
}

/** Starts up to `count` look-ups, of names chosen by chance. */
function start(
  parts: IterateParts,
  work: Work,
  servers: DelegationPoint,
  { waiting, count }: { readonly waiting: Target[]; readonly count: number },
): Lookup {
  for (let i = 0; i < count && waiting.length > 0; i++) {
    const [target] = waiting.splice(parts.random.below(waiting.length), 1);
    if (target === undefined) break;
    const limit = spendLookup(parts, work, servers);
    if (limit !== null) return servers.running.length > 0 ? 'under-way' : { limit };
    const lookup = lookUp(parts, work, servers, target).finally(() => {
      target.isRunning = false;
      servers.running.splice(servers.running.indexOf(lookup), 1);
    });
    target.isRunning = true;
    servers.running.push(lookup);
  }
  return 'under-way';
}

/** Names that may have addresses which are not known yet; what the cache denies costs nobody anything, so no limit counts it. */
function waitingTargets(parts: IterateParts, servers: DelegationPoint): Target[] {
  for (const target of servers.targets) {
    for (const type of addressTypes(parts)) {
      if (!isLookedUp(target, type) && isDenied(parts, target, type)) noteLookedUp(target, type);
    }
  }
  return servers.targets.filter((target) => isWorthLookup(parts, target, servers));
}

/** A name inside the zone with glue has told all: its other addresses are known to the very servers that failed. */
function isWorthLookup(parts: IterateParts, target: Target, servers: DelegationPoint): boolean {
  const hasTypeLeft = addressTypes(parts).some((type) => !isLookedUp(target, type));
  return (
    hasTypeLeft &&
    !target.isRunning &&
    !target.isHopeless &&
    !(target.hasAddress && isAtOrBelow(target.name, servers.zone))
  );
}

function isLookedUp({ isIp4LookedUp, isIp6LookedUp }: Target, type: number): boolean {
  return type === TYPE.A ? isIp4LookedUp : isIp6LookedUp;
}

function noteLookedUp(target: Target, type: number): void {
  if (type === TYPE.A) target.isIp4LookedUp = true;
  else target.isIp6LookedUp = true;
}

function isDenied({ findCached }: IterateParts, { name }: Target, type: number): boolean {
  const cached = findCached(questionOf(name, type));
  return cached !== null && cached.found.end.kind !== 'answer';
}

/**
 * Families that can be asked at present, the preferred first: addresses of one without a route would be of no use.
 */
function addressTypes({ options, servers }: Pick<IterateParts, 'options' | 'servers'>): number[] {
  const isIp4 = (options.useIp4 && servers.hasRoute('ip4')) || options.nat64Prefix !== null;
  const isIp6 = options.useIp6 && servers.hasRoute('ip6');
  const types = [...(isIp4 || !isIp6 ? [TYPE.A] : []), ...(isIp6 ? [TYPE.AAAA] : [])];
  return options.preferFamily === 'ip6' ? types.reverse() : types;
}

function spendLookup(parts: IterateParts, work: Work, servers: DelegationPoint): Limit | null {
  if (servers.hasTooManyNxdomains) return 'target-nxdomains';
  if (servers.lookups >= parts.options.maxTargetLookupsPerDelegation) return 'target-lookups';
  if (!work.budget.spend('target-lookups')) return 'target-lookups';
  servers.lookups++;
  return null;
}

/**
 * Asks for addresses of one family, and of the other when there are none of it: both at once would double what a server
 * costs that has both. Never rejects (a stopped work notices at its next wait).
 */
async function lookUp(parts: IterateParts, work: Work, servers: DelegationPoint, target: Target): Promise<void> {
  for (const type of addressTypes(parts)) {
    if (isLookedUp(target, type)) continue;
    noteLookedUp(target, type);
    const found = await Promise.resolve(parts.fetch(work, questionOf(target.name, type))).catch(() => null);
    if (found === null || found.kind === 'failed') {
      target.isHopeless = found === null || !isAboutServers(found.why);
      break;
    }
    const addresses = addressesOf(found);
    for (const ip of addresses) servers.addAddress(ip, target);
    if (addresses.length > 0) {
      target.hasAddress = true;
      break;
    }
  }
  if (!target.hasAddress && !work.budget.spend('target-nxdomains')) servers.hasTooManyNxdomains = true;
}

/** True when servers were asked and failed: they may do better for the other family (some drop or refuse AAAA only). */
function isAboutServers({ kind }: Failure): boolean {
  return kind === 'all-servers-lame' || kind === 'no-reachable-server';
}

function addressesOf(found: IterationResult): string[] {
  if (found.kind !== 'found' || found.end.kind !== 'answer') return [];
  return found.end.answer
    .filter(({ rrset }: RankedRRset) => rrsetType(rrset) === TYPE.A || rrsetType(rrset) === TYPE.AAAA)
    .flatMap(({ rrset }) => firstRdatasOf(rrset, MAX_ADDRESSES_PER_SET).map(ipText));
}
