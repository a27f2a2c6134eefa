/** Proves that a large configuration keeps nobody waiting: reading, checking and building policy go in pieces, and nothing is more than linear. */

import { describe, expect, test } from 'vitest';
import { loadConfigInPieces, parseConfigText } from '../../src/config/load-config.ts';
import { makePolicyInPieces } from '../../src/policy/make-policy.ts';
import { DEFAULT_ACCESS } from '../../src/serve/access-control.ts';
import { Counters } from '../../src/trace/counters.ts';
import { runAtOnce, type Steps } from '../../src/wire/steps.ts';
import { FakeClock } from '../fake/fake-clock.ts';
import { FakeFiles } from '../fake/fake-files.ts';
import { FakeLog } from '../fake/fake-log.ts';
import { growthOfEight, MOST_GROWTH } from '../support/growth.ts';

const LINES = 5000;

function lines(count: number, line: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => line(i)).join('\n');
}

/** Directives that blocklists and sites write thousands of. */
const MANY: readonly (readonly [string, (count: number) => string])[] = [
  ['local-zone', (count) => `server:\n${lines(count, (i) => `local-zone: "n${i}.example" always_nxdomain`)}`],
  ['local-data', (count) => `server:\n${lines(count, (i) => `local-data: "n${i}.example A 192.0.2.1"`)}`],
  [
    'local-data-ptr',
    (count) => `server:\n${lines(count, (i) => `local-data-ptr: "10.0.${i >> 8}.${i & 255} n${i}.example"`)}`,
  ],
  ['local-zone of a view', (count) => `view:\nname: v\n${lines(count, (i) => `local-zone: "n${i}.example" refuse`)}`],
];

function filesWith(text: string): FakeFiles {
  const files = new FakeFiles();
  files.put('/unbound.conf', text);
  return files;
}

function policySteps(text: string): Steps<unknown> {
  const loaded = parseConfigText(text, 'unbound.conf');
  if (!loaded.ok) throw new Error(loaded.findings.map((finding) => finding.text).join('; '));
  return makePolicyInPieces({
    config: loaded.config,
    log: new FakeLog(),
    clock: new FakeClock(0),
    counters: new Counters(),
    accessBlocks: [],
    defaultBlocks: DEFAULT_ACCESS,
    listenKeys: () => [],
    serversOf: async () => ({ names: [], addresses: [] }),
  });
}

function piecesOf(steps: Steps<unknown>): number {
  let pieces = 1;
  while (steps.next().done !== true) pieces++;
  return pieces;
}

describe('many lines of', () => {
  test.each(MANY)('%s are read and checked in pieces', (_, textOf) => {
    // Lexing, reading and checking go through all lines, a millisecond's worth at a time.
    expect(piecesOf(loadConfigInPieces(filesWith(textOf(LINES)), '/unbound.conf'))).toBeGreaterThanOrEqual(LINES / 250);
  });

  test.each(MANY)('%s become policy in pieces', (_, textOf) => {
    expect(piecesOf(policySteps(textOf(LINES)))).toBeGreaterThanOrEqual(LINES / 500);
  });
});

describe('many records at one place', () => {
  const redirected = (count: number): string =>
    `server:\nlocal-zone: r.example redirect\n${lines(count, (i) => `local-data: "r.example A 10.0.${i >> 8}.${i & 255}"`)}`;
  const replaced = (count: number): string =>
    `server:\nresponse-ip: 192.0.2.0/24 redirect\n${lines(count, (i) => `response-ip-data: 192.0.2.0/24 "A 10.0.${i >> 8}.${i & 255}"`)}`;

  test.each([
    ['the top of a redirect zone', redirected],
    ['a netblock', replaced],
  ])('(%s) cost no more than linear time to check', (_, textOf) => {
    const run = (count: number): void => {
      runAtOnce(loadConfigInPieces(filesWith(textOf(count)), '/unbound.conf'));
    };
    expect(growthOfEight(run, 1000)).toBeLessThan(MOST_GROWTH);
  });
});
