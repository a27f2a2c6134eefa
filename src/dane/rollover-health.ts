/** Is the set of TLSA records ready for the next key, and do they and their signatures live long enough (RFC 7671 §8). */

import type { Tlsa } from '../wire/rdata-tlsa.ts';
import type { Looked } from './look-up.ts';
import { type DaneService, SELECTOR, USAGE, usabilityOf } from './tlsa-record.ts';

const DAY_SECONDS = 86_400;

/** How the records stand towards the next change of key or certificate. */
export function rolloverRemarks(tlsas: readonly Tlsa[], service: DaneService): readonly string[] {
  const usable = tlsas.filter((tlsa) => usabilityOf(tlsa, service).usable);
  const [only] = usable;
  if (only === undefined) return [];
  const hasAnchor = usable.some(({ usage }) => usage === USAGE.DANE_TA);
  const ends = usable.filter(({ usage }) => usage === USAGE.DANE_EE);
  if (hasAnchor && ends.length > 0)
    return ['ready for a roll-over: an authority (usage 2) stands beside the host (usage 3)'];
  if (ends.length > 1 && ends.every(({ selector }) => selector === SELECTOR.SPKI))
    return ['ready for a roll-over: current and next key are published'];
  if (usable.length > 1) return [];
  return [
    hasAnchor
      ? 'one authority only: when it changes its key, or you change the authority, mail stops until the record is new'
      : 'one record only: publish that of the next key before the key changes (hawser dane rollover)',
  ];
}

/** Signatures that run out within so many days are said; so are those that end before the TTL does (RFC 4035 §5.3.3). */
export function signatureRemarks({ signedUntil, ttl }: Looked, now: number, days: number): readonly string[] {
  if (signedUntil === null) return [];
  const left = signedUntil - now;
  if (left < (ttl ?? 0))
    return ['the signature of the TLSA records ends before their TTL does: is the signer running?'];
  if (left > days * DAY_SECONDS) return [];
  return [
    `the signature of the TLSA records runs out in ${Math.floor(left / DAY_SECONDS)} days: is the signer running?`,
  ];
}
