/**
 * From verdicts and failures to extended errors (RFC 8914). One exhaustive switch each: a new reason that is not mapped does
 * not compile.
 */

import { EDE, type ExtendedError } from '../wire/ede.ts';
import { isContradiction } from './denial-outcome.ts';
import type { Failure } from './failure.ts';
import { failureText } from './failure-text.ts';
import { unreachable } from './unreachable.ts';
import type { BogusReason, IndeterminateReason, InsecureReason, Verdict } from './verdict.ts';
import { verdictText } from './verdict-text.ts';

/** The extended error of a verdict; null when there is nothing to say (secure data, ordinary unsigned zones). */
export function edeOf(verdict: Verdict): ExtendedError | null {
  const code = codeOfVerdict(verdict);
  return code === null ? null : { code, text: verdictText(verdict) };
}

function codeOfVerdict(verdict: Verdict): number | null {
  switch (verdict.status) {
    case 'secure':
      return null;
    case 'insecure':
      return insecureCode(verdict.why);
    case 'bogus':
      return bogusCode(verdict.why);
    case 'indeterminate':
      return indeterminateCode(verdict.why);
    default:
      return unreachable(verdict);
  }
}

function insecureCode(why: InsecureReason): number | null {
  switch (why.kind) {
    case 'no-ds-proven':
    case 'opt-out':
    case 'no-anchor':
    case 'signature-not-signed':
      return null;
    case 'negative-anchor':
      return EDE.NEGATIVE_TRUST_ANCHOR;
    case 'algorithm-unsupported':
      return EDE.UNSUPPORTED_DNSKEY_ALGORITHM;
    case 'digest-unsupported':
      return EDE.UNSUPPORTED_DS_DIGEST_TYPE;
    case 'nsec3-iterations-high':
      return EDE.UNSUPPORTED_NSEC3_ITERATIONS_VALUE;
    default:
      return unreachable(why);
  }
}

function indeterminateCode(why: IndeterminateReason): number {
  switch (why.kind) {
    case 'chain-data-unreachable':
      if (why.how === 'refused') return why.data === 'DNSKEY' ? EDE.DNSKEY_MISSING : EDE.NETWORK_ERROR;
      return why.how === 'network-error' ? EDE.NETWORK_ERROR : EDE.NO_REACHABLE_AUTHORITY;
    case 'limit':
      return EDE.DNSSEC_INDETERMINATE;
    default:
      return unreachable(why);
  }
}

function bogusCode(why: BogusReason): number {
  switch (why.kind) {
    case 'signature-expired':
      return EDE.SIGNATURE_EXPIRED;
    case 'signature-not-yet-valid':
      return EDE.SIGNATURE_NOT_YET_VALID;
    case 'expired-before-valid':
      return EDE.SIGNATURE_EXPIRED_BEFORE_VALID;
    case 'no-signature':
    case 'no-trusted-signature':
    case 'algorithm-missing':
      return EDE.RRSIGS_MISSING;
    case 'no-dnskey':
    case 'no-dnskey-matches-ds':
    case 'no-matching-key':
    // RFC 8914 §4.10: a DS, but no supported DNSKEY for it. RFC 4034 §2.1.2: with another protocol it is none.
    case 'key-protocol-wrong':
      return EDE.DNSKEY_MISSING;
    case 'zone-key-bit-missing':
      return EDE.NO_ZONE_KEY_BIT_SET;
    case 'denial-missing':
    case 'wildcard-unproven':
      return EDE.NSEC_MISSING;
    case 'denial-wrong':
      // RFC 8914 §4.13: no covering record was provided; one that says the opposite was.
      return isContradiction(why.how) ? EDE.DNSSEC_BOGUS : EDE.NSEC_MISSING;
    case 'signature-wrong':
    case 'signature-malformed':
    case 'signer-not-allowed':
    case 'label-count-wrong':
    case 'key-unusable':
    case 'key-revoked':
    case 'wildcard-not-allowed':
    case 'alias-not-synthesised':
    case 'too-much-work':
      return EDE.DNSSEC_BOGUS;
    case 'chain-broken-above':
      return bogusCode(why.of);
    default:
      return unreachable(why);
  }
}

/** The extended errors of a failure, the first the most telling; a remembered failure names also what failed. */
export function edesOfFailure(why: Failure): readonly ExtendedError[] {
  const text = failureText(why);
  switch (why.kind) {
    case 'no-reachable-server':
      return [{ code: why.networkError ? EDE.NETWORK_ERROR : EDE.NO_REACHABLE_AUTHORITY, text }];
    case 'no-sockets':
      return [{ code: EDE.NETWORK_ERROR, text }];
    case 'all-servers-lame':
    case 'no-server-addresses':
    case 'dependency-cycle':
    case 'deadline':
      return [{ code: EDE.NO_REACHABLE_AUTHORITY, text }];
    case 'limit':
    case 'alias-loop':
    case 'cancelled':
    case 'overload':
    case 'rate-limited':
      return [{ code: EDE.OTHER, text }];
    case 'zone-unusable':
      return [{ code: EDE.INVALID_DATA, text }];
    case 'cached-failure':
      return [...edesOfFailure(why.of), { code: EDE.CACHED_ERROR, text: '' }];
    default:
      return unreachable(why);
  }
}
