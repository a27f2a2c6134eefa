/**
 * Attacks that hand a validator records which are signed, but prove something else, each against a whole resolver:
 * wildcard RRSIG labels (Unbound CVE-2026-44690, PowerDNS CVE-2026-52688, BIND CVE-2026-11721, Knot Resolver 6.4.1), wildcard
 * CNAME proof (PowerDNS CVE-2026-52686), wildcard replay through serve-expired (Unbound CVE-2026-46582), NSEC outside the
 * zone or across a cut (Knot Resolver 6.4.1, BIND #5967), NSEC3 signer (BIND CVE-2026-10723), an unvalidated denial under CD
 * that hides data (BIND #5877), an RRSIG cached before its RRset (BIND #5738), malformed DNSKEY, NSEC and RRSIG (BIND
 * CVE-2026-10822 and CVE-2026-13204, Unbound CVE-2026-42959, PowerDNS CVE-2026-42387), RDATA with a name that is
 * canonicalised (Unbound CVE-2026-56416).
 */

import { describe, expect, test } from 'vitest';
import { toBase32hex } from '../../src/wire/bytes.ts';
import { EDE } from '../../src/wire/ede.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { FLAG, RCODE } from '../../src/wire/rcode.ts';
import { CLASS, TYPE } from '../../src/wire/rr-type.ts';
import type { ResourceRecord } from '../../src/wire/rrsets.ts';
import { hashName } from '../world/denial-chain.ts';
import { onType, replaceSignatures } from '../world/lies.ts';
import { recordOf, subjectOf } from '../world/loose-message.ts';
import { Scene } from '../world/scene.ts';
import { NSEC3 } from '../world/zone.ts';

const AUTH = '192.0.2.1';
const TEXT = `
www IN A 192.0.2.80
mail IN MX 10 www
*.wild IN A 192.0.2.81
*.alias IN CNAME www
`;

/** Every answer to questions of a type becomes the records given, the authority section as well. */
function answering(
  scene: Scene,
  type: number,
  records: readonly ResourceRecord[],
  authority: readonly ResourceRecord[] = [],
): void {
  scene.tamper(
    AUTH,
    onType(type, (reply) => ({ ...reply, flags: FLAG.QR | FLAG.AA, answer: [...records], authority: [...authority] })),
  );
}

async function statusOf(scene: Scene, name: string, type: string): Promise<string> {
  await scene.start();
  const reply = await scene.ask(name, type);
  await scene.stop();
  return reply.status;
}

describe('wildcard RRSIG labels', () => {
  test.each([
    ['fewer than the signer has', 0],
    ['more than the owner has', 3],
  ])('%s are refused', async (_what, labels) => {
    const scene = Scene.withTest(TEXT);
    answering(scene, TYPE.A, scene.signed('test.', [recordOf('www.test. 300 A 192.0.2.66')], { labels }));
    expect(await statusOf(scene, 'www.test.', 'A')).toBe('SERVFAIL');
  });

  test('of a wildcard that exists do not make it stand for a name that exists', async () => {
    const scene = Scene.withTest('*.wild IN A 192.0.2.81\nreal.wild IN A 192.0.2.82');
    // The signature over `*.wild.test. A` is honest; `real.wild.test.` has an address of its own.
    const zone = scene.world.get('test.');
    const set = zone.find(mustParseName('*.wild.test.'), TYPE.A);
    if (set === null) throw new Error('no wildcard');
    const [signature] = zone.signaturesOf(set);
    const owner = mustParseName('real.wild.test.');
    const nsec = zone.chain().sets.flatMap((one) => [
      { owner: one.owner, type: one.type, class: one.class, ttl: one.ttl, rdata: one.rdatas[0] as Uint8Array },
      {
        owner: one.owner,
        type: TYPE.RRSIG,
        class: one.class,
        ttl: one.ttl,
        rdata: zone.signaturesOf(one)[0] as Uint8Array,
      },
    ]);
    answering(
      scene,
      TYPE.A,
      [
        { owner, type: TYPE.A, class: CLASS.IN, ttl: 300, rdata: Uint8Array.of(192, 0, 2, 81) },
        { owner, type: TYPE.RRSIG, class: CLASS.IN, ttl: 300, rdata: signature as Uint8Array },
      ],
      nsec,
    );
    expect(await statusOf(scene, 'real.wild.test.', 'A')).toBe('SERVFAIL');
  });

  test('of an expanded answer do not lend it to another name', async () => {
    const scene = Scene.withTest(TEXT);
    await scene.start();
    expect((await scene.ask('a.wild.test.', 'A')).status).toBe('NOERROR ad');
    expect((await scene.ask('*.wild.test.', 'A')).answer).toEqual(['*.wild.test. A 192.0.2.81']);
    const before = scene.asked.length;
    expect((await scene.ask('wild.test.', 'A')).answer).toEqual([]);
    expect(scene.asked.length).toBeGreaterThan(before);
    await scene.stop();
  });
});

