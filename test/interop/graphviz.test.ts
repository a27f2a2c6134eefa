/** Proves that Graphviz reads the graph of `explain --dot`, and shows texts of strangers as they are. */

import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { chainDot } from '../../src/explain/chain-dot.ts';
import { EVIL, REPORT, SET, ZONE } from '../explain/reports.ts';
import { whyNotHere } from './programs.ts';

const why = whyNotHere(['dot']);

function dot(form: string, input: string): string {
  const { stdout, stderr } = spawnSync('dot', [`-T${form}`], { input, encoding: 'utf8' });
  expect(stderr).not.toMatch(/error|unknown/i);
  return stdout;
}

test.skipIf(why !== null)(`draws zones, DS and answer (${why ?? 'dot'})`, () => {
  const plain = dot('plain', chainDot(REPORT));
  expect(plain.match(/^node /gm)).toHaveLength(3);
  expect(plain.match(/^edge n0 n1 |^edge n1 n2 /gm)).toHaveLength(2);
  expect(dot('svg', chainDot(REPORT))).toContain('DS 4711, algorithm 13, digest 2');
});

test.skipIf(why !== null)(`shows what a stranger wrote, and does nothing else with it (${why ?? 'dot'})`, () => {
  const set = { ...SET, owner: EVIL, records: [EVIL] };
  const zone = { ...ZONE, zone: EVIL, why: EVIL, status: 'bogus' };
  const report = { ...REPORT, question: EVIL, zones: [zone], answer: [set], status: 'bogus' };
  const graph = chainDot(report);
  expect(dot('plain', graph).match(/^node /gm)).toHaveLength(2);
  const svg = dot('svg', graph);
  expect(svg).not.toMatch(/<a |javascript:1"[^\]]/);
  // Graphviz has put its own escapes for XML in: the text stands there letter for letter.
  const texts = svg.replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
  expect(texts.replaceAll('\u00a0', ' ')).toContain(
    '"];x [label=<<b>1</b>>,URL="javascript:1"];\\" \\N \\E &lt; // /* #',
  );
});
