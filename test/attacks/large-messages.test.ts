/**
 * Attacks by how much one message holds, each against a whole resolver: thousands of glue addresses, sets in the authority and
 * additional section, sets for ANY (RFC 8482), and RRSIG records over types that are none. None pushes others out of the
 * cache, and none costs more than in proportion.
 */

import { describe, expect, test } from 'vitest';
import { mustParseName } from '../../src/wire/name-text.ts';
import { FLAG } from '../../src/wire/rcode.ts';
import { CLASS, TYPE } from '../../src/wire/rr-type.ts';
import type { ResourceRecord } from '../../src/wire/rrsets.ts';
import { type LooseMessage, recordOf } from '../world/loose-message.ts';
import { Scene, type Tamper } from '../world/scene.ts';

const AUTH = '192.0.2.1';
const EVIL = '192.0.2.66';
const OTHERS = 100;

const many = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const small = (owner: string, type: number, ...octets: number[]): ResourceRecord => ({
  ...{ owner: mustParseName(owner), type, class: CLASS.IN, ttl: 300, rdata: Uint8Array.from(octets) },
});
const host = (i: number) => `${i.toString(36)}.evil.`;
const soa = recordOf('evil. 300 SOA ns.evil. h.evil. 1 2 3 4 300');

/** A signed zone with many names, and an unsigned one whose server says over TCP what the test likes. */
async function sceneWith(lie: (reply: LooseMessage) => Partial<LooseMessage>, lines: readonly string[] = []) {
  const scene = Scene.withTest(many(OTHERS, (i) => `h${i} IN TXT "${i}"`).join('\n'));
  scene.zone('evil.', { servers: { 'ns.evil.': [EVIL] }, text: 'calm IN A 192.0.2.9' });
  const tamper: Tamper = (reply, query) => {
    const name = String.fromCharCode(...(reply.question?.name ?? []));
    if (!name.startsWith('\u0001w')) return reply;
    if (query.transport === 'udp') return { ...reply, flags: FLAG.QR | FLAG.AA | FLAG.TC, answer: [], authority: [] };
    return { ...reply, flags: FLAG.QR | FLAG.AA, answer: [], authority: [], additional: [], ...lie(reply) };
  };
  scene.tamper(EVIL, tamper);
  await scene.start(['server:', '\trrset-cache-size: 512k', '\tqname-minimisation: no', ...lines]);
  return scene;
}

/** How many of the others' sets, and whether the keys of their zone, are still held. */
function rankedOf({ instance }: Scene) {
  const { rrsets } = instance.caches;
  const names = many(OTHERS, (i) => mustParseName(`h${i}.test.`));
  return {
    sets: names.filter((name) => rrsets.findStale(name, TYPE.TXT, CLASS.IN) !== null).length,
    hasKeys: rrsets.findStale(mustParseName('test.'), TYPE.DNSKEY, CLASS.IN) !== null,
  };
}

const ALL = { sets: OTHERS, hasKeys: true };

