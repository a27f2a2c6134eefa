/**
 * Which algorithms and DS digests count as supported. What is not supported makes a zone insecure (RFC 4035 §5.2), never
 * bogus.
 *
 * Duties: the policy over what the crypto port can do. Leaves to others: numbers and names (wire/algorithms.ts), the verdict.
 * Source of numbers and recommendations: IANA "DNS Security Algorithm Numbers", RFC 8624, RFC 9904, RFC 9905, RFC 9906.
 */

import type { Crypto, DigestKind } from '../ports/crypto.ts';
import { ALGORITHM, DIGEST } from '../wire/algorithms.ts';

const DIGEST_KINDS = new Map<number, DigestKind>([
  [DIGEST.SHA1, 'sha1'],
  [DIGEST.SHA256, 'sha256'],
  [DIGEST.SHA384, 'sha384'],
]);

/** Hash function of a DS digest type; null for one that we do not compute (3, GOST R 34.11-94: RFC 9906). */
export function digestKindOf(digestType: number): DigestKind | null {
  return DIGEST_KINDS.get(digestType) ?? null;
}

export interface AlgorithmPolicy {
  supports(algorithm: number): boolean;
  supportsDigest(digestType: number): boolean;
}

export interface AlgorithmChoices {
  /**
   * Algorithms 5 and 7 and DS digest 1 validate (true, the default: as Unbound does) or make a zone insecure (false:
   * RFC 9905 §4 for operators).
   */
  readonly sha1: boolean;
  /** Algorithms 3 and 6 (DSA) validate. For old replay suites only; RFC 8624 §3.1: MUST NOT. */
  readonly legacy: boolean;
}

/** The policy of these choices over what `crypto` can do. */
export function algorithmPolicy(crypto: Crypto, choices: AlgorithmChoices): AlgorithmPolicy {
  const supported = new Set(Object.values(ALGORITHM).filter((algorithm) => isChosen(algorithm, choices)));
  return {
    supports: (algorithm) => (supported as ReadonlySet<number>).has(algorithm) && crypto.supports(algorithm),
    supportsDigest: (digestType) => DIGEST_KINDS.has(digestType) && (choices.sha1 || digestType !== DIGEST.SHA1),
  };
}

function isChosen(algorithm: number, choices: AlgorithmChoices): boolean {
  switch (algorithm) {
    case ALGORITHM.RSAMD5:
    // RFC 8624 §3.1: RSAMD5 MUST NOT be used for validation; RFC 9906 §3: the same for ECC-GOST.
    case ALGORITHM['ECC-GOST']:
      return false;
    case ALGORITHM.DSA:
    case ALGORITHM['DSA-NSEC3-SHA1']:
      return choices.legacy;
    case ALGORITHM.RSASHA1:
    case ALGORITHM['RSASHA1-NSEC3-SHA1']:
      return choices.sha1;
    default:
      return true;
  }
}
