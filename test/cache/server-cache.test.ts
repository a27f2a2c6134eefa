/** Proves what is learned about servers: for which zone and type, and that one packet alone teaches little. */

import { describe, expect, test } from 'vitest';
import { ServerCache } from '../../src/cache/server-cache.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { makeFakePorts } from '../fake/fake-ports.ts';
import { DEFAULT_SERVER_CACHE_OPTIONS } from '../support/default-options.ts';

const SERVER = '192.0.2.1@53';
const ZONE = mustParseName('example.');
const OTHER_ZONE = mustParseName('stranger.');
const ANSWERED = { kind: 'answered', rttMs: 20 } as const;

function make(options = {}) {
  const { clock } = makeFakePorts();
  let linesBack = 0;
  const servers = new ServerCache({
    ...{ clock, options: { ...DEFAULT_SERVER_CACHE_OPTIONS, ...options } },
    onLineBack: () => linesBack++,
  });
  // Somebody answers all the time: the line is good.
  const silent = (waitedMs: number, type: number = TYPE.A, zone = ZONE, server = SERVER): void => {
    servers.report(servers.at('198.51.100.1@53', mustParseName('.')), ANSWERED);
    servers.report(servers.at(server, zone), { kind: 'silent', waitedMs, type });
  };
  const silentForLong = (type: number = TYPE.A, zone = ZONE): void => {
    for (let waited = 376; waited < 1_000_000; waited *= 2) silent(waited, type, zone);
  };
  const asked = (type: number = TYPE.A): void => servers.report(servers.at(SERVER, ZONE), { kind: 'asked', type });
  const isDead = (type: number = TYPE.A, zone = ZONE): boolean => servers.info(servers.at(SERVER, zone), type).isDead;
  return { clock, servers, silent, silentForLong, asked, isDead, linesBack: () => linesBack };
}

describe('a server that was looked up before', () => {
  test('shows what another question that asks it learned', () => {
    const { servers } = make();
    const [one, other] = [servers.at(SERVER, ZONE), servers.at(SERVER, ZONE)];
    expect(other.zone).toBe(one.zone);
    expect(servers.waitMs(other)).toBe(376);
    servers.report(one, ANSWERED);
    expect(servers.waitMs(other)).toBe(60);
  });

  test('is known anew after it was forgotten, and not as it was', () => {
    const { servers } = make();
    const held = servers.at(SERVER, ZONE);
    servers.report(held, ANSWERED);
    servers.report(held, { kind: 'lame', lameness: 'lame', type: TYPE.A });
    servers.remove(SERVER);
    expect([servers.waitMs(held), servers.lameness(held, TYPE.A)]).toEqual([376, null]);
    servers.report(held, ANSWERED);
    servers.clear();
    expect(servers.waitMs(held)).toBe(376);
    servers.report(held, ANSWERED);
    expect(servers.waitMs(servers.at(SERVER, ZONE))).toBe(60);
  });

  test('is known anew after others pushed it out', () => {
    const { servers } = make({ maxServers: 20 });
    const held = servers.at(SERVER, ZONE);
    servers.report(held, ANSWERED);
    for (let i = 0; i < 200; i++) servers.report(servers.at(`198.51.100.${i}@53`, ZONE), ANSWERED);
    expect(servers.waitMs(held)).toBe(376);
    servers.report(held, { kind: 'silent', waitedMs: 376, type: TYPE.A });
    expect(servers.waitMs(servers.at(SERVER, ZONE))).toBe(752);
  });

  test('is known anew when its entry has expired', async () => {
    const { clock, servers } = make({ hostTtlSeconds: 60 });
    const held = servers.at(SERVER, ZONE);
    servers.report(held, ANSWERED);
    await clock.advance(61_000);
    expect(servers.waitMs(held)).toBe(376);
    servers.report(held, ANSWERED);
    expect(servers.waitMs(servers.at(SERVER, ZONE))).toBe(60);
  });
});

