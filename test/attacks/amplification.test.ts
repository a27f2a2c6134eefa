/**
 * Attacks that make a resolver send, wait or remember too much, each against a whole resolver:
 * NXNSAttack (CVE-2020-12662, -12667, -8616, -10995), NRDelegation (CVE-2022-3204, -2795, -40188), CacheFlush (NS flood),
 * CAMP (quota per client query; reset bug CVE-2026-50045), DNSBomb (CVE-2024-33655), TsuNAME, recursion loop (BIND
 * CVE-2026-5950, PowerDNS CVE-2023-22617), jostle bypass (Unbound CVE-2026-42534), cache exhaustion (BIND CVE-2026-11622,
 * PowerDNS CVE-2024-25590 and CVE-2025-59029).
 */

import { describe, expect, test } from 'vitest';
import { mustParseName } from '../../src/wire/name-text.ts';
import { FLAG } from '../../src/wire/rcode.ts';
import { CLASS, TYPE } from '../../src/wire/rr-type.ts';
import { onType } from '../world/lies.ts';
import { recordOf, tighten } from '../world/loose-message.ts';
import { Scene } from '../world/scene.ts';

const AUTH = '192.0.2.1';
const VICTIM = '192.0.2.3';

/** A referral of `www.attack.test.` to `count` server names. */
function referral(count: number, host: (i: number) => string): Scene {
  const scene = Scene.withTest('www IN A 192.0.2.80');
  scene.zone('victim.', { servers: { 'ns.victim.': [VICTIM] }, signing: {}, text: 'real IN A 192.0.2.90' });
  scene.tamper(AUTH, (reply) => {
    if (reply.question === null || !String.fromCharCode(...reply.question.name).includes('attack')) return reply;
    const authority = Array.from({ length: count }, (_, i) => recordOf(`attack.test. 300 NS ${host(i)}`));
    return { ...reply, flags: FLAG.QR, answer: [], authority, additional: [] };
  });
  return scene;
}

const askedAt = (scene: Scene, ip: string) => scene.asked.filter((line) => line.startsWith(`${ip} `)).length;

describe('NXNSAttack', () => {
  test('of 100 server names that do not exist sends few questions to the victim', async () => {
    const scene = referral(100, (i) => `fake${i}.victim.`);
    await scene.start();
    expect((await scene.ask('www.attack.test.', 'A')).rcode).toBe('SERVFAIL');
    expect(askedAt(scene, VICTIM)).toBeLessThanOrEqual(20);
    expect(scene.count('limit.target-nxdomains')).toBe(1);
    await scene.stop();
  });

  test('repeated for other names below costs the victim less and less', async () => {
    const scene = referral(100, (i) => `fake${i}.victim.`);
    await scene.start();
    for (let i = 0; i < 10; i++) await scene.ask(`www${i}.attack.test.`, 'A');
    expect(askedAt(scene, VICTIM)).toBeLessThanOrEqual(60);
    await scene.stop();
  });
});

describe('NRDelegation', () => {
  test('of 1500 server names that do not answer is cut to a few', async () => {
    const scene = referral(1_500, (i) => `ns${i}.victim.`);
    scene.ports.servers.serve(VICTIM, () => {});
    await scene.start();
    expect((await scene.ask('www.attack.test.', 'A')).rcode).toBe('SERVFAIL');
    expect(scene.count('upstream.udp') + scene.count('upstream.tcp')).toBeLessThanOrEqual(200);
    await scene.stop();
  });
});

describe('CacheFlush', () => {
  test('with an NS set of 500 records keeps only some of them', async () => {
    const scene = referral(500, (i) => `ns${i}.victim.`);
    await scene.start();
    await scene.ask('www.attack.test.', 'A');
    const kept = scene.instance.caches.delegations.findDeepest(mustParseName('attack.test.'));
    expect(kept?.servers.length ?? 0).toBeLessThanOrEqual(20);
    await scene.stop();
  });
});