describe('an expansion that was proven once', () => {
  test('is not given without its proof later', async () => {
    const scene = Scene.withTest('*.w IN A 192.0.2.80');
    await scene.start();
    const proven = await scene.ask('x.w.test.', 'A');
    expect(proven.status).toBe('NOERROR ad');
    expect(proven.authority).toEqual(['*.w.test. NSEC test. A RRSIG NSEC']);
    const { answers, replies } = scene.instance.caches;
    answers.clear();
    replies.clear();
    scene.tamper(
      '192.0.2.1',
      onType(TYPE.A, (reply) => ({ ...reply, authority: [] })),
    );
    expect((await scene.ask('x.w.test.', 'A')).status).toBe('SERVFAIL');
    await scene.stop();
  });
});

describe('wildcard CNAME proof', () => {
  test.each([
    ['missing', () => []],
    ['unsigned', (authority: ResourceRecord[]) => authority.filter(({ type }) => type !== TYPE.RRSIG)],
  ] as const)('%s makes the alias bogus', async (_what, spoil) => {
    const scene = Scene.withTest(TEXT);
    scene.tamper(AUTH, (reply) =>
      reply.answer.some(({ type }) => type === TYPE.CNAME) ? { ...reply, authority: spoil(reply.authority) } : reply,
    );
    expect(await statusOf(scene, 'a.alias.test.', 'A')).toBe('SERVFAIL');
  });

  test('honest is secure', async () => {
    expect(await statusOf(Scene.withTest(TEXT), 'a.alias.test.', 'A')).toBe('NOERROR ad');
  });
});

describe('wildcard replay through serve-expired', () => {
  test('does not serve what was never proven', async () => {
    const scene = Scene.withTest(TEXT);
    scene.tamper(
      AUTH,
      onType(TYPE.A, (reply) => ({ ...reply, authority: [] })),
    );
    await scene.start(['server:', '\tserve-expired: yes', '\tserve-expired-client-timeout: 0']);
    expect((await scene.ask('a.wild.test.', 'A')).status).toBe('SERVFAIL');
    await scene.ports.clock.advance(4_000_000);
    expect((await scene.ask('a.wild.test.', 'A')).status).toBe('SERVFAIL');
    await scene.stop();
  });

  test('does not serve an expired expansion for another name', async () => {
    const scene = Scene.withTest(TEXT);
    await scene.start(['server:', '\tserve-expired: yes', '\tserve-expired-client-timeout: 0']);
    expect((await scene.ask('a.wild.test.', 'A')).status).toBe('NOERROR ad');
    scene.tamper(AUTH, () => null);
    await scene.ports.clock.advance(4_000_000);
    expect((await scene.ask('b.wild.test.', 'A')).status).toBe('SERVFAIL');
    await scene.stop();
  });
});

