/** Proves that the graph of a chain shows what the report says, and that texts of strangers stay inside of their strings. */

import { describe, expect, test } from 'vitest';
import { chainDot } from '../../src/explain/chain-dot.ts';
import { EVIL, REPORT, SET, ZONE } from './reports.ts';

/** Quoted strings taken out, with their escapes. */
function skeleton(dot: string): string {
  return dot.replace(/"(?:[^"\\]|\\.)*"/gs, '""');
}

test('has a node for each zone and the answer, and an edge from each to the next', () => {
  const dot = chainDot(REPORT);
  const bare = skeleton(dot);
  expect(bare.match(/^ {2}n\d+ \[/gm)).toHaveLength(3);
  expect(bare.match(/n\d+ -> n\d+/g)).toEqual(['n0 -> n1', 'n1 -> n2']);
  for (const words of [
    'Chain of trust of www.test. A IN: secure',
    'trust anchor 20326',
    'DNSKEY 4711  ECDSAP256SHA256, 256 bits: signs keys, trusted from above',
    'DS 4711, algorithm 13, digest 2',
    'A 192.0.2.80',
  ])
    expect(dot).toContain(words);
});

test('shows where it broke by a mark and a dashed line, not by colour alone', () => {
  const zone = { ...ZONE, zone: 'test.', anchor: null, status: 'bogus', why: 'no-dnskey-matches-ds' };
  const dot = chainDot({ ...REPORT, status: 'bogus', reason: 'the reason', zones: [ZONE, zone], answer: [] });
  expect(dot).toContain('✕ no-dnskey-matches-ds');
  expect(dot).toContain('✕ the reason');
  expect(dot).toMatch(/n1 \[.*style="rounded,dashed"/);
});

describe('texts of strangers', () => {
  const set = { ...SET, owner: EVIL, records: [EVIL] };
  const zone = { ...ZONE, zone: EVIL, why: EVIL, status: 'bogus' };
  const dot = chainDot({ ...REPORT, question: EVIL, reason: EVIL, zones: [zone], answer: [set], status: 'bogus' });

  test('leave the graph as it is: no node, edge or attribute more', () => {
    expect(skeleton(dot)).toBe(
      skeleton(chainDot({ ...REPORT, zones: [{ ...ZONE, status: 'bogus' }], answer: [SET], status: 'bogus' })),
    );
  });
});
