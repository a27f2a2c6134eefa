/**
 * Proves that every answerable question is answered, and none wrong, although 30 % of the datagrams are lost each way and
 * others come late, in another order or twice; also when half of every zone's servers are dead. Prints time and packets
 * beside Unbound's under the same conditions. HAWSER_CHAOS_DOMAINS makes it longer (six questions for each domain).
 */

import { expect, test } from 'vitest';
import type { Fared } from './chaos-session.ts';
import { runInNamespace, whyNotHere } from './programs.ts';
import { SIGNER_PROGRAMS } from './real-signers.ts';

const why = whyNotHere(['nsd', 'knotd', 'unbound', 'dig', 'ip', ...SIGNER_PROGRAMS]);
const DOMAINS = process.env.HAWSER_CHAOS_DOMAINS ?? '8';
const LONGEST_MS = 120_000 + Number(DOMAINS) * 20_000;

function row({ resolver, scene, asked, first, answered, wrong, packets, milliseconds, ...counts }: Fared): string {
  const { mean, median, p95, longest } = milliseconds;
  const times = [mean, median, p95, longest].map((each) => each.toFixed(0));
  const cells = [resolver, scene, asked, first, answered, wrong.length, counts.servfails, counts.timeouts];
  return `| ${[...cells, packets, (packets / asked).toFixed(2), ...times].join(' | ')} |`;
}

test.skipIf(why !== null)(
  `answers every answerable question in bad weather ${why ?? ''}`,
  () => {
    const results = JSON.parse(runInNamespace('chaos-session.ts', [DOMAINS], LONGEST_MS)) as Fared[];
    console.log(
      [
        '| resolver | servers | asked | answered at once | answered | wrong | SERVFAILs on the way | over 5 s | packets | per question | mean ms | median | p95 | longest |',
        '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |',
        ...results.map(row),
      ].join('\n'),
    );
    const ours = results.filter(({ resolver }) => resolver === 'Hawser');
    expect(ours.map(({ scene }) => scene)).toEqual(['all up', 'half dead']);
    for (const { scene, unanswered, wrong } of ours)
      expect({ scene, unanswered, wrong }).toEqual({ scene, unanswered: [], wrong: [] });
  },
  LONGEST_MS + 10_000,
);