describe('NSEC outside the zone', () => {
  const deny = (scene: Scene, records: readonly ResourceRecord[]) => {
    const soa = scene.world.get('test.').find(mustParseName('test.'), TYPE.SOA);
    if (soa === null) throw new Error('no SOA');
    const soaRecord = { ...soa, rdata: soa.rdatas[0] as Uint8Array };
    const denials = records.flatMap((record) => scene.signed('test.', [record]));
    scene.tamper(
      AUTH,
      onType(TYPE.A, (reply) => ({
        ...reply,
        flags: FLAG.QR | FLAG.AA | RCODE.NXDOMAIN,
        answer: [],
        authority: [...scene.signed('test.', [soaRecord]), ...denials],
      })),
    );
  };

  test.each([
    [
      'with a next name outside the zone',
      ['www.test. 300 NSEC zz. A RRSIG NSEC', 'test. 300 NSEC a.test. SOA NS RRSIG NSEC DNSKEY'],
    ],
    ['with an owner outside the zone', ['t. 300 NSEC zz. A RRSIG NSEC']],
  ])('%s proves nothing', async (_what, lines) => {
    const scene = Scene.withTest(TEXT);
    deny(scene, lines.map(recordOf));
    expect(await statusOf(scene, 'xxx.test.', 'A')).toBe('SERVFAIL');
  });

  test('and inside it proves what it says', async () => {
    const scene = Scene.withTest(TEXT);
    deny(
      scene,
      ['www.test. 300 NSEC test. A RRSIG NSEC', 'test. 300 NSEC a.test. SOA NS RRSIG NSEC DNSKEY'].map(recordOf),
    );
    expect(await statusOf(scene, 'xxx.test.', 'A')).toBe('NXDOMAIN ad');
  });

  test('from the parent side of a cut proves nothing of the names below', async () => {
    const scene = Scene.withTest(TEXT);
    deny(
      scene,
      ['sub.test. 300 NSEC www.test. NS RRSIG NSEC', 'test. 300 NSEC a.test. SOA NS RRSIG NSEC DNSKEY'].map(recordOf),
    );
    expect(await statusOf(scene, 'host.sub.test.', 'A')).toBe('SERVFAIL');
  });

  test('at a DNAME proves nothing of the names below', async () => {
    const scene = Scene.withTest(TEXT);
    deny(
      scene,
      ['old.test. 300 NSEC www.test. DNAME RRSIG NSEC', 'test. 300 NSEC a.test. SOA NS RRSIG NSEC DNSKEY'].map(
        recordOf,
      ),
    );
    expect(await statusOf(scene, 'host.old.test.', 'A')).toBe('SERVFAIL');
  });

  test('of the child does not deny its DS', async () => {
    const scene = Scene.withTest(TEXT);
    scene.zone('sub.test.', { servers: { 'ns.sub.test.': ['192.0.2.2'] }, signing: {}, text: 'www IN A 192.0.2.83' });
    const own = scene.signed('sub.test.', [recordOf('sub.test. 300 NSEC www.sub.test. NS SOA RRSIG NSEC DNSKEY')]);
    scene.tamper(AUTH, (reply) => {
      const isReferral = reply.authority.some(({ type }) => type === TYPE.DS);
      if (!isReferral && reply.question?.type !== TYPE.DS) return reply;
      const ns = reply.authority.filter(({ type }) => type === TYPE.NS);
      return { ...reply, answer: [], authority: [...ns, ...own] };
    });
    scene.world.get('sub.test.').break({ fault: 'rdata-forged', types: [TYPE.A] });
    expect(await statusOf(scene, 'www.sub.test.', 'A')).toBe('SERVFAIL');
  });
});

