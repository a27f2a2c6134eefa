/**
 * The root key sentinel (RFC 8509): who asks for an address of `root-key-sentinel-is-ta-20326.example` learns from SERVFAIL or
 * an answer whether this resolver trusts that key of the root.
 */

import type { Resolution } from '../terms/resolution.ts';
import type { Question } from '../wire/question.ts';
import { FLAG } from '../wire/rcode.ts';
import { TYPE } from '../wire/rr-type.ts';

/** RFC 8509 §2.1: the key tag in decimal, five digits. */
const SENTINEL_LABEL = /^root-key-sentinel-(is|not)-ta-([0-9]{5})$/;
/** Octets of the shorter of the two labels; a cheap test before the text is made. */
const LEAST_LABEL_OCTETS = 'root-key-sentinel-is-ta-00000'.length;

/** True when the name may be a sentinel's: a cheap test, which says yes to others too. */
export function isSentinelQuestion({ name, type }: Question): boolean {
  // RFC 8509 §3.1: only addresses.
  return (type === TYPE.A || type === TYPE.AAAA) && (name[0] ?? 0) >= LEAST_LABEL_OCTETS;
}

/** True when the sentinel wants SERVFAIL in place of what was resolved; `trusted` gives the key tags of the root's anchors. */
export function failsSentinel(
  resolution: Resolution,
  query: { readonly question: Question; readonly flags: number },
  trusted: () => ReadonlySet<number>,
): boolean {
  const { name } = query.question;
  // RFC 8509 §3.1: only for who wants validation, only what is secure.
  if (!isSentinelQuestion(query.question) || (query.flags & FLAG.CD) !== 0) return false;
  if (resolution.kind !== 'answered' || resolution.verdict?.status !== 'secure') return false;
  const label = String.fromCharCode(...name.subarray(1, 1 + (name[0] ?? 0))).toLowerCase();
  const [, wanted, tag] = SENTINEL_LABEL.exec(label) ?? [];
  if (wanted === undefined) return false;
  // RFC 8509 §3.2: SERVFAIL when the key is not trusted (is-ta), or is (not-ta).
  return trusted().has(Number(tag)) !== (wanted === 'is');
}