describe('timeouts', () => {
  test('start at 376 ms, double with each timeout, and are forgotten with an answer', () => {
    const { servers, silent } = make();
    expect(servers.waitMs(servers.at(SERVER, ZONE))).toBe(376);
    silent(376);
    expect(servers.waitMs(servers.at(SERVER, ZONE))).toBe(752);
    silent(752);
    expect(servers.waitMs(servers.at(SERVER, ZONE))).toBe(1504);
    servers.report(servers.at(SERVER, ZONE), ANSWERED);
    expect(servers.waitMs(servers.at(SERVER, ZONE))).toBe(60);
  });

  test('double once for attempts that time out together', () => {
    const { servers, silent } = make();
    for (let i = 0; i < 10; i++) silent(376);
    expect(servers.timeoutMs(servers.at(SERVER, ZONE))).toBe(752);
  });

  test('never fall below 50 ms nor make a wait longer than 12 s', async () => {
    const { clock, servers, silentForLong, isDead } = make();
    for (let i = 0; i < 30; i++) servers.report(servers.at(SERVER, ZONE), { kind: 'answered', rttMs: 1 });
    expect(servers.waitMs(servers.at(SERVER, ZONE))).toBe(50);
    await clock.advance(31_000);
    silentForLong();
    expect(servers.waitMs(servers.at(SERVER, ZONE))).toBe(12_000);
    expect(isDead()).toBe(true);
  });

  test('of a server that has just answered stay short, however many questions are lost in a row', async () => {
    const { clock, servers, silent, silentForLong } = make();
    servers.report(servers.at(SERVER, ZONE), { kind: 'answered', rttMs: 40 });
    silentForLong();
    expect(servers.waitMs(servers.at(SERVER, ZONE))).toBe(1000);
    await clock.advance(31_000);
    silent(1000);
    expect(servers.waitMs(servers.at(SERVER, ZONE))).toBe(2000);
  });

  test('are forgotten with the entry', async () => {
    const { clock, servers, silent } = make();
    silent(3000);
    await clock.advance(901_000);
    expect(servers.waitMs(servers.at(SERVER, ZONE))).toBe(376);
  });

  test('of a server that is down end with the entry: one question shows whether it is back', async () => {
    const { clock, servers, silent, silentForLong, asked, isDead } = make();
    silentForLong();
    await clock.advance(901_000);
    expect(isDead()).toBe(false);
    silent(12_000);
    asked();
    expect(isDead()).toBe(true);
    servers.report(servers.at(SERVER, ZONE), ANSWERED);
    expect(isDead()).toBe(false);
  });

  test('of a server that is down let one question through in a minute', async () => {
    const { clock, silentForLong, asked, isDead } = make();
    silentForLong();
    await clock.advance(59_000);
    expect(isDead()).toBe(true);
    await clock.advance(1000);
    expect(isDead()).toBe(false);
    asked();
    expect(isDead()).toBe(true);
  });

  test('of a server that is silent let one question through at a time', async () => {
    const { clock, silent, asked, isDead } = make();
    for (let i = 0; i < 3; i++) silent(6000);
    expect(isDead()).toBe(false);
    asked();
    expect(isDead()).toBe(true);
    await clock.advance(12_000);
    expect(isDead()).toBe(false);
  });
});

