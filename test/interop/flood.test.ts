/**
 * Proves that a flood of hostile questions does not keep Hawser from answering cached names, that it costs servers no more
 * packets than the quota allows, and that memory stays bounded. Prints the figures beside Unbound's. The full flood of 50,000
 * questions: HAWSER_FLOOD_QUESTIONS=50000.
 */

import { expect, test } from 'vitest';
import { runInNamespace, whyNotHere } from './programs.ts';
import { SIGNER_PROGRAMS } from './real-signers.ts';

const why = whyNotHere(['nsd', 'nft', 'unbound', 'dig', 'ip', ...SIGNER_PROGRAMS]);
const QUESTIONS = process.env.HAWSER_FLOOD_QUESTIONS ?? '5000';
const LONGEST_MS = 120_000 + Number(QUESTIONS) * 16;
/** Unbound's `max-global-quota`, which is ours too: packets to servers for one question of a client. */
const QUOTA = 200;
/** Far above what Node and full caches of default size need, far below what a leak would take. */
const MOST_MEMORY_MIB = 900;

interface Withstood {
  readonly resolver: string;
  readonly hostile: number;
  readonly seconds: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly packets: number;
  readonly single: Readonly<Record<string, number>>;
  readonly quietMedianMs: number;
  readonly probes: number;
  readonly medianMs: number;
  readonly p95Ms: number;
  readonly longestMs: number;
  readonly wrong: readonly string[];
  readonly memory: Readonly<Record<'before' | 'highest' | 'after', number>>;
  readonly coldAfterwards: string;
}

function row(result: Withstood): string {
  const { resolver, hostile, seconds, packets, quietMedianMs, medianMs, p95Ms, longestMs, memory } = result;
  const times = [quietMedianMs, medianMs, p95Ms, longestMs].map((each) => each.toFixed(1));
  const sizes = [memory.before, memory.highest, memory.after].map((each) => each.toFixed(0));
  const cells = [resolver, hostile, seconds.toFixed(1), packets, (packets / hostile).toFixed(2), ...times, ...sizes];
  return `| ${cells.join(' | ')} |`;
}

test.skipIf(why !== null)(
  `answers cached names through a flood of hostile questions ${why ?? ''}`,
  () => {
    const results = JSON.parse(runInNamespace('flood-session.ts', [QUESTIONS], LONGEST_MS)) as Withstood[];
    const lines = [
      '| resolver | hostile questions | seconds | packets | per question | cached, quiet: median ms | in the flood: median | p95 | longest | MiB before | highest | after |',
      '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |',
      ...results.map(row),
      ...results.map((each) => `${each.resolver}: ${JSON.stringify({ alone: each.single, outcomes: each.outcomes })}`),
    ];
    console.log(lines.join('\n'));
    const hawser = results.find(({ resolver }) => resolver === 'Hawser') as Withstood;
    // A question that is lost on the way counts as wrong too; in a flood of datagrams one in a hundred may be.
    expect(hawser.wrong.length).toBeLessThanOrEqual(hawser.probes / 100);
    expect(hawser.medianMs).toBeLessThan(10);
    expect(hawser.packets / hawser.hostile).toBeLessThan(QUOTA);
    for (const [kind, packets] of Object.entries(hawser.single))
      expect({ kind, isWithin: packets <= QUOTA }).toEqual({ kind, isWithin: true });
    expect(hawser.memory.highest).toBeLessThan(MOST_MEMORY_MIB);
    expect(hawser.coldAfterwards).toBe('NXDOMAIN+ad');
  },
  LONGEST_MS + 10_000,
);