describe('CAMP', () => {
  /** Aliases from zone to zone, whose servers are all silent but one. */
  function chain(): Scene {
    const scene = Scene.withTest('a IN CNAME a.z0.');
    for (let i = 0; i < 12; i++) {
      const ips = [`203.0.113.${i}`, `203.0.113.${100 + i}`, `192.0.2.${100 + i}`];
      scene.zone(`z${i}.`, { servers: { [`ns.z${i}.`]: ips }, signing: {}, text: `a IN CNAME a.z${i + 1}.` });
      for (const ip of ips.slice(0, 2)) scene.tamper(ip, () => null);
    }
    return scene;
  }

  test('of aliases, silent servers and validation together stays within one quota', async () => {
    const scene = chain();
    await scene.start(['server:', '\tmax-global-quota: 40', '\toutbound-msg-retry: 1']);
    expect((await scene.ask('a.test.', 'A')).rcode).toBe('SERVFAIL');
    expect(scene.count('upstream.udp') + scene.count('upstream.tcp')).toBeLessThanOrEqual(41);
    await scene.stop();
  });

  test('the quota survives validation restarts', async () => {
    const scene = new Scene();
    const ips = Array.from({ length: 12 }, (_, i) => `192.0.2.${10 + i}`);
    scene.zone('.', { servers: { 'a.root.': ['198.41.0.4'] }, signing: {} });
    scene.zone('test.', { servers: { 'ns.test.': ips }, signing: {}, text: 'www IN A 192.0.2.80' });
    scene.world.get('test.').break({ fault: 'signatures-corrupt', types: [TYPE.A] });
    await scene.start(['server:', '\tmax-global-quota: 8', '\tval-max-restart: 100']);
    expect((await scene.ask('www.test.', 'A')).rcode).toBe('SERVFAIL');
    expect(scene.count('upstream.udp') + scene.count('upstream.tcp')).toBeLessThanOrEqual(8);
    await scene.stop();
  });
});

describe('DNSBomb', () => {
  /** A client elsewhere: addresses of this host cannot be forged, so nothing is held back from it. */
  const from = '198.51.100.7';
  const allowed = '\taccess-control: 198.51.100.0/24 allow';

  test('answers that come later than discard-timeout are not sent out in one burst', async () => {
    const scene = Scene.withTest('*.x IN A 192.0.2.80');
    scene.ports.network.link = ({ to, from }) => [{ afterMs: to.port === 53 || from.port === 53 ? 250 : 0 }];
    await scene.start(['server:', '\tdiscard-timeout: 1000', allowed]);
    const replies = await scene.askLater('late.x.test.', 'A', { from });
    await scene.ports.clock.advance(30_000);
    expect(replies).toEqual([]);
    // The work was not in vain: the answer is there now.
    expect((await scene.ask('late.x.test.', 'A')).status).toBe('NOERROR ad');
    await scene.stop();
  });

  test('one client does not wait for more than wait-limit answers', async () => {
    const scene = Scene.withTest('www IN A 192.0.2.80');
    scene.world.break('test.', 'dead');
    await scene.start(['server:', '\twait-limit: 10', '\tnum-queries-per-thread: 100', allowed]);
    for (let i = 0; i < 30; i++) await scene.askLater(`n${i}.test.`, 'A', { from });
    expect(scene.instance.serve.stats.overLimit).toBeGreaterThanOrEqual(19);
    await scene.stop();
  });
});

describe('TsuNAME', () => {
  function circle(): Scene {
    const scene = Scene.withTest('a IN NS ns.b\nb IN NS ns.a\nc IN NS ns.c');
    return scene;
  }

  test('of two zones with their servers in each other ends with few questions', async () => {
    const scene = circle();
    await scene.start();
    const reply = await scene.ask('www.a.test.', 'A');
    expect(reply.rcode).toBe('SERVFAIL');
    expect(scene.asked.length).toBeLessThanOrEqual(16);
    await scene.stop();
  });

  test('asked by many at once ends for all of them', async () => {
    const scene = circle();
    await scene.start();
    const answered = await scene.askTogether([
      'www.a.test. A',
      'www.b.test. A',
      'ns.a.test. A',
      'ns.b.test. AAAA',
      'www.c.test. A',
    ]);
    expect(answered.map(({ reply }) => reply.rcode)).toEqual(answered.map(() => 'SERVFAIL'));
    expect(scene.instance.resolver.works()).toEqual([]);
    await scene.stop();
  });

  test('asked again soon costs nobody anything', async () => {
    const scene = circle();
    await scene.start();
    await scene.ask('www.a.test.', 'A');
    const before = scene.asked.length;
    for (let i = 0; i < 5; i++) await scene.ask('www.a.test.', 'A');
    expect(scene.asked.length - before).toBeLessThanOrEqual(5);
    await scene.stop();
  });
});

