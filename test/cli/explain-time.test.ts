/** Proves which forms of a time `explain --at` takes. */

import { expect, test } from 'vitest';
import { readTime } from '../../src/cli/explain-time.ts';

const NOW = 1_767_225_600;

test.each([
  ['1767225601', NOW + 1],
  ['20260101000000', NOW],
  ['2026-01-01', NOW],
  ['2026-01-01T00:00', NOW],
  ['2026-01-01T00:00:05Z', NOW + 5],
  ['2026-01-01 01:00:00', NOW + 3600],
  ['+3d', NOW + 3 * 86_400],
  ['-12h', NOW - 12 * 3600],
  ['+2w', NOW + 14 * 86_400],
])('%s', (text, expected) => {
  expect(readTime(text, NOW)).toBe(expected);
});

test.each([
  '',
  'tomorrow',
  '2026-13-01',
  '2026-02-31T25:00',
  '3d',
  '+3y',
  '99999999999',
  '0',
  '2026-01-01T00:00:00+01:00',
])('not %s', (text) => {
  expect(readTime(text, NOW)).toBeNull();
});
