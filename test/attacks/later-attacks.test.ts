/**
 * Attacks on resolvers published in 2025 and 2026 that the older list does not have, each against a whole resolver:
 * self-pointed glue (a referral whose glue is the resolver's own address), aggressive DNSSEC fetching (a bogus zone that has
 * its keys and its data fetched from every server again and again), external referral by a forwarder.
 */

import { describe, expect, test } from 'vitest';
import { RANK } from '../../src/terms/rank.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { FLAG } from '../../src/wire/rcode.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { recordOf, tighten } from '../world/loose-message.ts';
import { Scene } from '../world/scene.ts';
import type { Zone } from '../world/zone.ts';

const AUTH = '192.0.2.1';
const OWN = '192.0.2.53';

const sent = (scene: Scene) => scene.count('upstream.udp') + scene.count('upstream.tcp');

describe('self-pointed glue', () => {
  /** `attack.test.` at the resolver's own address. */
  async function pointedAtItself(count: number, ...lines: string[]): Promise<Scene> {
    const scene = Scene.withTest('www IN A 192.0.2.80', { signing: undefined as never });
    scene.tamper(AUTH, (reply) => {
      if (!String.fromCharCode(...(reply.question?.name ?? [])).includes('attack')) return reply;
      const names = Array.from({ length: count }, (_, i) => `ns${i}.attack.test.`);
      const authority = names.map((name) => recordOf(`attack.test. 300 NS ${name}`));
      const additional = names.map((name) => recordOf(`${name} 300 A ${OWN}`));
      return { ...reply, flags: FLAG.QR, answer: [], authority, additional };
    });
    await scene.start(['server:', `\tinterface: ${OWN}@53`, ...lines]);
    return scene;
  }

  test.each([
    ['that takes questions from this host only', []],
    ['that takes questions from everybody', ['\taccess-control: 0.0.0.0/0 allow']],
    ['that lets everybody see its cache', ['\taccess-control: 0.0.0.0/0 allow_snoop']],
  ])('does not make a resolver %s ask itself in circles', async (_what, lines) => {
    const scene = await pointedAtItself(13, ...lines);
    expect((await scene.ask('www.attack.test.', 'A')).rcode).toBe('SERVFAIL');
    await scene.ports.clock.advance(30_000);
    expect(sent(scene)).toBeLessThanOrEqual(12);
    expect(scene.instance.resolver.works()).toEqual([]);
    expect((await scene.ask('www.test.', 'A')).rcode).toBe('NOERROR');
    await scene.stop();
  });
});

describe('aggressive DNSSEC fetching', () => {
  const SERVERS = Array.from({ length: 13 }, (_, i) => `192.0.2.${100 + i}`);

  function brokenZone(breakage: Parameters<Zone['break']>[0]): Scene {
    const scene = Scene.withTest('www IN A 192.0.2.80\n', { servers: { 'ns.test.': SERVERS } });
    scene.world.get('test.').break(breakage);
    return scene;
  }

  const breakages: readonly [string, Parameters<Zone['break']>[0]][] = [
    ['signatures', { fault: 'signatures-corrupt', types: [TYPE.A] }],
    ['signatures of keys', { fault: 'signatures-corrupt', types: [TYPE.DNSKEY] }],
    ['signatures of everything', { fault: 'signatures-corrupt', types: [TYPE.A, TYPE.DNSKEY, TYPE.SOA, TYPE.NSEC] }],
  ];

  test.each(breakages)('of broken %s asks few of thirteen servers', async (_what, breakage) => {
    const scene = brokenZone(breakage);
    await scene.start();
    expect((await scene.ask('www.test.', 'A')).rcode).toBe('SERVFAIL');
    const one = sent(scene);
    for (let i = 0; i < 5; i++) expect((await scene.ask('www.test.', 'A')).rcode).toBe('SERVFAIL');
    expect(one).toBeLessThanOrEqual(20);
    // What was found bogus is remembered: who asks again costs the zone nothing.
    expect(sent(scene)).toBe(one);
    await scene.stop();
  });
});

describe('external referral by a forwarder', () => {
  const FORWARDER = '192.0.2.77';
  const ELSEWHERE = '203.0.113.66';

  test.each(['inside.test.', '.'])('for %s is not followed, and nothing of it is kept', async (zone) => {
    const scene = Scene.withTest('www IN A 192.0.2.80', { signing: undefined as never });
    scene.serve(FORWARDER, (query, reply) =>
      query.reply(
        tighten({
          ...reply,
          flags: FLAG.QR | FLAG.RA,
          authority: [recordOf('www.inside.test. 86400 NS ns.evil.'), recordOf('evil. 86400 NS ns.evil.')],
          additional: [recordOf(`ns.evil. 86400 A ${ELSEWHERE}`)],
        }),
      ),
    );
    scene.serve(ELSEWHERE, (query, reply) =>
      query.reply(tighten({ ...reply, answer: [recordOf(`www.inside.test. 300 A ${ELSEWHERE}`)] })),
    );
    await scene.start(['forward-zone:', `\tname: "${zone}"`, `\tforward-addr: ${FORWARDER}`]);
    for (const name of ['www.inside.test.', 'a.www.inside.test.']) {
      expect((await scene.ask(name, 'A')).answer).toEqual([]);
    }
    expect(scene.asked.filter((line) => line.startsWith(ELSEWHERE))).toEqual([]);
    const { delegations, rrsets } = scene.instance.caches;
    expect(delegations.find(mustParseName('www.inside.test.'))).toBeNull();
    // A forwarder for everything may say addresses besides; they answer nobody (RFC 2181 §5.4.1).
    const ranked = rrsets.find(mustParseName('ns.evil.'), TYPE.A, 1);
    expect(ranked?.rank ?? 0).toBeLessThanOrEqual(zone === '.' ? RANK.additionalNonAuthoritative : 0);
    expect((await scene.ask('ns.evil.', 'A')).answer).toEqual([]);
    await scene.stop();
  });
});
