/** Verdicts as octets: one for good data, one and a zone for what insecure zones give, text for what is rare. */

import { type InsecureReason, SECURE, type Verdict } from '../terms/verdict.ts';
import type { Packer, Unpacker } from './packing.ts';

const UNCHECKED = 0;
const IS_SECURE = 1;
/** Any verdict, as JSON: all that reasons hold are texts and whole numbers. */
const IN_WORDS = 2;
/** From here on reasons that have but a zone, in the order of `ZONE_REASONS`. */
const FIRST_ZONE_REASON = 3;
const ZONE_REASONS = ['no-ds-proven', 'opt-out', 'negative-anchor', 'signature-not-signed', 'no-anchor'] as const;

type ZoneReason = Extract<InsecureReason, { readonly kind: (typeof ZONE_REASONS)[number] }>;

export function writeVerdict(verdict: Verdict | null, to: Packer): void {
  if (verdict === null) to.u8(UNCHECKED);
  else if (verdict.status === 'secure') to.u8(IS_SECURE);
  else if (verdict.status === 'insecure' && isZoneReason(verdict.why)) {
    to.u8(FIRST_ZONE_REASON + ZONE_REASONS.indexOf(verdict.why.kind));
    to.text(verdict.why.zone);
  } else {
    to.u8(IN_WORDS);
    to.text(JSON.stringify(verdict), 'utf8');
  }
}

/** What `writeVerdict` wrote; null: not checked yet. */
export function readVerdict(from: Unpacker): Verdict | null {
  const code = from.u8();
  if (code === UNCHECKED) return null;
  if (code === IS_SECURE) return SECURE;
  if (code === IN_WORDS) return JSON.parse(from.text('utf8')) as Verdict;
  const kind = ZONE_REASONS[code - FIRST_ZONE_REASON] ?? 'no-anchor';
  return { status: 'insecure', why: { kind, zone: from.text() } };
}

/** True when the verdict that begins here is that the data is secure. */
export function isSecureHere(from: Unpacker): boolean {
  return from.u8() === IS_SECURE;
}

/** True when the verdict that begins here is that nobody has checked the data. */
export function isUncheckedHere(from: Unpacker): boolean {
  return from.u8() === UNCHECKED;
}

function isZoneReason(why: InsecureReason): why is ZoneReason {
  return ZONE_REASONS.some((kind) => kind === why.kind);
}