describe('recursion loop', () => {
  test('of a referral back to the zone above ends', async () => {
    const scene = Scene.withTest('');
    scene.tamper(AUTH, (reply) => ({
      ...reply,
      flags: FLAG.QR,
      answer: [],
      authority: [recordOf('. 300 NS a.root.')],
    }));
    await scene.start();
    expect((await scene.ask('www.test.', 'A')).rcode).toBe('SERVFAIL');
    expect(scene.asked.length).toBeLessThan(40);
    await scene.stop();
  });

  test('of referrals that go one label deeper without end is as deep as a name', async () => {
    const scene = Scene.withTest('');
    let depth = 1;
    scene.serve(AUTH, (query, reply) => {
      depth++;
      const labels = 'a.'.repeat(Math.min(depth - 1, 119));
      query.reply(
        tighten({
          ...reply,
          flags: FLAG.QR,
          authority: [recordOf(`${labels}test. 300 NS ns.test.`)],
          additional: [recordOf(`ns.test. 300 A ${AUTH}`)],
        }),
      );
    });
    await scene.start(['server:', '\tdomain-insecure: "test."']);
    scene.serve(AUTH, (query, reply) => {
      depth++;
      const labels = 'a.'.repeat(Math.min(depth - 1, 119));
      query.reply(
        tighten({
          ...reply,
          flags: FLAG.QR,
          authority: [recordOf(`${labels}test. 300 NS ns.test.`)],
          additional: [recordOf(`ns.test. 300 A ${AUTH}`)],
        }),
      );
    });
    expect((await scene.ask(`${'a.'.repeat(119)}test.`, 'A')).rcode).toBe('SERVFAIL');
    expect(scene.count('upstream.udp')).toBeLessThanOrEqual(201);
    await scene.stop();
  });
});

describe('jostle bypass', () => {
  test('a flood of slow questions leaves room for fast ones', async () => {
    const scene = Scene.withTest('www IN A 192.0.2.80');
    scene.zone('slow.', { servers: { 'ns.slow.': ['192.0.2.9'] }, signing: {} });
    scene.tamper('192.0.2.9', () => null);
    await scene.start(['server:', '\tnum-queries-per-thread: 10', '\tjostle-timeout: 200', '\twait-limit: 0']);
    for (let i = 0; i < 20; i++) await scene.askLater(`n${i}.slow.`, 'A');
    await scene.ports.clock.advance(300);
    expect((await scene.ask('www.test.', 'A')).status).toBe('NOERROR ad');
    await scene.stop();
  });
});

describe('cache exhaustion', () => {
  test('by thousands of large answers of one zone stays within the bounds', async () => {
    const scene = Scene.withTest(`*.big IN TXT ${Array.from({ length: 4 }, () => `"${'x'.repeat(240)}"`).join(' ')}`);
    const bytes = 256 * 1024;
    await scene.start(['server:', `\trrset-cache-size: ${bytes}`, `\tmsg-cache-size: ${bytes}`]);
    for (let i = 0; i < 600; i++) await scene.ask(`n${i}.big.test.`, 'TXT');
    const { rrsets, answers } = scene.instance.caches;
    expect(rrsets.sizeBytes).toBeLessThanOrEqual(bytes);
    expect(answers.sizeBytes).toBeLessThanOrEqual(bytes);
    await scene.stop();
  });

  test('by one answer of nearly 64 KiB of records does not push out everything else', async () => {
    const many = Array.from({ length: 3_000 }, (_, i) => `huge IN A 10.${i >> 8}.${i & 255}.1`).join('\n');
    const scene = Scene.withTest(`www IN A 192.0.2.80\n${many}`);
    await scene.start(['server:', '\trrset-cache-size: 256k', '\tmsg-cache-size: 256k']);
    expect((await scene.ask('www.test.', 'A')).status).toBe('NOERROR ad');
    await scene.ask('huge.test.', 'A', { transport: 'tcp' });
    const before = scene.asked.length;
    expect((await scene.ask('www.test.', 'A')).status).toBe('NOERROR ad');
    expect(scene.asked.length).toBe(before);
    await scene.stop();
  });

  test('by additional records that nobody asked for keeps none of them', async () => {
    const scene = Scene.withTest('www IN A 192.0.2.80');
    const extras = Array.from({ length: 200 }, (_, i) => recordOf(`extra${i}.test. 300 A 192.0.2.${i}`));
    scene.tamper(
      AUTH,
      onType(TYPE.A, (reply) => ({ ...reply, additional: extras })),
    );
    await scene.start();
    await scene.ask('www.test.', 'A');
    expect(scene.instance.caches.rrsets.find(mustParseName('extra7.test.'), TYPE.A, CLASS.IN)).toBeNull();
    await scene.stop();
  });
});