describe('thousands of sets in one message', () => {
  const mx = many(1200, (i) => recordOf(`w.evil. 300 MX 1 ${host(i)}`));
  test.each<[string, string, Partial<LooseMessage>]>([
    ['TXT in the authority section', 'A', { authority: [soa, ...many(2500, (i) => small(host(i), TYPE.TXT, 0))] }],
    ['types in the authority section', 'A', { authority: [soa, ...many(2500, (i) => small('evil.', 1000 + i, 0))] }],
    ['NSEC', 'A', { authority: [soa, ...many(2500, (i) => small(host(i), TYPE.NSEC, 0))] }],
    [
      'NSEC beside an answer',
      'A',
      {
        answer: [small('w.evil.', TYPE.A, 1, 2, 3, 4)],
        authority: many(2500, (i) => small(host(i), TYPE.NSEC, 0)),
      },
    ],
    ['NSEC3', 'A', { authority: [soa, ...many(2000, (i) => small(host(i), TYPE.NSEC3, 1, 0, 0, 0, 0, 1, 1))] }],
    [
      'NSEC of a referral',
      'A',
      {
        flags: FLAG.QR,
        authority: [recordOf('w.evil. 300 NS ns.w.evil.'), ...many(2500, (i) => small(host(i), TYPE.NSEC, 0))],
        additional: [recordOf('ns.w.evil. 300 A 192.0.2.67')],
      },
    ],
    [
      'DS of a referral',
      'A',
      {
        flags: FLAG.QR,
        authority: [
          recordOf('w.evil. 300 NS ns.w.evil.'),
          ...many(2000, (i) => small(host(i), TYPE.DS, 0, 1, 8, 2, 1)),
        ],
        additional: [recordOf('ns.w.evil. 300 A 192.0.2.67')],
      },
    ],
    ['SOA', 'A', { authority: many(1500, (i) => ({ ...soa, owner: mustParseName(host(i)) })) }],
    ['for ANY', 'ANY', { answer: many(3000, (i) => small('w.evil.', 1000 + i, 0)) }],
    [
      'answers that nobody asked for',
      'A',
      {
        answer: [small('w.evil.', TYPE.A, 1, 2, 3, 4), ...many(2500, (i) => small(host(i), TYPE.A, 1, 2, 3, 4))],
      },
    ],
    [
      'addresses of mail hosts',
      'MX',
      { answer: mx, additional: many(1200, (i) => small(host(i), TYPE.A, 1, 2, 3, 4)) },
    ],
    [
      'types in the additional section',
      'A',
      {
        answer: [small('w.evil.', TYPE.A, 1, 2, 3, 4)],
        additional: many(2500, (i) => small('w.evil.', 1000 + i, 0)),
      },
    ],
  ])('%s push nothing out of the cache', async (_what, type, lie) => {
    const scene = await sceneWith(() => lie);
    for (let i = 0; i < OTHERS; i++) await scene.ask(`h${i}.test.`, 'TXT');
    expect(rankedOf(scene)).toEqual(ALL);
    const before = scene.instance.caches.rrsets.sizeBytes;
    await scene.ask('w.evil.', type);
    expect(rankedOf(scene)).toEqual(ALL);
    expect(scene.instance.caches.rrsets.sizeBytes - before).toBeLessThan(64 * 1024);
    await scene.stop();
  });

  test('are counted', async () => {
    const scene = await sceneWith(() => ({ answer: many(3000, (i) => small('w.evil.', 1000 + i, 0)) }));
    expect((await scene.ask('w.evil.', 'ANY', { transport: 'tcp' })).answer).toHaveLength(24);
    expect(scene.count('limit.message-sets')).toBe(3000 - 24);
    await scene.stop();
  });

  test('of any size stay within the share of the cache that a message has', async () => {
    const large = (i: number) => small('w.evil.', 1000 + i, ...many(1000, () => 0));
    const scene = await sceneWith(() => ({ answer: many(60, large) }));
    const before = scene.instance.caches.rrsets.sizeBytes;
    expect((await scene.ask('w.evil.', 'ANY', { transport: 'tcp' })).answer).toHaveLength(24);
    expect(scene.instance.caches.rrsets.sizeBytes - before).toBeLessThan(32 * 1024);
    expect(scene.count('limit.cache-share')).toBeGreaterThan(0);
    await scene.stop();
  });
});

describe('thousands of addresses of servers', () => {
  const keptOf = ({ instance }: Scene) =>
    instance.caches.delegations.findDeepest(mustParseName('w.evil.'))?.servers.map(({ addresses }) => addresses.length);
  const glue = (names: number, count: number, family: 4 | 16) => ({
    flags: FLAG.QR,
    authority: many(names, (i) => recordOf(`w.evil. 300 NS n${i}.w.evil.`)),
    additional: many(count, (i) =>
      family === 4
        ? small(`n${i % names}.w.evil.`, TYPE.A, 10, i >> 16, (i >> 8) & 255, i & 255)
        : small(`n${i % names}.w.evil.`, TYPE.AAAA, 0x20, 1, ...many(12, () => 0), i >> 8, i & 255),
    ),
  });

  test.each([
    ['one name', glue(1, 2000, 4), 16],
    ['twenty names', glue(20, 2000, 4), 4],
    ['twenty names over IPv6', glue(20, 1200, 16), 4],
  ])('for %s are cut to some', async (_what, lie, each) => {
    const scene = await sceneWith(() => lie, ['\tdo-not-query-address: 10.0.0.0/8']);
    await scene.ask('w.evil.', 'A');
    expect(new Set(keptOf(scene))).toEqual(new Set([each]));
    const { sizeBytes } = scene.instance.caches.delegations;
    expect(sizeBytes).toBeLessThan(20_000);
    await scene.stop();
  });

  test('that a look-up of a server name brings are cut, too', async () => {
    const scene = await sceneWith(() => ({
      answer: many(3000, (i) => small('w.evil.', TYPE.A, 10, 0, i >> 8, i & 255)),
    }));
    scene.zone('sub.test.', { servers: { 'w.evil.': ['10.0.0.1'] } });
    scene.ports.servers.remove('10.0.0.1');
    scene.tamper(AUTH, (reply) =>
      String.fromCharCode(...(reply.question?.name ?? [])).includes('sub')
        ? { ...reply, flags: FLAG.QR, answer: [], authority: [recordOf('sub.test. 300 NS w.evil.')], additional: [] }
        : reply,
    );
    const rttBefore = scene.instance.caches.servers.count;
    await scene.ask('www.sub.test.', 'A');
    expect(scene.instance.caches.servers.count - rttBefore).toBeLessThanOrEqual(20);
    await scene.stop();
  });

  test('of which the last would answer do not hide the few of an honest zone', async () => {
    const scene = Scene.withTest('www IN A 192.0.2.80', {
      servers: { 'ns.test.': many(13, (i) => `192.0.2.${i + 1}`) },
    });
    for (let i = 1; i < 13; i++) scene.tamper(`192.0.2.${i}`, () => null);
    await scene.start();
    // A question gives up after six silent servers and asks others the next time: three tries, as a stub makes, find the one.
    const seen: string[] = [];
    for (let i = 0; i < 3 && seen.at(-1) !== 'NOERROR ad'; i++) {
      seen.push((await scene.ask('www.test.', 'A')).status);
      await scene.ports.clock.advance(5000);
    }
    expect(seen.at(-1)).toBe('NOERROR ad');
    await scene.stop();
  });
});

