/**
 * Proves that answers from copies of signed zones (NSEC, NSEC3, NSEC3 with opt-out) are those of the primary, record for record
 * and TTL for TTL, for names of every kind: wildcards, empty non-terminals, aliases, delegations, and what is not there.
 */

import { expect, test } from 'vitest';
import { runInNamespace, whyNotHere } from './programs.ts';

const why = whyNotHere(['knotd', 'dig', 'ip']);

test.skipIf(why !== null)(
  `answers from copies as Knot does ${why ?? ''}`,
  () => {
    const result = JSON.parse(runInNamespace('zone-answers-session.ts', [], 110_000)) as {
      asked: number;
      answered: number;
      different: string[];
    };
    console.log(`asked ${result.asked}, different ${result.different.length}`);
    expect(result.answered).toBe(result.asked);
    expect(result.asked).toBeGreaterThan(1000);
    // The DS of a zone is the business of the zone above, which a resolver asks; a server of the zone denies it.
    expect(result.different).toEqual(['nsec.org. DS', 'hashed.org. DS', 'optout.org. DS']);
  },
  120_000,
);
