/**
 * Verdicts as text for people: log lines, extended errors, `explain`. Each text begins with the kind, so that it can be
 * searched for, and names zone, record, key tag and why.
 */

import { DENIAL_FAILURE_TEXT } from './denial-outcome.ts';
import { unreachable } from './unreachable.ts';
import type { BogusReason, IndeterminateReason, InsecureReason, Verdict } from './verdict.ts';

/** A verdict in one line: `secure`, or the reason. */
export function verdictText(verdict: Verdict): string {
  switch (verdict.status) {
    case 'secure':
      return 'secure';
    case 'insecure':
      return insecureText(verdict.why);
    case 'bogus':
      return bogusText(verdict.why);
    case 'indeterminate':
      return indeterminateText(verdict.why);
    default:
      return unreachable(verdict);
  }
}

function insecureText(why: InsecureReason): string {
  return `${why.kind}: ${insecureSentence(why)}`;
}

function insecureSentence(why: InsecureReason): string {
  switch (why.kind) {
    case 'no-ds-proven':
      return `the zone above proves that ${why.zone} has no DS`;
    case 'opt-out':
      return `an NSEC3 opt-out span covers ${why.zone}`;
    case 'negative-anchor':
      return `${why.zone} is configured as insecure`;
    case 'algorithm-unsupported':
      return `${why.zone} is signed with algorithms that are not supported: ${why.algorithms.join(', ')}`;
    case 'digest-unsupported':
      return `the DS of ${why.zone} has digest types that are not supported: ${why.digests.join(', ')}`;
    case 'nsec3-iterations-high':
      return `NSEC3 records of ${why.zone} have ${why.iterations} iterations, more than allowed`;
    case 'signature-not-signed':
      return 'RRSIG records are not signed themselves';
    case 'no-anchor':
      return `no trust anchor at or above ${why.zone}`;
    default:
      return unreachable(why);
  }
}

/** Why we cannot say. */
function indeterminateText(why: IndeterminateReason): string {
  switch (why.kind) {
    case 'chain-data-unreachable':
      return `${why.kind}: no server ${why.how === 'refused' ? 'that answered gave' : 'could be asked for'} the ${why.data} of ${why.zone}`;
    case 'limit':
      return `${why.kind}: validation was ended by the limit ${why.limit}`;
    default:
      return unreachable(why);
  }
}

function bogusText(why: BogusReason): string {
  return `${why.kind}: ${bogusSentence(why)}`;
}

function bogusSentence(why: BogusReason): string {
  switch (why.kind) {
    case 'no-dnskey':
      return `no server of ${why.zone} gives a DNSKEY set`;
    case 'no-dnskey-matches-ds':
      return `no DNSKEY of ${why.zone} fits what the zone above or the anchor names (key tag ${why.keyTag})`;
    case 'zone-key-bit-missing':
      return `key ${why.keyTag} of ${why.zone} is not marked as a zone key`;
    case 'key-revoked':
      return `key ${why.keyTag} of ${why.zone} is revoked`;
    case 'key-protocol-wrong':
      return `key ${why.keyTag} of ${why.zone} has a protocol other than 3`;
    case 'chain-broken-above':
      return `zone ${why.zone} is bogus: ${bogusText(why.of)}`;
    default:
      return `${why.record} in zone ${why.zone}: ${recordSentence(why)}`;
  }
}

type RecordReason = Extract<BogusReason, { readonly record: string }>;

function recordSentence(why: RecordReason): string {
  switch (why.kind) {
    case 'signature-expired':
      return `signature by key ${why.keyTag} expired ${timeText(why.expiredAt)}`;
    case 'signature-not-yet-valid':
      return `signature by key ${why.keyTag} is valid only from ${timeText(why.validFrom)}`;
    case 'expired-before-valid':
      return `signature by key ${why.keyTag} expires before it begins`;
    case 'signature-wrong':
      return `signature by key ${why.keyTag} (algorithm ${why.algorithm}) does not fit the data`;
    case 'signature-malformed':
      return 'a signature cannot be read';
    case 'signer-not-allowed':
      return `signed by ${why.signer}, which may not sign it`;
    case 'label-count-wrong':
      return `signature by key ${why.keyTag} has a count of labels that cannot be`;
    case 'no-signature':
      return 'should be signed and is not';
    case 'no-matching-key':
      return `signed by key ${why.keyTag}, which is none of the keys that could have signed it`;
    case 'no-trusted-signature':
      return `not signed by key ${why.keyTag}, which the zone above or the anchor names`;
    case 'key-unusable':
      return `key ${why.keyTag} is no usable key of algorithm ${why.algorithm}`;
    case 'algorithm-missing':
      return `no valid signature of algorithm ${why.algorithm}, which the zone above announces`;
    case 'denial-missing':
      return 'denied without NSEC or NSEC3 records';
    case 'denial-wrong':
      return DENIAL_FAILURE_TEXT[why.how];
    case 'wildcard-unproven':
      return 'answered from a wildcard without proof that no closer name exists';
    case 'wildcard-not-allowed':
      return 'made from a wildcard, which this type never is';
    case 'alias-not-synthesised':
      return 'does not follow from its DNAME or question';
    case 'too-much-work':
      return `more work than allowed (${why.limit})`;
    default:
      return unreachable(why);
  }
}

function timeText(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toISOString().replace('.000', '');
}
