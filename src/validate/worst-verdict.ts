/** Several verdicts as one: the chain is as good as its worst part (RFC 4035 §3.2.3, RFC 6840 §5.8). */

import type { Verdict } from '../terms/verdict.ts';

const RANK: Record<Verdict['status'], number> = { secure: 0, insecure: 1, indeterminate: 2, bogus: 3 };

/** The worse of two verdicts; the first when they are equally bad. */
export function worse(a: Verdict, b: Verdict): Verdict {
  return RANK[b.status] > RANK[a.status] ? b : a;
}
