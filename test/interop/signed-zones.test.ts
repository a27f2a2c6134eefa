/**
 * Proves that Hawser's rcode and AD are what the RFCs demand over zones that two real signers made, good and broken, and
 * prints where Debian's other resolvers differ (which fails nothing).
 */

import { expect, test } from 'vitest';
import { runInNamespace, whyNotHere } from './programs.ts';
import { SIGNER_PROGRAMS } from './real-signers.ts';

const why = whyNotHere(['nsd', 'knotd', 'unbound', 'dig', 'ip', ...SIGNER_PROGRAMS]);

interface Difference {
  readonly question: string;
  readonly demanded: string;
  readonly got: string;
  readonly why: string;
}

interface Result {
  readonly asked: number;
  readonly zones: number;
  readonly resolvers: readonly { name: string; differs: readonly Difference[] }[];
  readonly leftOpen: readonly { question: string; why: string; got: readonly string[] }[];
}

/** The questions on which somebody differs from the RFCs, or from the others where the RFCs leave it open. */
function tableOfDifferences({ resolvers, leftOpen, asked }: Result): string[] {
  const counts = resolvers.map(
    ({ name, differs }) => `| ${name} | ${asked - differs.length} of ${asked} as demanded |`,
  );
  const rows = resolvers.flatMap(({ name, differs }) =>
    differs.map((each) => `| ${name} | ${each.question} | ${each.got} | ${each.demanded} | ${each.why} |`),
  );
  const disputed = leftOpen.filter(({ got }) => new Set(got.map((each) => each.split(': ')[1])).size > 1);
  return [
    ...counts,
    ...rows,
    ...disputed.map((each) => `| open: ${each.question} | ${each.got.join('; ')} | ${each.why} |`),
  ];
}

test.skipIf(why !== null)(
  `answers over real signed zones as the RFCs demand ${why ?? ''}`,
  () => {
    const result = JSON.parse(runInNamespace('signed-zones-session.ts', [], 150_000)) as Result;
    console.log([`${result.asked} questions, ${result.zones} zones`, ...tableOfDifferences(result)].join('\n'));
    const [hawser] = result.resolvers;
    expect(hawser?.name).toBe('Hawser');
    expect(hawser?.differs).toEqual([]);
    expect(result.asked).toBeGreaterThan(500);
  },
  180_000,
);
