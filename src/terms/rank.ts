/** Trust: how good the source of cached data is, by RFC 2181 §5.4.1. Not about DNSSEC. */

/** Ranks, worse to better. A better-ranked set replaces a worse one, never the other way. */
export const RANK = {
  /** Additional section of an answer that is not authoritative. */
  additionalNonAuthoritative: 1,
  /** Authority section of an answer that is not authoritative. */
  authorityNonAuthoritative: 2,
  /** Additional section of an authoritative answer. */
  additionalAuthoritative: 3,
  /** Answer section of an answer that is not authoritative. */
  answerNonAuthoritative: 4,
  /** Glue and delegation NS of a referral. */
  glue: 5,
  /** Authority section of an authoritative answer. */
  authorityAuthoritative: 6,
  /** Answer section of an authoritative answer. */
  answerAuthoritative: 7,
  /** Answer that a signed chain proves. */
  validated: 8,
  /** Configured data: hints, anchors, local zones. */
  configured: 9,
} as const;

export type Rank = (typeof RANK)[keyof typeof RANK];
