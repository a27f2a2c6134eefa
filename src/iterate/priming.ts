/**
 * Priming: asking a zone's known servers for the zone's own server set, and using that (RFC 9609 §3 for the root;
 * `stub-prime` for stub zones).
 *
 * The priming answer is used unvalidated: what is learnt from the servers is proven at the end. Validation of `. NS` for a
 * client is the resolver's affair.
 */

import type { Failure } from '../terms/failure.ts';
import type { FinalAnswer, IterationResult } from '../terms/iteration-result.ts';
import { ipText } from '../wire/ip.ts';
import { isUnspecified } from '../wire/ip-prefix.ts';
import { isRoot, type Name, namesEqual } from '../wire/name.ts';
import { questionOf } from '../wire/question.ts';
import { readTargetName } from '../wire/rdata-name.ts';
import { TYPE } from '../wire/rr-type.ts';
import { firstRdatasOf, rdatasOf, rrsetOwner, rrsetType } from '../wire/rrset.ts';
import type { Work } from '../work/work.ts';
import { isNsQuestion } from './delegation.ts';
import { MAX_ADDRESSES_PER_SET } from './message-bounds.ts';
import type { IterateParts } from './parts.ts';

/** Primes a zone; null when it went well (the delegation is in the cache), else why not. */
export async function prime(parts: IterateParts, work: Work, zone: Name): Promise<Failure | null> {
  const found: IterationResult = await parts.fetch(work, questionOf(zone, TYPE.NS));
  if (found.kind === 'failed') return found.why;
  if (parts.delegations.find(zone) === null) learnServers(parts, found.end);
  return null;
}

/** Takes the servers of a zone out of an answer to its NS question, when the zone is one that is primed. */
export function learnServers({ delegations, options }: IterateParts, end: FinalAnswer): void {
  const zone = end.question.name;
  const isPrimed =
    isRoot(zone) || options.configuredZones.some(({ zone: other, prime: primes }) => primes && namesEqual(zone, other));
  const ns = isPrimed ? end.answer.find(({ rrset }) => rrsetType(rrset) === TYPE.NS) : undefined;
  if (ns === undefined || !isNsQuestion(end.question, rrsetOwner(ns.rrset))) return;
  const servers = rdatasOf(ns.rrset).flatMap((rdata) => {
    const name = readTargetName(rdata);
    return name === null ? [] : [{ name, addresses: addressesIn(end, name) }];
  });
  // A set without a single address would take us further from the servers than the hints are.
  const isUsable = servers.some(({ addresses }) => addresses.length > 0);
  if (!isUsable && !isRoot(zone)) return;
  const usable = isUsable ? servers : options.hints;
  const { receivedAt, expiresAt } = ns;
  delegations.store({ zone, servers: usable, source: 'priming', receivedAt, expiresAt, hasDs: false });
}

function addressesIn(end: FinalAnswer, name: Name): string[] {
  return end.additional
    .filter(({ rrset }) => rrsetType(rrset) === TYPE.A || rrsetType(rrset) === TYPE.AAAA)
    .filter(({ rrset }) => namesEqual(rrsetOwner(rrset), name))
    .flatMap(({ rrset }) =>
      firstRdatasOf(rrset, MAX_ADDRESSES_PER_SET)
        .filter((octets) => !isUnspecified(octets))
        .map(ipText),
    );
}