describe('NSEC3 signer', () => {
  test.each([
    ['a child of the zone', 'sub.test.'],
    ['another zone', 'other.'],
    ['the zone above', '.'],
  ])('that is %s proves nothing', async (_what, signer) => {
    const scene = Scene.withTest('', { signing: { denial: NSEC3 } });
    scene.zone('sub.test.', { servers: { 'ns.sub.test.': ['192.0.2.2'] }, signing: {} });
    scene.zone('other.', { servers: { 'ns.other.': ['192.0.2.3'] }, signing: {} });
    const resign = replaceSignatures(TYPE.NSEC3, (set) => set.flatMap((one) => scene.signed(signer, [one]).slice(-1)));
    scene.tamper(AUTH, (reply, query) => (reply.question?.type === TYPE.A ? resign(reply, query) : reply));
    expect(await statusOf(scene, 'nothing.test.', 'A')).toBe('SERVFAIL');
  });

  test.each([
    ['one label below the apex, proves what it says', '', 'NXDOMAIN ad'],
    ['two labels below the apex, proves nothing', 'x.', 'SERVFAIL'],
  ])('that is right, with an owner %s', async (_what, between, expected) => {
    const scene = Scene.withTest('', { signing: { denial: NSEC3 } });
    const hash = (name: string, shift: number) => {
      const octets = hashName(mustParseName(name), new Uint8Array(), 0);
      octets[19] = ((octets[19] ?? 0) + shift) & 0xff;
      return toBase32hex(octets);
    };
    const around = (name: string) => `${hash(name, -1)}.${between}test. 300 NSEC3 1 0 0 - ${hash(name, 1)} A`;
    const apex = `${hash('test.', 0)}.test. 300 NSEC3 1 0 0 - ${hash('test.', 1)} NS SOA`;
    const denials = [apex, around('nothing.test.'), around('*.test.')].flatMap((line) =>
      scene.signed('test.', [recordOf(line)]),
    );
    scene.tamper(
      AUTH,
      onType(TYPE.A, (reply) => ({
        ...reply,
        authority: [...reply.authority.filter((one) => subjectOf(one) === TYPE.SOA), ...denials],
      })),
    );
    expect(await statusOf(scene, 'nothing.test.', 'A')).toBe(expected);
  });
});

describe('unvalidated negative under CD', () => {
  test('does not hide data from those who want it checked', async () => {
    const scene = Scene.withTest(TEXT);
    scene.tamper(
      AUTH,
      onType(TYPE.A, (reply) => ({ ...reply, flags: FLAG.QR | FLAG.AA | RCODE.NXDOMAIN, answer: [], authority: [] })),
    );
    await scene.start();
    await scene.ask('www.test.', 'A', { flags: FLAG.CD });
    expect((await scene.ask('www.test.', 'A')).rcode).toBe('SERVFAIL');
    scene.tamper(AUTH, (reply) => reply);
    // What was said of the name hides neither other types nor names below it.
    expect((await scene.ask('mail.test.', 'MX')).status).toBe('NOERROR ad');
    expect((await scene.ask('www.test.', 'AAAA')).status).toBe('NOERROR ad');
    await scene.ports.clock.advance(61_000);
    expect((await scene.ask('www.test.', 'A')).status).toBe('NOERROR ad');
    await scene.stop();
  });
});