describe('RRSIG over meta-types', () => {
  const META = [0, TYPE.OPT, 128, 249, 250, 251, 252, 253, 254, TYPE.ANY, TYPE.RRSIG, TYPE.SIG, 65_535];
  const over = (covered: number) => {
    const [, signature] = Scene.withTest('www IN A 192.0.2.80').signed('test.', [
      recordOf('www.test. 300 A 192.0.2.80'),
    ]);
    if (signature === undefined) throw new Error('not signed');
    const rdata = signature.rdata.slice();
    rdata.set([covered >> 8, covered & 255]);
    return { ...signature, rdata };
  };

  test.each(['A', 'RRSIG', 'ANY', 'TXT'])(
    'beside or in place of an answer to %s neither proves nor stops anything',
    async (type) => {
      for (const place of ['beside', 'instead'] as const) {
        const scene = Scene.withTest('www IN A 192.0.2.80');
        scene.tamper(AUTH, (reply) => {
          const lies = META.map(over);
          const isAsked = String.fromCharCode(...(reply.question?.name ?? [])).startsWith('\u0003www');
          if (!isAsked) return reply;
          const answer = place === 'beside' ? [...lies, ...reply.answer] : lies;
          return { ...reply, answer, authority: place === 'beside' ? [...reply.authority, ...lies] : lies };
        });
        await scene.start(['server:', '\tqname-minimisation: no']);
        const { status } = await scene.ask('www.test.', type);
        if (type === 'A') expect(status).toBe(place === 'beside' ? 'NOERROR ad' : 'SERVFAIL');
        if (place === 'instead') expect(status).not.toContain('ad');
        // The resolver is well afterwards.
        scene.tamper(AUTH, (reply) => reply);
        expect((await scene.ask('test.', 'SOA')).status).toBe('NOERROR ad');
        await scene.stop();
      }
    },
  );

  test('asked for by clients get an error or a denial, never a crash', async () => {
    const scene = Scene.withTest('www IN A 192.0.2.80');
    await scene.start();
    for (const covered of META) {
      const { rcode } = await scene.ask('www.test.', `TYPE${covered}`);
      expect(['NOERROR', 'FORMERR', 'NOTIMP', 'REFUSED', 'SERVFAIL']).toContain(rcode);
    }
    expect((await scene.ask('www.test.', 'A')).status).toBe('NOERROR ad');
    await scene.stop();
  });
});

describe('TCP after a wrong-id UDP reply', () => {
  /** Sends so many replies with wrong ids before the honest one, if that comes. */
  const spoofed =
    (count: number, thenHonest: boolean): Tamper =>
    (reply, query) => {
      if (query.transport === 'udp') {
        for (let i = 1; i <= count; i++) {
          const id = (reply.id + i) & 0xffff;
          const octets = query.bytes.slice();
          octets.set([id >> 8, id & 255, 0x84, 0]);
          query.reply(octets);
        }
      }
      return thenHonest ? reply : null;
    };

  test.each([1, 20, 200])('%i of them open no connection, and the right answer is taken over UDP', async (count) => {
    const scene = Scene.withTest('www IN A 192.0.2.80');
    scene.tamper(AUTH, spoofed(count, true));
    await scene.start();
    expect((await scene.ask('www.test.', 'A')).status).toBe('NOERROR ad');
    expect(scene.count('upstream.tcp')).toBe(0);
    expect(scene.count('unwanted.replies')).toBeGreaterThanOrEqual(count);
    await scene.stop();
  });

  test('without any right answer they open no connection either, nor bring more questions than silence does', async () => {
    const sent = async (tamper: Tamper) => {
      const scene = Scene.withTest('www IN A 192.0.2.80');
      scene.tamper(AUTH, tamper);
      await scene.start();
      expect((await scene.ask('www.test.', 'A')).rcode).toBe('SERVFAIL');
      expect(scene.count('upstream.tcp')).toBe(0);
      await scene.stop();
      return scene.count('upstream.udp');
    };
    expect(await sent(spoofed(20, false))).toBe(await sent(() => null));
  });
});
