/** What is tried when no server of a delegation answers: the zone's own word on its servers, and the way from above. */

import { RANK } from '../terms/rank.ts';
import { isRoot, type Name, namesEqual } from '../wire/name.ts';
import { readTargetName } from '../wire/rdata-name.ts';
import { CLASS, TYPE } from '../wire/rr-type.ts';
import { rdatasOf } from '../wire/rrset.ts';
import { type DelegationPoint, knownAddresses } from './delegation.ts';
import type { IterateParts } from './parts.ts';
import { type Candidate, knownOf } from './server-selection.ts';

/**
 * Adds servers that only the zone itself names (its own NS set), and addresses of servers that only their parent (glue) or
 * only they themselves (answers) give; true when that added something. A last resort: the parent's word on the zone is
 * what bounds the life of a delegation. May be called again: look-ups of what the first call added bring more.
 */
export function addParentAndChildSideServers(parts: IterateParts, servers: DelegationPoint): boolean {
  if (servers.configured !== null) return false;
  const before = servers.candidates.length + servers.targets.length;
  // RFC 9609 §2: hints are for finding one root server that answers; the primed set may be dead or wrong.
  if (isRoot(servers.zone))
    for (const hint of parts.options.hints) for (const ip of hint.addresses) servers.addAddress(ip);
  for (const target of servers.targets) {
    for (const ip of knownAddresses(target.name, parts.rrsets)) servers.addAddress(ip);
    for (const ip of glueOf(parts, target.name)) servers.addAddress(ip);
  }
  const own = parts.rrsets.find(servers.zone, TYPE.NS, CLASS.IN);
  if (own !== null && own.rank >= RANK.authorityAuthoritative && own.verdict?.status !== 'bogus') {
    for (const rdata of rdatasOf(own.rrset).slice(0, parts.options.maxNsRecords)) {
      const name = readTargetName(rdata);
      if (name !== null) servers.addTarget(name, knownAddresses(name, parts.rrsets));
    }
  }
  return servers.candidates.length + servers.targets.length > before;
}

/** Addresses that the parent of a server's own zone gave for it. */
function glueOf({ delegations }: IterateParts, name: Name): readonly string[] {
  const cut = delegations.findDeepest(name);
  return cut?.servers.find((server) => namesEqual(server.name, name))?.addresses ?? [];
}

/**
 * Gives up a cached delegation whose servers all failed, so that the zone above is asked again; true when it was one. While our
 * own line is cut, silence says nothing about it, and nobody above would answer either.
 */
export function toParent(parts: IterateParts, servers: DelegationPoint): boolean {
  if (servers.configured !== null || isRoot(servers.zone) || servers.source !== 'cache') return false;
  const isSilent = (each: Candidate): boolean =>
    each.timeouts > 0 && parts.servers.isLineCut(knownOf(each, servers.zone, parts.servers));
  if (servers.candidates.some(isSilent)) return false;
  return parts.delegations.giveUp(servers.zone);
}