describe('RRSIG before its RRset', () => {
  test('leaves the RRset as good as it is', async () => {
    const scene = Scene.withTest(TEXT);
    const zone = scene.world.get('test.');
    const set = zone.find(mustParseName('www.test.'), TYPE.A);
    if (set === null) throw new Error('no address');
    const rrsig = { ...set, type: TYPE.RRSIG, rdata: zone.signaturesOf(set)[0] as Uint8Array };
    scene.tamper(
      AUTH,
      onType(TYPE.RRSIG, (reply) => ({ ...reply, answer: [rrsig], authority: [] })),
    );
    await scene.start();
    expect((await scene.ask('www.test.', 'RRSIG')).status).toBe('NOERROR');
    expect((await scene.ask('www.test.', 'A')).status).toBe('NOERROR ad');
    await scene.stop();
  });

  test('with a broken one does not spoil the RRset', async () => {
    const scene = Scene.withTest(TEXT);
    const noise = { owner: mustParseName('www.test.'), type: TYPE.RRSIG, class: CLASS.IN, ttl: 3600 };
    const broken = scene.signature('test.', {
      ...recordOf('www.test. 300 A 192.0.2.66'),
      rdatas: [Uint8Array.of(192, 0, 2, 66)],
    });
    scene.tamper(
      AUTH,
      onType(TYPE.RRSIG, (reply) => ({ ...reply, answer: [{ ...noise, rdata: broken.rdata }], authority: [] })),
    );
    await scene.start();
    await scene.ask('www.test.', 'RRSIG');
    const reply = await scene.ask('www.test.', 'A');
    expect(reply.status).toBe('NOERROR ad');
    expect(reply.answer).toEqual(['www.test. A 192.0.2.80']);
    await scene.stop();
  });
});

describe('malformed DNSKEY, NSEC and RRSIG', () => {
  const garbage: readonly (readonly [string, number, readonly number[]])[] = [
    ['DNSKEY without a key', TYPE.DNSKEY, [1, 1, 3, 15]],
    ['DNSKEY of three octets', TYPE.DNSKEY, [1, 1, 3]],
    ['DNSKEY of nothing', TYPE.DNSKEY, []],
    ['RSA DNSKEY with an exponent longer than itself', TYPE.DNSKEY, [1, 1, 3, 8, 0, 255, 255, 1]],
    ['RSA DNSKEY with an exponent of no octets', TYPE.DNSKEY, [1, 1, 3, 8, 0, 0, 0]],
    ['RRSIG of one octet', TYPE.RRSIG, [0]],
    ['RRSIG without a signer', TYPE.RRSIG, [0, 1, 15, 2, 0, 0, 1, 44, 255, 255, 255, 255, 0, 0, 0, 0, 1, 1]],
    [
      'RRSIG with a signer that runs off its end',
      TYPE.RRSIG,
      [0, 1, 15, 2, 0, 0, 1, 44, 255, 255, 255, 255, 0, 0, 0, 0, 1, 1, 63, 1],
    ],
    ['NSEC of nothing', TYPE.NSEC, []],
    ['NSEC with a bitmap window of 33 octets', TYPE.NSEC, [0, 0, 33, ...Array.from({ length: 33 }, () => 255)]],
    ['NSEC with a bitmap that is cut off', TYPE.NSEC, [0, 0, 32, 255]],
    ['NSEC3 with a salt longer than itself', TYPE.NSEC3, [1, 0, 0, 0, 255, 1, 2]],
    ['NSEC3 with a hash longer than itself', TYPE.NSEC3, [1, 0, 0, 0, 0, 200, 1]],
    ['DS of two octets', TYPE.DS, [1, 2]],
  ];

  test.each(garbage)('%s is no more than a bad answer', async (_what, type, octets) => {
    const scene = Scene.withTest(TEXT);
    const owner = mustParseName(type === TYPE.DNSKEY || type === TYPE.DS ? 'test.' : 'www.test.');
    const record = { owner, type, class: CLASS.IN, ttl: 300, rdata: Uint8Array.from(octets) };
    const section = type === TYPE.NSEC || type === TYPE.NSEC3 ? 'authority' : 'answer';
    scene.tamper(AUTH, (reply) => ({ ...reply, [section]: [record, ...reply[section]] }));
    scene.zone('calm.', { servers: { 'ns.calm.': ['192.0.2.2'] }, signing: {}, text: 'www IN A 192.0.2.90' });
    await scene.start();
    for (const [name, asked] of [
      ['www.test.', 'A'],
      ['nothing.test.', 'A'],
      ['test.', 'DNSKEY'],
    ] as const) {
      const reply = await scene.ask(name, asked);
      if (reply.ad) expect(reply.answer).not.toContain('66');
    }
    expect((await scene.ask('www.calm.', 'A')).status).toBe('NOERROR ad');
    expect(scene.instance.serve.stats.bugs).toBe(0);
    await scene.stop();
  });
});

