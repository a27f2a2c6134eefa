/**
 * Finds addresses of server names that came without glue, as child works, within limits (NXNSAttack, CVE-2020-12662).
 *
 * Duties: which names and how many, nesting depth, budgets, taking in what was found.
 * Leaves to others: answering (the fetch that is given), cycles (work/in-flight.ts refuses them).
 */

import type { Found } from '../terms/found.ts';
import type { HeldRRset } from '../terms/held-rrset.ts';
import type { Limit } from '../terms/limit.ts';
import { ipText } from '../wire/ip.ts';
import { isAtOrBelow } from '../wire/name.ts';
import { questionOf } from '../wire/question.ts';
import { TYPE } from '../wire/rr-type.ts';
import { firstRdatasOf, rrsetType } from '../wire/rrset.ts';
import type { Work } from '../work/work.ts';
import type { Target, ZoneServers } from './delegation.ts';
import { MAX_ADDRESSES_PER_SET } from './message-bounds.ts';
import type { IterateParts } from './parts.ts';

/** What a call for more addresses led to. */
export type Lookup = 'under-way' | 'nothing-left' | { readonly limit: Limit };

/** Address look-ups above a work that are nested in each other; a validator's question starts anew. */
export function addressDepth(work: Work): number {
  let depth = 0;
  for (let at = work; at.parent !== null && at.mode !== 'for-validation'; at = at.parent) depth++;
  return depth;
}

/** Starts look-ups for server names without addresses, as many as the policy says for this depth and at least one. */
export function lookUpTargets(parts: IterateParts, work: Work, servers: ZoneServers): Lookup {
  const { targetFetchPolicy } = parts.options;
  for (const target of servers.targets) target.isLookedUp ||= isKnownNotToHelp(parts, target);
  const waiting = servers.targets.filter((target) => isWorthLookup(target, servers));
  if (waiting.length === 0) return 'nothing-left';
  const depth = addressDepth(work);
  if (depth >= targetFetchPolicy.length) return { limit: 'address-depth' };
  const policy = targetFetchPolicy[depth] ?? 0;
  const count = policy < 0 ? waiting.length : Math.max(1, policy);
  for (let i = 0; i < count && waiting.length > 0; i++) {
    const [target] = waiting.splice(parts.random.below(waiting.length), 1);
    if (target === undefined) break;
    const limit = spendLookup(parts, work, servers);
    if (limit !== null) return servers.running.size > 0 ? 'under-way' : { limit };
    target.isLookedUp = true;
    const lookup = lookUp(parts, work, servers, target).finally(() => servers.running.delete(lookup));
    servers.running.add(lookup);
  }
  return 'under-way';
}

/** A name inside the zone with glue has told all: its other addresses are known to the very servers that failed. */
function isWorthLookup(target: Target, servers: ZoneServers): boolean {
  return !target.isLookedUp && !(target.hasAddress && isAtOrBelow(target.name, servers.zone));
}

/** True when the cache denies all addresses of the name: that costs nobody anything, so no limit counts it. */
function isKnownNotToHelp(parts: IterateParts, { name }: Target): boolean {
  const { findCached } = parts;
  return addressTypes(parts).every((type) => {
    const cached = findCached(questionOf(name, type));
    return cached !== null && cached.found.end.kind !== 'answer';
  });
}

/** Families that can be asked at present: addresses of one without a route would be of no use. */
function addressTypes({ options, servers }: Pick<IterateParts, 'options' | 'servers'>): number[] {
  const isIp4 = (options.useIp4 && servers.hasRoute('ip4')) || options.nat64Prefix !== null;
  const isIp6 = options.useIp6 && servers.hasRoute('ip6');
  return [...(isIp4 || !isIp6 ? [TYPE.A] : []), ...(isIp6 ? [TYPE.AAAA] : [])];
}

function spendLookup(parts: IterateParts, work: Work, servers: ZoneServers): Limit | null {
  if (servers.hasTooManyNxdomains) return 'target-nxdomains';
  if (servers.lookups >= parts.options.maxTargetLookupsPerDelegation) return 'target-lookups';
  if (!work.budget.spend('target-lookups')) return 'target-lookups';
  servers.lookups++;
  return null;
}

/** Asks for both kinds of addresses; never rejects (a stopped work notices at its next wait). */
async function lookUp(parts: IterateParts, work: Work, servers: ZoneServers, target: Target): Promise<void> {
  const ask = async (type: number): Promise<void> => {
    const found = await parts.fetch(work, questionOf(target.name, type)).catch(() => null);
    for (const ip of found === null ? [] : addressesOf(found)) {
      target.hasAddress = true;
      servers.addAddress(ip, target);
    }
  };
  // At most two: one for each family.
  await Promise.all(addressTypes(parts).map(ask));
  if (!target.hasAddress && !work.budget.spend('target-nxdomains')) servers.hasTooManyNxdomains = true;
}

function addressesOf(found: Found): string[] {
  if (found.kind !== 'found' || found.end.kind !== 'answer') return [];
  return found.end.answer
    .filter(({ rrset }: HeldRRset) => rrsetType(rrset) === TYPE.A || rrsetType(rrset) === TYPE.AAAA)
    .flatMap(({ rrset }) => firstRdatasOf(rrset, MAX_ADDRESSES_PER_SET).map(ipText));
}
