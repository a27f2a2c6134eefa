/**
 * Proves when expired data is served (RFC 8767), how it looks, and when it never is: TLSA, DS and DNSKEY, data whose
 * signatures have expired, after serve-expired-ttl, before fetching was tried for long enough.
 */

import { afterEach, describe, expect, test } from 'vitest';
import { TEST_START_UNIX_SECONDS } from '../fake/fake-ports.ts';
import { Scene } from '../world/scene.ts';
import type { ZoneSpec } from '../world/world.ts';

const AUTH = '192.0.2.1';
const TEXT = `
$TTL 100
www IN A 192.0.2.80
_25._tcp.mx IN TLSA 3 1 1 ${'ab'.repeat(32)}
`;
const STALE_ANSWER = 3;
const STALE_NXDOMAIN = 19;

let scene: Scene;
let isDead = false;
afterEach(async () => {
  isDead = false;
  await scene.stop();
});

/** A resolver whose servers can be silenced by `isDead`. */
async function instance(config: readonly string[] = [], spec: Partial<ZoneSpec> = {}): Promise<void> {
  scene = Scene.withTest(TEXT, spec);
  for (const ip of [AUTH, '198.41.0.4']) scene.tamper(ip, (reply) => (isDead ? null : reply));
  const lines = ['serve-expired: yes', 'ede-serve-expired: yes', 'qname-minimisation: no', ...config];
  await scene.start(['server:', ...lines.map((line) => `\t${line}`)]);
}

function pass(seconds: number): void {
  scene.ports.clock.skip(seconds * 1000);
}

describe('with serve-expired-client-timeout', () => {
  test('fetching is tried first, and the expired answer comes when that takes too long', async () => {
    await instance();
    await scene.ask('www.test.', 'A');
    pass(200);
    isDead = true;
    const before = scene.ports.clock.monotonicMs();
    const reply = await scene.ask('www.test.', 'A');
    expect(scene.ports.clock.monotonicMs() - before).toBeGreaterThanOrEqual(1800);
    expect(reply.status).toBe('NOERROR ad');
    expect(reply.answer).toEqual(['www.test. A 192.0.2.80']);
    expect(reply.seen.answer[0]?.ttl).toBe(30);
    expect(reply.edes).toEqual([STALE_ANSWER]);
    expect(scene.count('expired.served')).toBe(1);
  });

  test('is counted once where rules look at the answer', async () => {
    await instance(['serve-expired-client-timeout: 0', 'response-ip: 198.51.100.0/24 always_nxdomain']);
    await scene.ask('www.test.', 'A');
    pass(200);
    isDead = true;
    expect((await scene.ask('www.test.', 'A')).edes).toEqual([STALE_ANSWER]);
    expect(scene.count('expired.served')).toBe(1);
  });

  test('a fresh answer in time is what the client gets', async () => {
    await instance();
    await scene.ask('www.test.', 'A');
    pass(200);
    const reply = await scene.ask('www.test.', 'A');
    expect(reply.seen.answer[0]?.ttl).toBe(100);
    expect(reply.edes).toEqual([]);
  });

  test('an expired denial says so by another code', async () => {
    await instance();
    await scene.ask('gone.test.', 'A');
    pass(7200);
    isDead = true;
    const reply = await scene.ask('gone.test.', 'A');
    expect(reply.status).toBe('NXDOMAIN ad');
    expect(reply.edes).toEqual([STALE_NXDOMAIN]);
  });

  test('who asks while others have waited for so long already gets the expired answer at once', async () => {
    await instance();
    await scene.ask('www.test.', 'A');
    pass(200);
    isDead = true;
    await scene.ask('www.test.', 'A');
    expect(scene.instance.resolver.worksInProgress).toBe(1);
    const before = scene.ports.clock.monotonicMs();
    expect((await scene.ask('www.test.', 'A')).edes).toEqual([STALE_ANSWER]);
    expect(scene.ports.clock.monotonicMs() - before).toBeLessThan(100);
    expect(scene.instance.resolver.worksInProgress).toBe(1);
  });

  test('a remembered failure is answered with expired data at once', async () => {
    await instance(['outbound-msg-retry: 1']);
    await scene.ask('www.test.', 'A');
    pass(200);
    isDead = true;
    await scene.ask('www.test.', 'A');
    await scene.ports.clock.runUntil(() => scene.instance.resolver.worksInProgress === 0);
    const before = scene.ports.clock.monotonicMs();
    expect((await scene.ask('www.test.', 'A')).edes).toEqual([STALE_ANSWER]);
    expect(scene.ports.clock.monotonicMs() - before).toBeLessThan(100);
  });
});

describe('with serve-expired-client-timeout 0', () => {
  test('the expired answer comes at once, and the next one is fresh', async () => {
    await instance(['serve-expired-client-timeout: 0', 'serve-expired-reply-ttl: 77']);
    await scene.ask('www.test.', 'A');
    pass(200);
    const stale = await scene.ask('www.test.', 'A');
    expect(stale.seen.answer[0]?.ttl).toBe(77);
    expect(stale.edes).toEqual([STALE_ANSWER]);
    await scene.ports.clock.runUntil(() => scene.instance.resolver.works().length === 0);
    const fresh = await scene.ask('www.test.', 'A');
    expect(fresh.seen.answer[0]?.ttl).toBe(100);
    expect(fresh.edes).toEqual([]);
  });

  test('a TTL in replies is never longer than what the server gave', async () => {
    await instance(['serve-expired-client-timeout: 0', 'serve-expired-reply-ttl: 500']);
    await scene.ask('www.test.', 'A');
    pass(200);
    expect((await scene.ask('www.test.', 'A')).seen.answer[0]?.ttl).toBe(100);
  });
});