describe('RDATA with a name that is canonicalised', () => {
  test.each([
    ['MX with a name that is cut off', TYPE.MX, [0, 10, 3, 119]],
    ['MX without a name', TYPE.MX, [0, 10]],
    ['SRV with a pointer to itself', TYPE.SRV, [0, 0, 0, 0, 0, 25, 192, 0]],
    ['NS of nothing', TYPE.NS, []],
    ['SOA of one name', TYPE.SOA, [0]],
    [
      'RRSIG whose signer is a pointer',
      TYPE.RRSIG,
      [0, 15, 15, 2, 0, 0, 1, 44, 255, 255, 255, 255, 0, 0, 0, 0, 1, 1, 192, 12],
    ],
  ])('%s is not read beyond its end', async (_what, type, octets) => {
    const scene = Scene.withTest(TEXT);
    const owner = mustParseName('mail.test.');
    const record = { owner, type, class: CLASS.IN, ttl: 300, rdata: Uint8Array.from(octets) };
    scene.tamper(
      AUTH,
      onType(TYPE.MX, (reply) => ({ ...reply, answer: [record, ...reply.answer] })),
    );
    await scene.start();
    const reply = await scene.ask('mail.test.', 'MX');
    expect(reply.ad ? reply.answer : ['mail.test. MX 10 www.test.']).toEqual(['mail.test. MX 10 www.test.']);
    expect(scene.instance.serve.stats.bugs).toBe(0);
    await scene.stop();
  });
});

describe('data beside a proven denial', () => {
  test.each([
    ['YXDOMAIN', 6],
    ['NXDOMAIN', 3],
    ['NOERROR', 0],
  ])('is not served with it, least of all with AD: rcode %s', async (_name, rcode) => {
    const scene = Scene.withTest('www IN A 192.0.2.80');
    const forged = recordOf('www.test. 300 TXT "forged"');
    scene.tamper(
      '192.0.2.1',
      onType(TYPE.TXT, (reply) => ({ ...reply, flags: reply.flags | rcode, answer: [forged] })),
    );
    await scene.start();
    for (let i = 0; i < 2; i++) {
      const reply = await scene.ask('www.test.', 'TXT');
      expect(reply.status).toBe('SERVFAIL');
      expect(reply.answer).toEqual([]);
    }
    await scene.stop();
  });
});

describe('what the validator asked for itself', () => {
  test('an alias where it looked for a DS is no answer to a client that asks for the same', async () => {
    const scene = Scene.withTest('cdn IN CNAME other\nother IN A 192.0.2.99');
    scene.zone('sub.cdn.test.', { servers: { 'ns.sub.cdn.test.': ['192.0.2.9'] }, text: 'www IN A 192.0.2.81' });
    await scene.start();
    expect((await scene.ask('www.sub.cdn.test.', 'A')).status).toBe('NOERROR');
    for (const type of ['DS', 'DNSKEY']) {
      const reply = await scene.ask('cdn.test.', type);
      expect(reply.status).toBe('NOERROR ad');
      expect(reply.answer).toEqual(['cdn.test. CNAME other.test.']);
      expect(reply.authority.length).toBeGreaterThan(0);
    }
    await scene.stop();
  });
});

test('a bogus answer says in its extended error what is wrong', async () => {
  const scene = Scene.withTest(TEXT);
  answering(scene, TYPE.A, scene.signed('test.', [recordOf('www.test. 300 A 192.0.2.66')], { labels: 0 }));
  await scene.start();
  const reply = await scene.ask('www.test.', 'A');
  expect(reply.edes).toEqual([EDE.DNSSEC_BOGUS]);
  expect(reply.edeTexts.join()).toContain('www.test. A in zone test.');
  await scene.stop();
});
