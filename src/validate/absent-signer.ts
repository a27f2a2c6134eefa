/**
 * A DNSKEY set that does not verify because a key was lost from it: a signed zone whose ZSK was taken out or changed. The
 * data that came says which key is missing, and that is what its operator has to mend (RFC 8914 §4.10, §4.12); the broken
 * signature over the set only follows from it.
 */

import { isKeyWithoutBit } from '../dnssec/dnskey.ts';
import type { BogusReason } from '../terms/verdict.ts';
import { readU8 } from '../wire/bytes.ts';
import { namesEqual } from '../wire/name.ts';
import { formatName } from '../wire/name-text.ts';
import { keyTag } from '../wire/rdata-dnskey.ts';
import { type Rrsig, readRrsig } from '../wire/rdata-rrsig.ts';
import { CLASS, TYPE } from '../wire/rr-type.ts';
import { type RRset, rdatasOf, signaturesOf } from '../wire/rrset.ts';
import { verdictBelow } from './chain-of-trust.ts';
import { type RecordRef, recordRef } from './signature-reason.ts';
import type { ValidationContext } from './validation-context.ts';
import type { NonSecureVerdict, ZoneSecurity } from './zone-security.ts';

/** The verdict on sets that a zone signed which is not secure; `place` is what they are about. */
export function verdictOfSigned(
  validation: ValidationContext,
  trust: Exclude<ZoneSecurity, { readonly status: 'secure' }>,
  sets: readonly RRset[],
  record: RecordRef,
): NonSecureVerdict {
  const below = verdictBelow(trust);
  if (trust.status !== 'bogus' || trust.why.kind !== 'signature-wrong') return below;
  const ofKeys = recordRef(trust.zone, TYPE.DNSKEY, trust.zone);
  if (trust.why.record !== ofKeys.record) return below;
  const ranked = validation.parts.rrsets.find(trust.zone, TYPE.DNSKEY, CLASS.IN);
  if (ranked === null) return below;
  const keys = rdatasOf(ranked.rrset).slice(0, validation.parts.options.limits.zoneKeys);
  const isOurs = (rrsig: Rrsig | null): rrsig is Rrsig => rrsig !== null && namesEqual(rrsig.signer, trust.zone);
  const signatures = sets.flatMap((set) => signaturesOf(set).map(readRrsig).filter(isOurs));
  const of = absentSigner(keys, signatures.slice(0, validation.parts.options.limits.signatures), record);
  return of === null
    ? below
    : { status: 'bogus', why: { kind: 'chain-broken-above', zone: formatName(trust.zone), of } };
}

/** What became of the key that made the signatures; null when it is in the set, or there are none. */
function absentSigner(
  keys: readonly Uint8Array[],
  signatures: readonly Rrsig[],
  { zone, record }: RecordRef,
): BogusReason | null {
  const known = new Set(keys.map((rdata) => `${keyTag(rdata)} ${readU8(rdata, 3)}`));
  if (signatures.some((rrsig) => known.has(`${rrsig.keyTag} ${rrsig.algorithm}`))) return null;
  const lost = signatures.find((one) => keys.some((key) => isKeyWithoutBit(key, one.keyTag, one.algorithm)));
  if (lost !== undefined) return { kind: 'zone-key-bit-missing', zone, keyTag: lost.keyTag };
  const [first] = signatures;
  return first === undefined ? null : { kind: 'no-matching-key', keyTag: first.keyTag, zone, record };
}
