/** Proves that after an outage of the own line a name that nobody has asked for resolves as soon as with a real Unbound beside it. */

import { expect, test } from 'vitest';
import { runBesideOthers, whyNotHere } from './programs.ts';
import { SIGNER_PROGRAMS } from './real-signers.ts';

const why = whyNotHere(['nsd', 'unbound', 'dig', 'ip', 'nft', ...SIGNER_PROGRAMS]);
/** What a busy machine may add, seconds. */
const SLACK_SECONDS = 1;

interface Row {
  readonly outage: number;
  readonly hawser: number;
  readonly unbound: number;
}

// Both at once: they wait for lines that are dead, each in a network of its own.
test.skipIf(why !== null).concurrent.each(['refused', 'silent'])(
  `answers again at once when the line is back: what was sent was %s ${why ?? ''}`,
  async (kind) => {
    const rows = JSON.parse(await runBesideOthers('outage-session.ts', [kind], 320_000)) as Row[];
    for (const { outage, hawser, unbound } of rows) {
      console.log(
        `${kind}, ${outage} s without a line: Hawser ${hawser.toFixed(2)} s, Unbound ${unbound.toFixed(2)} s`,
      );
      expect(hawser).toBeLessThan(unbound + SLACK_SECONDS);
    }
    expect(rows.length).toBe(3);
  },
  340_000,
);