describe('what silence teaches', () => {
  test('counts for the zone that it was learned in', () => {
    const { servers, silentForLong, isDead } = make();
    servers.report(servers.at(SERVER, ZONE), ANSWERED);
    silentForLong(TYPE.A, OTHER_ZONE);
    expect(isDead(TYPE.A, OTHER_ZONE)).toBe(true);
    expect(isDead()).toBe(false);
    expect(servers.waitMs(servers.at(SERVER, ZONE))).toBe(60);
    expect(servers.info(servers.at(SERVER, ZONE), TYPE.A).timeoutMs).toBe(60);
    expect(servers.info(servers.at(SERVER, mustParseName('third.')), TYPE.A).timeoutMs).toBe(60);
  });

  test('counts for the type: who drops TLSA is still asked for MX', () => {
    const { silentForLong, isDead } = make();
    silentForLong(TYPE.TLSA);
    expect(isDead(TYPE.TLSA)).toBe(true);
    expect(isDead(TYPE.MX)).toBe(false);
    expect(isDead(TYPE.A)).toBe(false);
  });

  test('counts for all unusual types together, so that their number does not matter', () => {
    const { silent, silentForLong, isDead, asked } = make();
    silentForLong(65_000);
    expect(isDead(65_001)).toBe(true);
    expect(isDead(TYPE.MX)).toBe(false);
    for (let i = 0; i < 3; i++) silent(12_000, TYPE.MX);
    asked(TYPE.MX);
    expect(isDead(TYPE.MX)).toBe(true);
  });

  test('puts an address last, no more, for other zones when it used to answer for the one', async () => {
    const { clock, servers, silentForLong, isDead } = make();
    servers.report(servers.at(SERVER, ZONE), ANSWERED);
    await clock.advance(31_000);
    silentForLong();
    expect(servers.info(servers.at(SERVER, OTHER_ZONE), TYPE.A).timeoutMs).toBe(120_000);
    expect(isDead(TYPE.A, OTHER_ZONE)).toBe(false);
    expect(servers.waitMs(servers.at(SERVER, OTHER_ZONE))).toBe(60);
    servers.report(servers.at(SERVER, OTHER_ZONE), ANSWERED);
    expect(servers.info(servers.at(SERVER, mustParseName('third.')), TYPE.A).timeoutMs).toBeLessThan(100);
  });
});

describe('a server that never answered anybody', () => {
  test('comes last for other zones until it answers, but is asked there', () => {
    const { servers, silentForLong, isDead } = make();
    silentForLong(TYPE.A, OTHER_ZONE);
    expect(servers.info(servers.at(SERVER, ZONE), TYPE.A).timeoutMs).toBe(120_000);
    expect(isDead()).toBe(false);
    expect(servers.waitMs(servers.at(SERVER, ZONE))).toBe(376);
    servers.report(servers.at(SERVER, ZONE), ANSWERED);
    expect(servers.info(servers.at(SERVER, ZONE), TYPE.A).timeoutMs).toBe(60);
  });
});

