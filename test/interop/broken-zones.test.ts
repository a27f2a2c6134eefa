/**
 * Proves that a client learns the exact cause (RFC 8914) for broken zones as they occur: signed by the signers of BIND, Knot
 * and ldns, damaged afterwards, served by NSD; and for zones whose servers do not answer. Prints what Unbound says of each.
 */

import { expect, test } from 'vitest';
import { runInNamespace, whyNotHere } from './programs.ts';
import { LDNS_PROGRAMS, SIGNER_PROGRAMS } from './real-signers.ts';

const why = whyNotHere(['nsd', 'unbound', 'dig', 'ip', ...SIGNER_PROGRAMS, ...LDNS_PROGRAMS]);

interface Outcome {
  readonly what: string;
  readonly want: string;
  readonly got: string;
  readonly unbound: string;
}

test.skipIf(why !== null)(
  `names the cause of each broken zone ${why ?? ''}`,
  () => {
    const outcomes = JSON.parse(runInNamespace('broken-zones-session.ts', [], 560_000)) as Outcome[];
    const exact = (of: 'got' | 'unbound') => outcomes.filter((each) => each[of] === each.want).length;
    console.log(`${outcomes.length} zones; exact: Hawser ${exact('got')}, Unbound ${exact('unbound')}`);
    expect(outcomes.filter(({ want, got }) => got !== want)).toEqual([]);
    expect(outcomes.length).toBeGreaterThan(149);
  },
  580_000,
);
