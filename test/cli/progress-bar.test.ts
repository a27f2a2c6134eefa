/** Proves that many domains are shown with a bar that goes away again, on a terminal only, and then in a table. */

import { describe, expect, test } from 'vitest';
import { ProgressBar } from '../../src/cli/progress-bar.ts';
import type { CheckLines } from '../../src/dane/report.ts';
import { summaryTable } from '../../src/dane/report-text.ts';

function shown(isTTY: boolean, count: number): string {
  let text = '';
  const write = (piece: unknown): boolean => {
    text += String(piece);
    return true;
  };
  const bar = new ProgressBar({ isTTY, write }, count);
  for (let i = 0; i < count; i++) bar.step();
  bar.end();
  return text;
}

describe('the bar', () => {
  test('fills with each that is done, and leaves an empty line', () => {
    const steps = shown(true, 3).split('\r').slice(1);
    expect(steps).toEqual([
      `[${'#'.repeat(10)}${' '.repeat(20)}] 1/3`,
      `[${'#'.repeat(20)}${' '.repeat(10)}] 2/3`,
      `[${'#'.repeat(30)}] 3/3`,
      '\x1b[K',
    ]);
  });

  test('is not written into files and pipes, nor for one domain', () => {
    expect(shown(false, 3)).toBe('');
    expect(shown(true, 1)).toBe('');
  });
});

test('the table has a line for each domain, and no control character of theirs', () => {
  const host = (name: string, verdict: string) => ({ host: name, verdict }) as CheckLines['hosts'][number];
  const checks: readonly CheckLines[] = [
    { name: 'good.example', end: 'good', mail: null, hosts: [host('mx.good.example', 'verified')] },
    { name: 'a.example', end: 'no-dane', mail: null, hosts: [] },
    { name: 'evil\x1b[2J.example', end: 'failed', mail: null, hosts: [host('mx.evil.example', 'mismatch')] },
  ];
  const lines = summaryTable(checks).trimEnd().split('\n');
  expect(lines[0]).toMatch(/^domain +DANE +hosts$/);
  expect(lines).toHaveLength(4);
  expect(lines.slice(1, 3).map((line) => line.split(/ {2,}/)[0])).toEqual(['good.example', 'a.example']);
  expect(lines[1]).toMatch(/mx\.good\.example verified$/);
  expect(lines.join('')).not.toContain('\x1b');
});
