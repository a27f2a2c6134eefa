/** Words of this room: what may be believed of a zone, and what one step of the walk comes to. */

import type { ZoneTrust } from '../cache/key-cache.ts';
import type { ZoneKey } from '../dnssec/dnskey.ts';
import type { Verdict } from '../terms/verdict.ts';

/** A zone whose keys are proven. */
export type SecureZone = Extract<ZoneTrust<ZoneKey>, { readonly status: 'secure' }>;

export type Unproven = Exclude<Verdict, { readonly status: 'secure' }>;

/** What we may believe about a zone. */
export type Trusted = ZoneTrust<ZoneKey>;

/** What one step of the walk came to: a zone's trust, or that there is no zone cut at the name. */
export type Step = Trusted | { readonly status: 'no-cut' };
