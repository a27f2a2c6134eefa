/** Proves DNS cookies with dig: it is given one, comes back with it, and keeps being answered while secrets are rolled over. */

import { beforeAll, describe, expect, test } from 'vitest';
import { runInNamespace, whyNotHere } from './programs.ts';

const why = whyNotHere(['dig', 'ip']);

interface Observed {
  readonly replies: {
    readonly without: string;
    readonly first: string;
    readonly again: string;
    readonly overTcp: string;
  };
  readonly steps: readonly string[];
  readonly afterRollover: string;
  readonly afterDrop: string;
  readonly secrets: string;
  readonly counters: readonly string[];
}

describe.skipIf(why !== null)(`cookies of dig ${why ?? ''}`, () => {
  let seen: Observed;
  beforeAll(() => {
    seen = JSON.parse(runInNamespace('cookies-session.ts', [], 60_000)) as Observed;
  }, 70_000);

  test('without a cookie a client is sent to TCP, where it is answered', () => {
    expect(seen.replies.without).toMatch(/status: REFUSED.*\n.*flags:[^;]* tc/);
    expect(seen.replies.overTcp).toContain('192.0.2.9');
  });

  test('with its own cookie it gets BADCOOKIE and ours, and is answered when it comes back', () => {
    expect(seen.replies.first).toContain('status: BADCOOKIE');
    expect(seen.replies.first).toMatch(/COOKIE: 010203040506070801000000[0-9a-f]{24} \(good\)/);
    expect(seen.replies.again).toContain('192.0.2.9');
  });

  test('a cookie stays good while its secret is replaced, and not after', () => {
    expect(seen.afterRollover).toContain('192.0.2.9');
    expect(seen.afterDrop).toContain('status: BADCOOKIE');
  });

  test('the control channel shows and keeps the secrets', () => {
    const [one, two] = ['11'.repeat(16), '22'.repeat(16)];
    expect(seen.steps).toEqual([
      'ok\n',
      'ok\n',
      `active : ${one}\nstaging: ${two}\n`,
      'ok\n',
      'ok\n',
      `active : ${two}\n`,
      'error can not drop the currently active cookie secret\n',
    ]);
    expect(seen.secrets).toBe(`${two}\n`);
  });

  test('statistics count them', () => {
    expect(seen.counters).toEqual([
      'total.num.queries_cookie_valid=2',
      'total.num.queries_cookie_client=4',
      'total.num.queries_cookie_invalid=1',
    ]);
  });
});
