/**
 * Proves that over zones by chance, signed by two real signers, no answer of Hawser's, asked for the first time or known, stands
 * alone against Debian's other resolvers. Prints where they differ. Another world: HAWSER_RANDOM_ZONES, a number.
 */

import { expect, test } from 'vitest';
import { runInNamespace, whyNotHere } from './programs.ts';
import { SIGNER_PROGRAMS } from './real-signers.ts';

const why = whyNotHere(['nsd', 'knotd', 'unbound', 'named', 'kresd', 'dig', 'ip', ...SIGNER_PROGRAMS]);
const { HAWSER_RANDOM_ZONES = '1' } = process.env;

interface Result {
  readonly asked: number;
  readonly secure: number;
  readonly zones: number;
  readonly differences: readonly {
    readonly round: number;
    readonly question: string;
    readonly said: Readonly<Record<string, string>>;
  }[];
}

test.skipIf(why !== null)(
  `answers over zones by chance as others do ${why ?? ''}`,
  () => {
    const session = runInNamespace('random-zones-session.ts', [HAWSER_RANDOM_ZONES, '300'], 170_000);
    const { asked, secure, zones, differences } = JSON.parse(session) as Result;
    const rows = differences.map(({ round, question, said }) => `${round} ${question} ${JSON.stringify(said)}`);
    console.log([`${asked} questions twice, ${zones} zones, ${secure} secure answers`, ...rows].join('\n'));
    const alone = differences.filter(
      ({ said: { Hawser: own, ...others } }) => !Object.values(others).includes(own ?? ''),
    );
    expect(alone).toEqual([]);
    expect(asked).toBeGreaterThan(200);
    expect(secure).toBeGreaterThan(asked / 10);
  },
  180_000,
);
