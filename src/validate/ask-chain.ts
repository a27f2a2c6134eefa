/**
 * Gets data of the chain of trust: asks, validates, and asks other servers when what one gave is bad (val-max-restart), so
 * that one lying server among several does not make a zone bogus.
 */

import type { Failure } from '../terms/failure.ts';
import { type FoundResult, validatedSetsOf } from '../terms/iteration-result.ts';
import type { RankedRRset } from '../terms/ranked-rrset.ts';
import type { IndeterminateReason } from '../terms/verdict.ts';
import { formatName } from '../wire/name-text.ts';
import type { Question } from '../wire/question.ts';
import { TYPE } from '../wire/rr-type.ts';
import type { FetchOptions } from '../work/fetch.ts';
import type { ValidationContext } from './validation-context.ts';
import type { ZoneSecurity } from './zone-security.ts';

/** How chain data is asked for while nobody is to be avoided. */
const FIRST_ASKED: FetchOptions = { mode: 'for-validation' };

/** Asks until what comes is not bogus, no server is left to blame, or it was asked often enough. */
export async function askChain<T extends { readonly status: string }>(
  validation: ValidationContext,
  question: Question,
  validate: (found: FoundResult) => Promise<T | ZoneSecurity>,
): Promise<T | ZoneSecurity> {
  const { fetch, options: bounds } = validation.parts;
  const avoid = new Set<string>();
  let last: T | ZoneSecurity | null = null;
  for (let restart = 0; restart <= bounds.maxRestarts; restart++) {
    const options = avoid.size === 0 ? FIRST_ASKED : ({ mode: 'for-validation', avoid: new Set(avoid) } as const);
    const found = await fetch(validation.work, question, options);
    if (found.kind === 'failed') return last ?? unreachableZone(validation, question, found.why);
    const result = await validate(found);
    if (result.status !== 'bogus') return result;
    last = result;
    validation.forgetUnchecked(question);
    const before = avoid.size;
    const blamed = avoid.has(MEMORY) ? serversOf(found) : blamedFor(found, validation.now);
    for (const name of blamed) avoid.add(name);
    if (avoid.size === before) break;
  }
  return last ?? unreachableZone(validation, question, { kind: 'cancelled' });
}

/** No server has this name: avoiding it says that memory was used and was not good enough, so that servers must be asked. */
export const MEMORY = 'memory';

/**
 * Whom not to ask again. What was remembered may have been good for nobody since it came (RFC 4035 §4.7), and a denial of a
 * referral (it expires at once) may be short: before a server is blamed for it, the same server is asked anew.
 */
function blamedFor(found: FoundResult, now: number): readonly string[] {
  const isOfReferral = found.end.expiresAt <= now && found.end.kind !== 'answer';
  return isOfReferral || isRemembered(found, now) ? [MEMORY] : serversOf(found);
}

/** True when a part came before that second; also when its TTL was cut, which costs a question at most. */
export function isRemembered(found: FoundResult, askedAt: number): boolean {
  return validatedSetsOf(found).some(({ expiresAt, originalTtl }) => expiresAt < askedAt + originalTtl);
}

/** Every server that gave a part of what was found and is to blame when that is bad. */
function serversOf(found: FoundResult): string[] {
  const servers = [found.end.server, ...validatedSetsOf(found).map(serverToBlame)];
  return [...new Set(servers.filter((server) => server !== null))];
}

/**
 * The server of a set that may be what is bad; null for none. A proven set is not: it was cached already and stands in for the
 * same one in a bad reply, and who gave it first told the truth.
 */
export function serverToBlame({ verdict, server }: RankedRRset): string | null {
  return verdict?.status === 'secure' ? null : server;
}

/** A zone whose chain data could not be got. Not kept: the next question tries again (RFC 4035 §5.5 gives SERVFAIL). */
function unreachableZone(validation: ValidationContext, question: Question, failure: Failure): ZoneSecurity {
  const { name } = question;
  return { status: 'indeterminate', zone: name, why: unreachableReason(question, failure), expiresAt: validation.now };
}

function unreachableReason(question: Question, failure: Failure): IndeterminateReason {
  const zone = formatName(question.name);
  const data = question.type === TYPE.DS ? 'DS' : 'DNSKEY';
  switch (failure.kind) {
    case 'limit':
      return { kind: 'limit', limit: failure.limit };
    case 'deadline':
      return { kind: 'limit', limit: 'wall-time' };
    case 'cached-failure':
      return unreachableReason(question, failure.of);
    case 'no-reachable-server': {
      const how = failure.networkError ? 'network-error' : 'no-answer';
      return { kind: 'chain-data-unreachable', zone, data, how };
    }
    case 'all-servers-lame':
      return { kind: 'chain-data-unreachable', zone, data, how: 'refused' };
    default:
      return { kind: 'chain-data-unreachable', zone, data, how: 'no-answer' };
  }
}