describe('a refresh that took too long', () => {
  test.each([
    ['serve-expired-client-timeout: 0', 'deadline'],
    ['serve-expired-client-timeout: 1800', 'deadline'],
    ['max-sent-count: 2', 'limit'],
  ])('is remembered, so that the servers are left alone for a while: %s', async (line) => {
    await instance([line]);
    await scene.ask('www.test.', 'A');
    pass(200);
    isDead = true;
    await scene.ask('www.test.', 'A');
    await scene.ports.clock.runUntil(() => scene.instance.resolver.works().length === 0);
    const before = scene.asked.length;
    for (let i = 0; i < 3; i++) expect((await scene.ask('www.test.', 'A')).edes).toEqual([STALE_ANSWER]);
    await scene.ports.clock.advance(100);
    expect(scene.asked.length).toBe(before);
  });
});

describe('expired data is never served', () => {
  test.each([
    ['zero.test.', 'A', 'zero 0 IN A 192.0.2.90'],
    ['to.test.', 'A', 'to 0 IN CNAME www'],
    ['zero.test.', 'TXT', 'zero 0 IN A 192.0.2.90\n@ 0 IN SOA ns admin 1 7200 3600 1209600 0'],
  ])('when it came with a TTL of zero: %s %s', async (name, type, text) => {
    await instance(['serve-expired-client-timeout: 0'], { text: `${TEXT}${text}\n` });
    expect((await scene.ask(name, type)).status).toBe('NOERROR ad');
    pass(10);
    const before = scene.asked.length;
    expect((await scene.ask(name, type)).edes).toEqual([]);
    expect(scene.asked.length).toBeGreaterThan(before);
    isDead = true;
    expect((await scene.ask(name, type)).status).toBe('SERVFAIL');
  });

  test.each([
    ['_25._tcp.mx.test.', 'TLSA'],
    ['test.', 'DNSKEY'],
    ['test.', 'DS'],
  ])('for %s %s', async (name, type) => {
    await instance(['serve-expired-client-timeout: 0']);
    expect((await scene.ask(name, type)).status).toBe('NOERROR ad');
    pass(90_000);
    isDead = true;
    expect((await scene.ask(name, type)).status).toBe('SERVFAIL');
  });

  test('for TLSA, unless serve-expired-dane says so', async () => {
    await instance(['serve-expired-client-timeout: 0', 'serve-expired-dane: yes']);
    await scene.ask('_25._tcp.mx.test.', 'TLSA');
    pass(7200);
    isDead = true;
    expect((await scene.ask('_25._tcp.mx.test.', 'TLSA')).edes).toEqual([STALE_ANSWER]);
  });

  test('after serve-expired-ttl', async () => {
    await instance(['serve-expired-ttl: 1000']);
    await scene.ask('www.test.', 'A');
    pass(1100);
    isDead = true;
    expect((await scene.ask('www.test.', 'A')).status).toBe('SERVFAIL');
  });

  test('when its signatures have expired, not even without AD', async () => {
    const expiration = TEST_START_UNIX_SECONDS + 150;
    await instance(['val-sig-skew-min: 0', 'val-sig-skew-max: 0'], { signing: { expiration } });
    expect((await scene.ask('www.test.', 'A')).status).toBe('NOERROR ad');
    pass(200);
    isDead = true;
    expect((await scene.ask('www.test.', 'A')).status).toBe('SERVFAIL');
  });

  test('when serve-expired is off', async () => {
    await instance(['serve-expired: no']);
    await scene.ask('www.test.', 'A');
    pass(200);
    isDead = true;
    expect((await scene.ask('www.test.', 'A')).status).toBe('SERVFAIL');
  });
});

describe('a failed refresh', () => {
  test('starts the time of expired data again with serve-expired-ttl-reset', async () => {
    await instance(['serve-expired-ttl: 1000', 'serve-expired-ttl-reset: yes', 'outbound-msg-retry: 1']);
    await scene.ask('www.test.', 'A');
    pass(600);
    isDead = true;
    await scene.ask('www.test.', 'A');
    await scene.ports.clock.runUntil(() => scene.instance.resolver.worksInProgress === 0);
    pass(900);
    expect((await scene.ask('www.test.', 'A')).edes).toEqual([STALE_ANSWER]);
  });

  test('that gives bogus data does not hide expired data that was secure', async () => {
    await instance(['outbound-msg-retry: 1']);
    await scene.ask('www.test.', 'A');
    pass(200);
    scene.world.break('test.', 'rdata-forged');
    const reply = await scene.ask('www.test.', 'A');
    expect(reply.status).toBe('NOERROR ad');
    expect(reply.answer).toEqual(['www.test. A 192.0.2.80']);
    expect(reply.edes).toContain(STALE_ANSWER);
  });
});
