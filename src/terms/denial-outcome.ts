/**
 * Denial outcomes: what a set of NSEC or NSEC3 records, each already verified, proves of a question. The same words for
 * both kinds of record.
 */

/** Why records prove nothing of what was asked. One sentence each, for logs and extended errors. */
export const DENIAL_FAILURE_TEXT = {
  'no-records': 'no usable NSEC or NSEC3 record of the zone',
  'type-exists': 'the denial shows that the type exists at the name',
  'cname-exists': 'the denial shows a CNAME at the name',
  'wildcard-type-exists': 'the denial shows that the type exists at the wildcard',
  'wildcard-cname-exists': 'the denial shows a CNAME at the wildcard',
  'parent-side': 'the denial comes from the parent side of a zone cut',
  'child-side': 'the denial of a DS comes from the child side of the zone cut',
  'below-cut': 'the denial comes from a delegation or DNAME above the name',
  'name-not-covered': 'no record matches or covers the name',
  'wildcard-not-denied': 'no record denies the wildcard that could have answered',
  'no-closest-encloser': 'no record proves the closest encloser',
  'next-closer-not-covered': 'no record covers the next closer name',
  'name-not-in-zone': 'the name is not inside the zone of the records',
  'expanded-record': 'the record was expanded from a wildcard, and says nothing at this name',
  'overreaching-record': 'the record reaches beyond its zone',
  'opt-out-only': 'an opt-out span covers the name, which without a denial of the wildcard is no NXDOMAIN',
  'other-zone': 'the denial is signed by a zone that may not deny this name',
  'proves-nxdomain': 'the records prove NXDOMAIN, the answer says NODATA',
  'proves-nodata': 'the records prove NODATA, the answer says NXDOMAIN',
} as const;

/** Why records prove nothing of what was asked. */
export type DenialFailure = keyof typeof DENIAL_FAILURE_TEXT;

/** Those that say that the records contradict the answer, or are bent to it; the others say that records are missing or prove too little. */
const CONTRADICTIONS: ReadonlySet<DenialFailure> = new Set([
  'type-exists',
  'cname-exists',
  'wildcard-type-exists',
  'wildcard-cname-exists',
  'proves-nxdomain',
  'proves-nodata',
  'expanded-record',
  'overreaching-record',
  'opt-out-only',
]);

/** True when the records say the opposite of the answer that came with them. */
export function isContradiction(how: DenialFailure): boolean {
  return CONTRADICTIONS.has(how);
}

/** What records prove of a name and a type. */
export type DenialOutcome =
  /** The name does not exist, nor a wildcard that could stand for it (RFC 4035 §5.4, RFC 5155 §8.4). Secure. */
  | { readonly kind: 'nxdomain' }
  /**
   * The name exists (possibly as an empty non-terminal) without the type (RFC 4035 §5.4, RFC 5155 §8.5). Secure.
   * `isCompactNxdomain`: the type bitmap holds NXNAME, so the name does not exist at all (RFC 9824 §3); also for type DS.
   */
  | { readonly kind: 'nodata'; readonly isCompactNxdomain: boolean }
  /** The name does not exist, the wildcard that stands for it does, without the type (RFC 5155 §8.7). Secure. */
  | { readonly kind: 'wildcard-nodata' }
  /**
   * The question is of type DS: the name is a delegation, and it has no DS (RFC 4035 §5.2). The denial itself is secure;
   * what lies below the name is insecure.
   */
  | { readonly kind: 'no-ds' }
  /**
   * The question is of type DS: the name exists and is no delegation, so the zone goes on. Secure. `isAlias`: a CNAME is
   * there, which says that there is no cut, but is no good answer to a question for the DS itself (RFC 6840 §4.3).
   */
  | { readonly kind: 'no-cut'; readonly isAlias: boolean }
  /**
   * An opt-out span covers the next closer name: an unsigned delegation may be there (RFC 5155 §6). Insecure. `wildcard`
   * tells what the records say of the wildcard: a denial with NXDOMAIN needs `denied`.
   */
  | { readonly kind: 'opt-out'; readonly wildcard: 'denied' | 'nodata' | 'unknown' }
  /** Some record has more iterations than allowed (RFC 9276 §3.2). Insecure. */
  | { readonly kind: 'iterations-too-high'; readonly iterations: number }
  /** The hash budget is used up for now (CVE-2023-50868): grant more and ask again, or give up. */
  | { readonly kind: 'hash-budget' }
  | { readonly kind: 'not-proven'; readonly why: DenialFailure };

/** What records prove of an answer that was expanded from a wildcard: that the closer name does not exist. */
export type WildcardOutcome =
  | { readonly kind: 'proven' }
  /** `opt-out`: covered by an opt-out span only, so an unsigned delegation may be closer; insecure (RFC 5155 §9.2). */
  | Extract<DenialOutcome, { readonly kind: 'opt-out' | 'iterations-too-high' | 'hash-budget' | 'not-proven' }>;
