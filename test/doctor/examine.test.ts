/** Proves the form of the report: exit status, text, JSON. What the checks find on real hosts is test/interop/doctor.test.ts. */

import { describe, expect, test } from 'vitest';
import { spanText } from '../../src/doctor/days.ts';
import {
  controlReport,
  exitStatusOf,
  type Finding,
  findingsJson,
  findingText,
  summaryText,
} from '../../src/doctor/examine.ts';
import { failure, ok, warning } from '../../src/doctor/outcome.ts';

const WELL: Finding = { id: 'udp', title: 'UDP port 53', ...ok('it works') };
const SO_SO: Finding = { id: 'ip6', title: 'IPv6', ...warning('no route', 'Write do-ip6: no.') };
const ILL: Finding = { id: 'tcp', title: 'TCP port 53', ...failure('nothing comes', 'Open it.') };

describe('the report', () => {
  test('fails with a failure only', () => {
    expect([exitStatusOf([WELL]), exitStatusOf([WELL, SO_SO]), exitStatusOf([SO_SO, ILL])]).toEqual([0, 0, 1]);
  });

  test('says cause and remedy, in colour when asked', () => {
    expect(findingText(WELL, false)).toBe('ok      UDP port 53: it works.\n');
    expect(findingText(ILL, false)).toBe('FAILURE TCP port 53: nothing comes.\n        -> Open it.\n');
    expect(findingText(SO_SO, true).startsWith('\u001b[33mWARNING \u001b[0mIPv6')).toBe(true);
    expect(summaryText([WELL, SO_SO, ILL, ILL])).toBe('1 ok, 1 warnings, 2 failures\n');
  });

  test('is one JSON object on one line', () => {
    expect(JSON.parse(findingsJson([WELL, ILL]))).toEqual({
      status: 'failure',
      checks: [
        { id: 'udp', level: 'ok', cause: 'it works', remedy: null },
        { id: 'tcp', level: 'failure', cause: 'nothing comes', remedy: 'Open it.' },
      ],
    });
  });

  test('over the control channel begins with error when something fails, so that the client exits with 1', () => {
    expect(controlReport([WELL, SO_SO], false)).toMatch(/^ok /);
    expect(controlReport([WELL, ILL], false)).toMatch(/^error /);
    expect(controlReport([ILL], true)).toBe(findingsJson([ILL]));
  });
});

test('spans of time are told in the largest unit that fits twice', () => {
  expect([0, 1, 119, 120, 7199, 86_400 * 3, 86_400 * 365 * 2].map(spanText)).toEqual([
    '0 seconds',
    '1 second',
    '119 seconds',
    '2 minutes',
    '119 minutes',
    '3 days',
    '2 years',
  ]);
});