describe('an outage of the own line', () => {
  const WITNESSES = ['192.0.2.1@53', '192.0.2.2@53', '192.0.2.3@53', '192.0.2.4@53'];

  function cut(servers: ServerCache, rounds = 12): void {
    for (let i = 0, waitedMs = 376; i < rounds; i++, waitedMs *= 2) {
      for (const server of WITNESSES)
        servers.report(servers.at(server, ZONE), { kind: 'silent', waitedMs, type: TYPE.A });
    }
  }

  test('teaches nothing about servers that answered before, and is over with one answer', async () => {
    const { clock, servers, isDead, linesBack } = make();
    for (const server of WITNESSES) servers.report(servers.at(server, ZONE), ANSWERED);
    await clock.advance(60_000);
    cut(servers);
    for (const server of WITNESSES) expect(servers.timeoutMs(servers.at(server, ZONE))).toBe(60);
    // The line may have become slow: then nothing would be heard within what answers used to take.
    expect([0, 1, 2, 3, 4].map((timeouts) => servers.waitMs(servers.at(SERVER, ZONE), timeouts))).toEqual([
      ...[1000, 1000, 1000],
      ...[3000, 1000],
    ]);
    expect(isDead()).toBe(false);
    expect(linesBack()).toBe(0);
    servers.report(servers.at('192.0.2.2@53', ZONE), ANSWERED);
    expect(linesBack()).toBe(1);
    servers.report(servers.at(SERVER, ZONE), { kind: 'silent', waitedMs: 60, type: TYPE.A });
    expect(servers.waitMs(servers.at(SERVER, ZONE))).toBe(120);
  });

  test('is seen at the start, when nobody has answered yet, and by who has a single forwarder', async () => {
    const atStart = make();
    cut(atStart.servers);
    expect(atStart.servers.timeoutMs(atStart.servers.at(SERVER, ZONE))).toBe(376);
    const forwarding = make();
    forwarding.servers.report(forwarding.servers.at(SERVER, ZONE), ANSWERED);
    await forwarding.clock.advance(60_000);
    for (let waitedMs = 60; waitedMs < 1_000_000; waitedMs *= 2) {
      forwarding.servers.report(forwarding.servers.at(SERVER, ZONE), { kind: 'silent', waitedMs, type: TYPE.A });
    }
    expect(forwarding.isDead()).toBe(false);
    expect(forwarding.servers.timeoutMs(forwarding.servers.at(SERVER, ZONE))).toBe(60);
  });

  test('is not made of the silence of servers that never answered, nor hidden by one on the own site', async () => {
    const { clock, servers } = make();
    for (const server of WITNESSES) servers.report(servers.at(server, ZONE), ANSWERED);
    await clock.advance(60_000);
    for (let i = 0; i < 20; i++) {
      for (let waitedMs = 376; waitedMs < 1_000_000; waitedMs *= 2) {
        servers.report(servers.at(`203.0.113.${i}@53`, OTHER_ZONE), { kind: 'silent', waitedMs, type: TYPE.A });
      }
    }
    expect(servers.info(servers.at('203.0.113.1@53', OTHER_ZONE), TYPE.A).isDead).toBe(true);
    for (const server of WITNESSES) {
      servers.report(servers.at('127.0.0.1@5353', ZONE), ANSWERED);
      servers.report(servers.at(server, ZONE), { kind: 'silent', waitedMs: 60, type: TYPE.A });
    }
    for (const server of WITNESSES) expect(servers.timeoutMs(servers.at(server, ZONE))).toBe(60);
  });

  test('is one too when the system knows no way: its end is told', () => {
    const { servers, linesBack } = make();
    for (const server of WITNESSES) servers.noteUnreachable(server);
    servers.report(servers.at(SERVER, ZONE), ANSWERED);
    servers.report(servers.at(SERVER, ZONE), ANSWERED);
    expect(linesBack()).toBe(1);
  });

  test('leaves alone what was known of dead servers before it', async () => {
    const { clock, servers, silentForLong, isDead } = make();
    silentForLong();
    for (const server of WITNESSES.slice(1)) servers.report(servers.at(server, ZONE), ANSWERED);
    await clock.advance(1000);
    cut(servers);
    expect(isDead()).toBe(true);
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
    expect(servers.waitMs(servers.at('2001:db8::3@53', ZONE))).toBe(376);
    await clock.advance(61_000);
    expect(servers.hasRoute('ip6')).toBe(true);
  });
});

describe('lameness', () => {
  test('is kept for one server, one zone and one type', () => {
    const { servers } = make();
    const a = mustParseName('a.');
    servers.report(servers.at(SERVER, a), { kind: 'lame', lameness: 'lame', type: TYPE.AAAA });
    expect(servers.lameness(servers.at(SERVER, mustParseName('A.')), TYPE.AAAA)).toBe('lame');
    expect(servers.lameness(servers.at(SERVER, a), TYPE.MX)).toBeNull();
    expect(servers.lameness(servers.at(SERVER, mustParseName('b.')), TYPE.AAAA)).toBeNull();
    expect(servers.lameness(servers.at('192.0.2.2@53', a), TYPE.AAAA)).toBeNull();
  });

  test('that is about the whole zone is kept for all types', () => {
    const { servers } = make();
    servers.report(servers.at(SERVER, ZONE), { kind: 'lame', lameness: 'dnssec-lame', type: TYPE.A });
    expect(servers.lameness(servers.at(SERVER, ZONE), TYPE.MX)).toBe('dnssec-lame');
  });
});

describe('the bound', () => {
  test('counts zones and types of one server: they push each other out, and the octets follow', () => {
    const { servers } = make({ maxServers: 100 });
    for (let i = 0; i < 1000; i++) {
      const zone = mustParseName(`zone-${i}.example.`);
      for (let type = 1; type <= 20; type++)
        servers.report(servers.at(SERVER, zone), { kind: 'lame', lameness: 'lame', type });
    }
    expect(servers.count).toBeLessThanOrEqual(130);
    const [report] = servers.entries();
    expect(report).toMatchObject({ server: SERVER, zone: 'zone-999.example.', isLameForOther: true });
    expect(servers.sizeBytes).toBeLessThan(2 * 100 * 700);
  });
});
