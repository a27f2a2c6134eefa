/** Proves what is learnt about servers, and that one packet alone teaches little. */

import { describe, expect, test } from 'vitest';
import { DEFAULT_SERVER_CACHE_OPTIONS, ServerCache } from '../../src/cache/server-cache.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { makeFakePorts } from '../fake/fake-ports.ts';

const SERVER = '192.0.2.1@53';

function make() {
  const { clock } = makeFakePorts();
  return { clock, servers: new ServerCache({ clock, options: DEFAULT_SERVER_CACHE_OPTIONS }) };
}

describe('timeouts', () => {
  test('start at 376 ms, double with each timeout, and are forgotten with an answer', () => {
    const { servers } = make();
    expect(servers.waitMs(SERVER)).toBe(376);
    servers.noteTimeout(SERVER, 376);
    expect(servers.waitMs(SERVER)).toBe(752);
    servers.noteTimeout(SERVER, 752);
    expect(servers.waitMs(SERVER)).toBe(1504);
    servers.noteAnswer(SERVER, 20);
    expect(servers.waitMs(SERVER)).toBe(60);
  });

  test('double once for attempts that time out together', () => {
    const { servers } = make();
    for (let i = 0; i < 10; i++) servers.noteTimeout(SERVER, 376);
    expect(servers.timeoutMs(SERVER)).toBe(752);
  });

  test('never fall below 50 ms nor make a wait longer than 12 s', async () => {
    const { clock, servers } = make();
    for (let i = 0; i < 30; i++) servers.noteAnswer(SERVER, 1);
    expect(servers.waitMs(SERVER)).toBe(50);
    await clock.advance(31_000);
    for (let waited = 376; waited < 1_000_000; waited *= 2) servers.noteTimeout(SERVER, waited);
    expect(servers.waitMs(SERVER)).toBe(12_000);
    expect(servers.isDead(SERVER)).toBe(true);
  });

  test('of a server that has just answered stay short, however many questions are lost in a row', async () => {
    const { clock, servers } = make();
    servers.noteAnswer(SERVER, 40);
    for (let waited = 120; waited < 1_000_000; waited *= 2) servers.noteTimeout(SERVER, waited);
    expect(servers.waitMs(SERVER)).toBe(1000);
    await clock.advance(31_000);
    servers.noteTimeout(SERVER, 1000);
    expect(servers.waitMs(SERVER)).toBe(2000);
  });

  test('are forgotten with the entry', async () => {
    const { clock, servers } = make();
    servers.noteTimeout(SERVER, 3000);
    await clock.advance(901_000);
    expect(servers.waitMs(SERVER)).toBe(376);
  });

  test('of a server that is down end with the entry: one question shows whether it is back', async () => {
    const { clock, servers } = make();
    for (let waited = 376; waited < 1_000_000; waited *= 2) servers.noteTimeout(SERVER, waited);
    await clock.advance(901_000);
    expect(servers.isDead(SERVER)).toBe(false);
    servers.noteAsked(SERVER);
    expect(servers.isDead(SERVER)).toBe(true);
    servers.noteAnswer(SERVER, 20);
    expect(servers.isDead(SERVER)).toBe(false);
  });

  test('of a server that is down let one question through in a minute', async () => {
    const { clock, servers } = make();
    for (let waited = 376; waited < 1_000_000; waited *= 2) servers.noteTimeout(SERVER, waited);
    await clock.advance(59_000);
    expect(servers.isDead(SERVER)).toBe(true);
    await clock.advance(1000);
    expect(servers.isDead(SERVER)).toBe(false);
    servers.noteAsked(SERVER);
    expect(servers.isDead(SERVER)).toBe(true);
  });

  test('of a server that is silent let one question through at a time', async () => {
    const { clock, servers } = make();
    servers.noteTimeout(SERVER, 6000);
    expect(servers.isDead(SERVER)).toBe(false);
    servers.noteAsked(SERVER);
    expect(servers.isDead(SERVER)).toBe(true);
    await clock.advance(12_000);
    expect(servers.isDead(SERVER)).toBe(false);
  });
});

describe('EDNS', () => {
  test('is given up only after three refusals, and never for a server that has shown it', () => {
    const { servers } = make();
    servers.noteEdnsRefused(SERVER);
    servers.noteEdnsRefused(SERVER);
    expect(servers.takesEdns(SERVER)).toBe(true);
    servers.noteEdnsRefused(SERVER);
    expect(servers.takesEdns(SERVER)).toBe(false);
    servers.noteEdns('192.0.2.2@53');
    for (let i = 0; i < 10; i++) servers.noteEdnsRefused('192.0.2.2@53');
    expect(servers.takesEdns('192.0.2.2@53')).toBe(true);
  });
});

describe('families', () => {
  test('lose their route after three servers, which are not blamed, and get another chance later', async () => {
    const { clock, servers } = make();
    servers.noteUnreachable('2001:db8::1@53');
    servers.noteUnreachable('2001:db8::1@53');
    expect(servers.hasRoute('ip6')).toBe(true);
    servers.noteUnreachable('2001:db8::2@53');
    expect(servers.hasRoute('ip6')).toBe(true);
    servers.noteUnreachable('2001:db8::3@53');
    expect(servers.hasRoute('ip6')).toBe(false);
    expect(servers.hasRoute('ip4')).toBe(true);
    expect(servers.waitMs('2001:db8::3@53')).toBe(376);
    await clock.advance(61_000);
    expect(servers.hasRoute('ip6')).toBe(true);
  });
});

describe('lameness', () => {
  test('is kept for one zone and one server', () => {
    const { servers } = make();
    servers.noteLame(SERVER, mustParseName('a.'), 'lame');
    expect(servers.lameness(SERVER, mustParseName('A.'))).toBe('lame');
    expect(servers.lameness(SERVER, mustParseName('b.'))).toBeNull();
    expect(servers.lameness('192.0.2.2@53', mustParseName('a.'))).toBeNull();
  });
});
