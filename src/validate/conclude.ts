/** Conclusions of a validation that several steps of it come to: each with how long it may be believed. */

import type { Limit } from '../terms/limit.ts';
import type { RankedRRset } from '../terms/ranked-rrset.ts';
import type { BogusReason, InsecureReason } from '../terms/verdict.ts';
import type { Name } from '../wire/name.ts';
import { storeVerdict } from './store-verdict.ts';
import type { ValidationContext } from './validation-context.ts';
import type { NonSecureVerdict, ZoneSecurity } from './zone-security.ts';

/** The validation was ended by a limit: nothing can be said. */
export function limitVerdict(limit: Limit): NonSecureVerdict {
  return { status: 'indeterminate', why: { kind: 'limit', limit } };
}

/** The same of a zone. Not kept: the next question tries again. */
export function limitZone(validation: ValidationContext, zone: Name, limit: Limit): ZoneSecurity {
  return { status: 'indeterminate', zone, why: { kind: 'limit', limit }, expiresAt: validation.now };
}

/** A zone proven to be insecure; `expiresAt` of what proves it, unix seconds. */
export function insecureZone(
  validation: ValidationContext,
  zone: Name,
  why: InsecureReason,
  expiresAt: number,
): ZoneSecurity {
  const longest = validation.now + validation.parts.options.limits.keyTtlSeconds;
  return { status: 'insecure', zone, why, expiresAt: Math.min(expiresAt, longest) };
}

/** A zone that is bogus, believed to be so for a bounded time only (val-bogus-ttl). */
export function bogusZone(validation: ValidationContext, zone: Name, why: BogusReason): ZoneSecurity {
  return { status: 'bogus', zone, why, expiresAt: validation.now + validation.parts.options.bogusTtlSeconds };
}

/** A set that was to tell about the zone is bogus, and so is the zone; neither is believed to be so for longer. */
export function bogusSet(
  validation: ValidationContext,
  zone: Name,
  ranked: RankedRRset,
  why: BogusReason,
): ZoneSecurity {
  storeVerdict(validation, ranked, { status: 'bogus', why });
  return bogusZone(validation, zone, why);
}
