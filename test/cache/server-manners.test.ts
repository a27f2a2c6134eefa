/** Proves what EDNS and options cost a server's answers: what is left out, after which proof, and what forgers cannot teach. */

import { describe, expect, test } from 'vitest';
import { ServerManners } from '../../src/cache/server-manners.ts';

const fresh = (): Uint8Array => Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const GOOD = { kind: 'edns-seen', isGood: true } as const;

function given(manners: ServerManners, isGood = true): void {
  const cookie = Uint8Array.of(...manners.cookieFor('', fresh).subarray(0, 8), ...new Uint8Array(16));
  manners.learn({ kind: 'cookie-given', cookie, isGood });
}

describe('EDNS', () => {
  test('is given up only after three refusals, and never for a server that has shown it', () => {
    const manners = new ServerManners();
    manners.learn({ kind: 'edns-refused' });
    manners.learn({ kind: 'edns-refused' });
    expect(manners.takesEdns).toBe(true);
    manners.learn({ kind: 'edns-refused' });
    expect(manners.takesEdns).toBe(false);
    const able = new ServerManners();
    able.learn({ kind: 'edns-seen', isGood: false });
    for (let i = 0; i < 10; i++) able.learn({ kind: 'edns-refused' });
    expect(able.takesEdns).toBe(true);
  });

  test('is left out after two silences, then every second time; after one where it was refused', () => {
    const manners = new ServerManners();
    expect([0, 1, 2, 3, 4].map((timeouts) => manners.shouldLeaveOut(timeouts))).toEqual([
      ...[false, false, true],
      ...[false, true],
    ]);
    manners.learn({ kind: 'edns-refused' });
    expect([0, 1].map((timeouts) => manners.shouldLeaveOut(timeouts))).toEqual([false, true]);
  });
});

describe('cookies', () => {
  test('go only to servers that have answered well with EDNS', () => {
    const manners = new ServerManners();
    expect(manners.takesCookies).toBe(false);
    manners.learn({ kind: 'edns-seen', isGood: false });
    expect(manners.takesCookies).toBe(false);
    manners.learn(GOOD);
    expect(manners.takesCookies).toBe(true);
  });

  test('stop for servers that take no notice, and go on with those that give one', () => {
    const manners = new ServerManners();
    manners.learn(GOOD);
    for (let i = 0; i < 3; i++) manners.learn({ kind: 'cookie-unnoticed' });
    expect(manners.takesCookies).toBe(false);
    const taking = new ServerManners();
    taking.learn(GOOD);
    given(taking);
    for (let i = 0; i < 9; i++) taking.learn({ kind: 'cookie-unnoticed' });
    expect(taking.takesCookies).toBe(true);
  });

  test('end at once by a proof over TCP, else only after three refusals with no success between', () => {
    const manners = new ServerManners();
    manners.learn(GOOD);
    given(manners);
    expect(manners.hasTakenCookie).toBe(false);
    given(manners);
    expect(manners.hasTakenCookie).toBe(true);
    for (let i = 0; i < 2; i++) manners.learn({ kind: 'options-refused' });
    given(manners);
    for (let i = 0; i < 2; i++) manners.learn({ kind: 'options-refused' });
    expect(manners.takesCookies).toBe(true);
    manners.learn({ kind: 'cookie-broken' });
    expect(manners.takesCookies).toBe(false);
  });

  test('are others for another local address (RFC 7873 §8)', () => {
    const manners = new ServerManners();
    manners.learn(GOOD);
    given(manners);
    expect(manners.cookieFor('', fresh)).toHaveLength(24);
    expect(manners.cookieFor('192.0.2.9', fresh)).toHaveLength(8);
  });
});
