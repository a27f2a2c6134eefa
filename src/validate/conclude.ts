/** Conclusions of a validation that several steps of it come to: each with how long it may be believed. */

import type { Limit } from '../terms/limit.ts';
import type { RankedRRset } from '../terms/ranked-rrset.ts';
import type { BogusReason, InsecureReason } from '../terms/verdict.ts';
import type { Name } from '../wire/name.ts';
import type { Judging } from './judging.ts';
import { settle } from './settle.ts';
import type { NonSecureVerdict, ZoneSecurity } from './zone-security.ts';

/** The validation was ended by a limit: nothing can be said. */
export function limitVerdict(limit: Limit): NonSecureVerdict {
  return { status: 'indeterminate', why: { kind: 'limit', limit } };
}

/** The same of a zone. Not kept: the next question tries again. */
export function limitZone(judging: Judging, zone: Name, limit: Limit): ZoneSecurity {
  return { status: 'indeterminate', zone, why: { kind: 'limit', limit }, expiresAt: judging.now };
}

/** A zone proven to be insecure; `expiresAt` of what proves it, unix seconds. */
export function insecureZone(judging: Judging, zone: Name, why: InsecureReason, expiresAt: number): ZoneSecurity {
  const longest = judging.now + judging.parts.options.limits.keyTtlSeconds;
  return { status: 'insecure', zone, why, expiresAt: Math.min(expiresAt, longest) };
}

/** A zone that is bogus, believed to be so for a bounded time only (val-bogus-ttl). */
export function bogusZone(judging: Judging, zone: Name, why: BogusReason): ZoneSecurity {
  return { status: 'bogus', zone, why, expiresAt: judging.now + judging.parts.options.bogusTtlSeconds };
}

/** A set that was to tell about the zone is bogus, and so is the zone; neither is believed to be so for longer. */
export function bogusSet(judging: Judging, zone: Name, ranked: RankedRRset, why: BogusReason): ZoneSecurity {
  settle(judging, ranked, { status: 'bogus', why });
  return bogusZone(judging, zone, why);
}
