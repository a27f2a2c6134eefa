/** Keys that a zone announces and that its trust anchor lacks: the sign of a coming roll, or of an anchor that is behind. */

import { readU16 } from '../wire/bytes.ts';
import { DNSKEY_FLAG, keyTag } from '../wire/rdata-dnskey.ts';
import { type RRset, rdatasOf } from '../wire/rrset.ts';
import { isEntryPoint } from './anchor-state.ts';

/** Tags of secure entry point keys of a DNSKEY set, not revoked ones (RFC 5011 §2.1), that are not among `known`. */
export function unknownKeyTags(set: RRset, known: ReadonlySet<number>): readonly number[] {
  const announced = rdatasOf(set).filter(
    (rdata) => isEntryPoint(rdata) && (readU16(rdata, 0) & DNSKEY_FLAG.REVOKE) === 0,
  );
  return announced.map(keyTag).filter((tag) => !known.has(tag));
}
