/** Words of this room: what may be believed of a zone, and what one step of the walk comes to. */

import type { SecurityStatus } from '../cache/packed-trust.ts';
import type { ZoneKey } from '../dnssec/dnskey.ts';
import type { Verdict } from '../terms/verdict.ts';

/** A zone whose keys are proven. */
export type SecureZone = Extract<SecurityStatus<ZoneKey>, { readonly status: 'secure' }>;

export type NonSecureVerdict = Exclude<Verdict, { readonly status: 'secure' }>;

/** What we may believe about a zone. */
export type ZoneSecurity = SecurityStatus<ZoneKey>;

/** What one step of the walk came to: a zone's trust, or that there is no zone cut at the name. */
export type Step = ZoneSecurity | { readonly status: 'no-cut' };
