/** From failed checks of signatures to the one reason that tells most about why an RRset is bogus. */

import type { SignatureFailure } from '../terms/signature-outcome.ts';
import { unreachable } from '../terms/unreachable.ts';
import type { BogusReason } from '../terms/verdict.ts';
import type { Name } from '../wire/name.ts';
import { formatName } from '../wire/name-text.ts';
import { typeText } from '../wire/rr-type.ts';
import { type RRset, rrsetOwner, rrsetType } from '../wire/rrset.ts';

/** Zone and record of a reason, as presentation text. */
export interface RecordRef {
  readonly zone: string;
  readonly record: string;
}

/** An RRset in a zone, as reasons name it. */
export function recordOf(rrset: RRset, zone: Name): RecordRef {
  return recordRef(rrsetOwner(rrset), rrsetType(rrset), zone);
}

/** A name and type in a zone, as reasons name them. */
export function recordRef(owner: Name, type: number, zone: Name): RecordRef {
  return { zone: formatName(zone), record: `${formatName(owner)} ${typeText(type)}` };
}

/** How far a check came: the failure of the signature that came farthest explains the most. */
const PROGRESS: Record<SignatureFailure['kind'], number> = {
  malformed: 0,
  'type-covered-wrong': 1,
  'signer-not-allowed': 2,
  'label-count-wrong': 3,
  'other-key': 4,
  'expired-before-valid': 5,
  expired: 6,
  'not-yet-valid': 6,
  'zone-key-bit-missing': 7,
  'key-protocol-wrong': 7,
  'key-revoked': 7,
  'key-unusable': 7,
  wrong: 8,
};

/** Of two failures the one that explains more; the first when both explain the same. */
export function moreTelling(a: SignatureFailure | null, b: SignatureFailure): SignatureFailure {
  return a === null || PROGRESS[b.kind] > PROGRESS[a.kind] ? b : a;
}

export function reasonOf(failure: SignatureFailure, record: RecordRef): BogusReason {
  switch (failure.kind) {
    case 'malformed':
    case 'type-covered-wrong':
      return { kind: 'signature-malformed', ...record };
    case 'signer-not-allowed':
      return { kind: 'signer-not-allowed', signer: failure.signer, ...record };
    case 'label-count-wrong':
      return { kind: 'label-count-wrong', keyTag: failure.keyTag, ...record };
    case 'other-key':
      return { kind: 'no-matching-key', keyTag: failure.keyTag, ...record };
    case 'expired-before-valid':
      return { kind: 'expired-before-valid', keyTag: failure.keyTag, ...record };
    case 'expired':
      return { kind: 'signature-expired', keyTag: failure.keyTag, expiredAt: failure.expiredAt, ...record };
    case 'not-yet-valid':
      return { kind: 'signature-not-yet-valid', keyTag: failure.keyTag, validFrom: failure.validFrom, ...record };
    case 'zone-key-bit-missing':
    case 'key-protocol-wrong':
    case 'key-revoked':
      return { kind: failure.kind, zone: record.zone, keyTag: failure.keyTag };
    case 'key-unusable':
      return { kind: 'key-unusable', keyTag: failure.keyTag, algorithm: failure.algorithm, ...record };
    case 'wrong':
      return { kind: 'signature-wrong', keyTag: failure.keyTag, algorithm: failure.algorithm, ...record };
    default:
      return unreachable(failure);
  }
}
