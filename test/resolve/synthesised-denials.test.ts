/**
 * Proves which denials a resolver gives without asking anybody (RFC 8198, RFC 8020) and where it must ask all the same:
 * unproven data, other sides of zone cuts, zones that are configured, negative anchors.
 */

import { afterEach, describe, expect, test } from 'vitest';
import { mustParseName } from '../../src/wire/name-text.ts';
import { CLASS, TYPE } from '../../src/wire/rr-type.ts';
import { TEST_START_UNIX_SECONDS } from '../fake/fake-ports.ts';
import { SeededRandom } from '../fake/fake-random.ts';
import type { DenialStyle } from '../world/denial-chain.ts';
import { tighten } from '../world/loose-message.ts';
import { Scene } from '../world/scene.ts';
import { World } from '../world/world.ts';
import { NSEC3, NSEC3_OPT_OUT } from '../world/zone.ts';

const AUTH = '192.0.2.1';
const NSEC: DenialStyle = { kind: 'nsec' };
const TEXT = `
b IN A 192.0.2.10
f IN A 192.0.2.11
f IN TXT "here"
a.empty IN A 192.0.2.12
*.wild IN TXT "any"
sub IN NS ns.sub
ns.sub IN A 192.0.2.2
tree IN DNAME elsewhere.test.
`;

let scene: Scene;
afterEach(async () => scene.stop());

async function instance(text = TEXT, config: readonly string[] = [], spec = {}): Promise<Scene> {
  scene = Scene.withTest(text, spec);
  await scene.start(['server:', '\tqname-minimisation: no', ...config.map((line) => `\t${line}`)]);
  return scene;
}

/** Status of the answer, and how many questions it cost the zone's servers. */
async function cost(name: string, type: string): Promise<{ status: string; asked: number }> {
  const before = scene.asked.length;
  const { status } = await scene.ask(name, type);
  return { status, asked: scene.asked.slice(before).filter((line) => line.startsWith(AUTH)).length };
}

const FREE_NXDOMAIN = { status: 'NXDOMAIN ad', asked: 0 };
const FREE_NODATA = { status: 'NOERROR ad', asked: 0 };

describe('a validated NSEC', () => {
  test('denies other names of its span, with proof and SOA', async () => {
    await instance();
    await scene.ask('c.test.', 'A');
    expect(await cost('d.test.', 'TLSA')).toEqual(FREE_NXDOMAIN);
    const reply = await scene.ask('e.test.', 'A');
    expect(reply.status).toBe('NXDOMAIN ad');
    expect(reply.authority.map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      'test. SOA',
      'b.test. NSEC',
      'test. NSEC',
    ]);
    expect(scene.count('aggressive.nxdomain')).toBe(2);
  });

  test('denies what an alias of another zone leads to', async () => {
    scene = Scene.withTest(TEXT);
    const text = 'alias IN CNAME d.test.\n';
    scene.zone('other.', { servers: { 'ns.other.': ['192.0.2.3'] }, signing: {}, text });
    await scene.start(['server:', '\tqname-minimisation: no']);
    await scene.ask('c.test.', 'A');
    expect(await cost('alias.other.', 'A')).toEqual(FREE_NXDOMAIN);
    expect(scene.count('aggressive.nxdomain')).toBe(1);
  });

  test('is counted where a client was given the denial, and not where somebody only looked', async () => {
    scene = Scene.withTest(`${TEXT}t IN TXT "only"\n`);
    await scene.start();
    await scene.ask('t.test.', 'MX');
    const before = scene.count('aggressive.noerror');
    // That t has no A is known; nobody asked for it.
    expect((await scene.ask('t.test.', 'TXT')).status).toBe('NOERROR ad');
    expect(scene.count('aggressive.noerror')).toBe(before);
    await scene.ask('t.test.', 'A');
    expect(scene.count('aggressive.noerror')).toBe(before + 1);
  });

  test('denies other types of its owner', async () => {
    await instance();
    await scene.ask('b.test.', 'MX');
    expect(await cost('b.test.', 'TLSA')).toEqual(FREE_NODATA);
    expect(scene.count('aggressive.noerror')).toBe(1);
    expect((await cost('b.test.', 'A')).asked).toBe(1);
  });

  test.each([NSEC, NSEC3])(
    'does not deny the DS of an alias: that is answered by the alias ($kind)',
    async (denial) => {
      await instance(`${TEXT}alias IN CNAME b\n*.all IN CNAME b\n`, [], { signing: { denial } });
      // What they bring shows that neither alias is a cut.
      for (let n = 0; n < 60; n++) await scene.ask(`a${n}.test.`, 'A');
      for (const name of ['am.test.', 'w.all.test.', '*.all.test.']) await scene.ask(name, 'A');
      for (const name of ['alias.test.', 'x.all.test.']) {
        expect((await scene.ask(name, 'DS')).answer).toEqual([`${name} CNAME b.test.`]);
      }
    },
  );

  test('that was made up for a name (RFC 9824) denies no other type: what the rcode is, the servers say', async () => {
    scene = Scene.withTest(TEXT);
    scene.world.add('test.', 'ghost.test.', 'NXNAME', '\\# 0');
    await scene.start(['server:', '\tqname-minimisation: no']);
    await scene.ask('ghost.test.', 'A');
    expect(await cost('ghost.test.', 'MX')).toEqual({ status: 'NOERROR ad', asked: 1 });
  });

  test('denies data at a name that only has names below it', async () => {
    await instance();
    await scene.ask('empty.test.', 'A');
    expect(await cost('empty.test.', 'MX')).toEqual(FREE_NODATA);
  });

  test('denies other types of a wildcard, but never answers from one', async () => {
    await instance();
    await scene.ask('one.wild.test.', 'A');
    expect(await cost('one.wild.test.', 'MX')).toEqual(FREE_NODATA);
    expect(await cost('one.wild.test.', 'TXT')).toEqual({ status: 'NOERROR ad', asked: 1 });
  });

  test('says nothing of names below a zone cut or a DNAME', async () => {
    await instance();
    await scene.ask('sub.test.', 'DS');
    await scene.ask('tree.test.', 'MX');
    expect((await cost('www.sub.test.', 'A')).asked).toBeGreaterThan(0);
    expect((await cost('x.tree.test.', 'MX')).asked).toBeGreaterThan(0);
  });

  test('denies the DS of an unsigned delegation of the same span, and not its data', async () => {
    await instance(`${TEXT}sub2 IN NS ns.sub\n`);
    await scene.ask('sub.test.', 'DS');
    expect(await cost('sub.test.', 'DS')).toEqual(FREE_NODATA);
  });

  test('lives no longer than the denial that it came with', async () => {
    await instance();
    const first = await scene.ask('c.test.', 'A');
    const ttl = Math.min(...first.seen.authority.map((record) => record.ttl));
    scene.ports.clock.skip(1000 * (ttl - 1));
    const late = await scene.ask('d.test.', 'A');
    expect(Math.max(...late.seen.authority.map((record) => record.ttl))).toBe(1);
    scene.ports.clock.skip(1000);
    expect((await cost('e.test.', 'A')).asked).toBeGreaterThan(0);
  });

  test('that came with a wildcard answer, without an SOA, denies for as long as the SOA minimum says', async () => {
    await instance(`@ 3600 IN SOA ns admin 1 7200 3600 1209600 100\n${TEXT}`);
    await scene.ask('one.wild.test.', 'TXT');
    await scene.ask('c.test.', 'A');
    expect(await cost('two.wild.test.', 'MX')).toEqual(FREE_NODATA);
    scene.ports.clock.skip(101_000);
    await scene.ask('c.test.', 'A');
    expect((await cost('three.wild.test.', 'MX')).asked).toBe(1);
  });

  test('that came without an SOA denies for no longer than the SOA that is known', async () => {
    await instance(`@ 3600 IN SOA ns admin 1 7200 3600 1209600 100\n${TEXT}`);
    await scene.ask('c.test.', 'A');
    scene.ports.clock.skip(60_000);
    await scene.ask('one.wild.test.', 'TXT');
    expect(await cost('two.wild.test.', 'MX')).toEqual(FREE_NODATA);
    const made = await scene.ask('two.wild.test.', 'AAAA');
    expect(Math.max(...made.seen.authority.map(({ ttl }) => ttl))).toBe(40);
  });

  test.each([
    ['unchecked', null],
    ['insecure', { status: 'insecure', why: { kind: 'no-anchor', zone: 'test.' } }],
  ] as const)('denies nothing beside an SOA that is %s', async (_, verdict) => {
    await instance();
    await scene.ask('c.test.', 'A');
    const { rrsets } = scene.instance.caches;
    const zone = mustParseName('test.');
    const soa = rrsets.find(zone, TYPE.SOA, CLASS.IN);
    if (soa === null) throw new Error('no SOA is known');
    rrsets.remove(zone, TYPE.SOA, CLASS.IN);
    rrsets.store({ ...soa, verdict });
    expect(await cost('d.test.', 'A')).toEqual({ status: 'NXDOMAIN ad', asked: 1 });
    expect(await cost('e.test.', 'A')).toEqual(FREE_NXDOMAIN);
  });

  test('of the zone of the anchor denies', async () => {
    await instance();
    await scene.ask('no-such-domain.', 'A');
    const before = scene.asked.length;
    expect((await scene.ask('no-such-domains.', 'MX')).status).toBe('NXDOMAIN ad');
    expect((await scene.ask('www.no-such-domains.', 'MX')).status).toBe('NXDOMAIN ad');
    expect(scene.asked.length).toBe(before);
  });

  test.each([NSEC, NSEC3])('of a zone above does not shadow a signed zone of our own ($kind)', async (denial) => {
    // Nobody else knows of the zone: by the zone above its name does not exist.
    const own = new World({ now: TEST_START_UNIX_SECONDS });
    own.zone('d.test.', { servers: { 'ns.d.test.': ['192.0.2.9'] }, signing: {}, text: 'www IN A 192.0.2.99\n' });
    scene = Scene.withTest(TEXT, { signing: { denial } });
    scene.serve('192.0.2.9', (query) => {
      const reply = own.reply({ query: query.bytes, ip: '192.0.2.9', transport: query.transport });
      if (reply !== null) query.reply(reply);
    });
    const anchor = `server:\n\ttrust-anchor: "${own.anchors('d.test.')[0]}"`;
    await scene.start(['stub-zone:', '\tname: d.test', '\tstub-addr: 192.0.2.9', anchor]);
    for (let n = 0; n < 40; n++) await scene.ask(`x${n}.test.`, 'A');
    expect((await cost('e.test.', 'A')).status).toBe('NXDOMAIN ad');
    const reply = await scene.ask('www.d.test.', 'A');
    expect([reply.status, reply.answer]).toEqual(['NOERROR ad', ['www.d.test. A 192.0.2.99']]);
    expect((await scene.ask('d.test.', 'MX')).status).toBe('NOERROR ad');
  });

  test('is not used when aggressive-nsec is off', async () => {
    await instance(TEXT, ['aggressive-nsec: no']);
    await scene.ask('c.test.', 'A');
    expect((await cost('d.test.', 'A')).asked).toBe(1);
  });

  test('is not used for names below a negative trust anchor', async () => {
    await instance(TEXT, ['domain-insecure: d.test']);
    await scene.ask('c.test.', 'A');
    expect(await cost('x.d.test.', 'A')).toEqual({ status: 'NXDOMAIN', asked: 1 });
  });

  test('of a zone above does not shadow a stub zone', async () => {
    scene = Scene.withTest(TEXT);
    scene.zone('d.test.', { servers: { 'ns.private.': ['192.0.2.9'] }, text: 'www IN A 192.0.2.99\n' });
    await scene.start([
      'stub-zone:',
      '\tname: d.test',
      '\tstub-addr: 192.0.2.9',
      'server:',
      '\tdomain-insecure: d.test',
    ]);
    await scene.ask('c.test.', 'A');
    expect((await scene.ask('www.d.test.', 'A')).answer).toEqual(['www.d.test. A 192.0.2.99']);
  });

  test('that did not verify denies nothing', async () => {
    scene = Scene.withTest(TEXT);
    scene.world.break('test.', 'signatures-corrupt');
    await scene.start(['server:', '\tqname-minimisation: no']);
    expect((await scene.ask('c.test.', 'A')).status).toBe('SERVFAIL');
    expect(scene.instance.caches.denials.count).toBe(0);
  });
});

describe('a secure NXDOMAIN', () => {
  const spec = { signing: { denial: NSEC3 } };

  test('denies what is below the name (RFC 8020), in NSEC3 zones as well', async () => {
    await instance(TEXT, [], spec);
    await scene.ask('gone.test.', 'A');
    expect(await cost('_25._tcp.gone.test.', 'TLSA')).toEqual(FREE_NXDOMAIN);
    expect((await cost('other.test.', 'A')).asked).toBe(1);
  });

  test('denies nothing when harden-below-nxdomain is off', async () => {
    await instance(TEXT, ['harden-below-nxdomain: no', 'aggressive-nsec: no'], spec);
    await scene.ask('gone.test.', 'A');
    expect((await cost('_25._tcp.gone.test.', 'TLSA')).asked).toBe(1);
  });

  test('is needed: an insecure one denies only its own name', async () => {
    await instance(TEXT, [], { signing: null });
    await scene.ask('gone.test.', 'A');
    expect((await cost('www.gone.test.', 'A')).asked).toBe(1);
  });
});

describe('validated NSEC3 records', () => {
  /** A resolver that has seen nearly the whole chain of the zone: of its ten spans one is too narrow to hold any of 60 names. */
  async function knowing(denial: DenialStyle = NSEC3, config: readonly string[] = []): Promise<Scene> {
    await instance(TEXT, config, { signing: { denial } });
    for (let n = 0; n < 60; n++) await scene.ask(`x${n}.test.`, 'A');
    return scene;
  }

  const withIterations = (iterations: number, salt = new Uint8Array()): DenialStyle => ({
    kind: 'nsec3',
    iterations,
    salt,
    optOut: false,
  });

  const FRESH = Array.from({ length: 20 }, (_, n) => `y${n}.test.`);

  /** Questions to the zone's servers that the denials of names never asked before cost together. */
  async function costOf(names: readonly string[], status: string): Promise<number> {
    let sum = 0;
    for (const name of names) {
      const { status: got, asked } = await cost(name, 'TLSA');
      expect(got).toBe(status);
      sum += asked;
    }
    return sum;
  }

  test('deny other names, with the closest encloser, the next closer name, the wildcard and the SOA', async () => {
    await knowing();
    expect(scene.instance.caches.denials.count).toBe(9);
    expect(await costOf(FRESH, 'NXDOMAIN ad')).toBe(0);
    const reply = await scene.ask('z.test.', 'A');
    expect(reply.status).toBe('NXDOMAIN ad');
    const types = reply.authority.map((line) => line.split(' ')[1]);
    expect(types[0]).toBe('SOA');
    expect(types.slice(1).every((type) => type === 'NSEC3')).toBe(true);
    expect(scene.count('aggressive.nxdomain')).toBeGreaterThan(FRESH.length);
  });

  test('deny the TLSA of a host whose name another denial has shown', async () => {
    await knowing();
    await scene.ask('b.test.', 'AAAA');
    expect(await cost('_25._tcp.b.test.', 'TLSA')).toEqual(FREE_NXDOMAIN);
    expect(await cost('_465._tcp.b.test.', 'TLSA')).toEqual(FREE_NXDOMAIN);
  });

  test('are asked for where the host has not been shown: its record might be the closest encloser', async () => {
    await knowing();
    const ports = ['_25', '_465', '_587'].map((port) => `${port}._tcp.f.test.`);
    scene.instance.caches.denials.clear();
    await scene.ask('x0.test.', 'MX');
    expect((await cost(ports[0] ?? '', 'TLSA')).asked).toBe(1);
    expect(await cost(ports[1] ?? '', 'TLSA')).toEqual(FREE_NXDOMAIN);
    expect(await cost(ports[2] ?? '', 'TLSA')).toEqual(FREE_NXDOMAIN);
  });

  test('deny other types of their owner, its DS too, and not those that it has', async () => {
    await knowing();
    await scene.ask('f.test.', 'MX');
    expect(await cost('f.test.', 'TLSA')).toEqual(FREE_NODATA);
    expect(await cost('f.test.', 'DS')).toEqual(FREE_NODATA);
    expect(await cost('f.test.', 'TXT')).toEqual({ status: 'NOERROR ad', asked: 1 });
  });

  test('deny data at a name that only has names below it', async () => {
    await instance(TEXT, [], { signing: { denial: NSEC3 } });
    await scene.ask('empty.test.', 'A');
    expect(await cost('empty.test.', 'MX')).toEqual(FREE_NODATA);
  });

  test('deny other types of a wildcard, but never answer from one', async () => {
    await knowing();
    await scene.ask('one.wild.test.', 'A');
    expect(await cost('two.wild.test.', 'MX')).toEqual(FREE_NODATA);
    const before = scene.asked.length;
    expect((await scene.ask('two.wild.test.', 'TXT')).answer).toEqual(['two.wild.test. TXT "any"']);
    expect(scene.asked.length).toBe(before + 1);
  });

  test('say nothing of names below a zone cut or a DNAME', async () => {
    await knowing();
    await scene.ask('sub.test.', 'DS');
    await scene.ask('tree.test.', 'MX');
    expect(await cost('sub.test.', 'DS')).toEqual(FREE_NODATA);
    expect((await cost('www.sub.test.', 'A')).asked).toBeGreaterThan(0);
    const before = scene.asked.length;
    const below = await scene.ask('x.tree.test.', 'MX');
    expect(scene.asked.length).toBeGreaterThan(before);
    expect(below.answer[0]).toBe('tree.test. DNAME elsewhere.test.');
  });

  test('with opt-out deny nothing that was not asked for', async () => {
    await knowing(NSEC3_OPT_OUT);
    expect(scene.instance.caches.denials.count).toBe(0);
    expect(await costOf(FRESH, 'NXDOMAIN')).toBe(FRESH.length);
  });

  test('are not used when aggressive-nsec is off', async () => {
    await knowing(NSEC3, ['aggressive-nsec: no']);
    expect(await costOf(FRESH, 'NXDOMAIN ad')).toBe(FRESH.length);
  });

  test('with salt and iterations do the same, above 50 iterations nothing', async () => {
    await knowing(withIterations(50, Uint8Array.of(1, 2, 3)));
    expect(await costOf(FRESH, 'NXDOMAIN ad')).toBe(0);
    await scene.stop();
    await knowing(withIterations(51));
    expect(await costOf(FRESH, 'NXDOMAIN ad')).toBe(FRESH.length);
  });

  test('with more iterations than val-nsec3-keysize-iterations allows are never the ground of a secure denial', async () => {
    await knowing(withIterations(6), ['val-nsec3-keysize-iterations: "1024 5 2048 5 4096 5"']);
    expect(scene.instance.caches.denials.count).toBe(0);
    expect(await costOf(FRESH, 'NXDOMAIN')).toBe(FRESH.length);
  });

  test.each([
    ['hashes', 0, 12],
    ['calls of SHA-1', 50, 6],
  ])(
    'are not looked for at any price: a name of too many labels costs too many %s, and is asked for',
    async (_, iterations, labels) => {
      await knowing(withIterations(iterations));
      const deep = (label: string, count: number) => `${Array.from({ length: count }, () => label).join('.')}.test.`;
      expect((await cost(deep('d', labels), 'TLSA')).asked).toBe(1);
      expect((await cost(deep('e', labels), 'TLSA')).asked).toBe(1);
      expect((await cost(deep('g', labels - 3), 'TLSA')).asked).toBe(0);
    },
  );

  test('of a zone above do not shadow a stub zone', async () => {
    scene = Scene.withTest(TEXT, { signing: { denial: NSEC3 } });
    scene.zone('y1.test.', { servers: { 'ns.private.': ['192.0.2.9'] }, text: 'www IN A 192.0.2.99\n' });
    const stub = ['stub-zone:', '\tname: y1.test', '\tstub-addr: 192.0.2.9', 'server:', '\tdomain-insecure: y1.test'];
    await scene.start(stub);
    for (let n = 0; n < 60; n++) await scene.ask(`x${n}.test.`, 'A');
    expect((await scene.ask('www.y1.test.', 'A')).answer).toEqual(['www.y1.test. A 192.0.2.99']);
  });

  test('live no longer than the SOA minimum says', async () => {
    await knowing();
    const first = await scene.ask('late.test.', 'A');
    const ttl = Math.min(...first.seen.authority.map((record) => record.ttl));
    scene.ports.clock.skip(1000 * (ttl + 1));
    expect((await cost('y1.test.', 'A')).asked).toBe(1);
  });
});

describe.each([
  ['NSEC', undefined],
  ['NSEC3', NSEC3],
  ['NSEC3 with opt-out', NSEC3_OPT_OUT],
])('a zone with %s', (_what, denial) => {
  const MIXED = `
a IN A 192.0.2.10
a IN MX 10 a
c.b.a IN TXT "deep"
*.b IN TLSA 3 1 1 00
b.b IN A 192.0.2.11
*.c.c IN CNAME a
_tcp.c IN DNAME b
sub.a IN NS ns.sub.a
ns.sub.a IN A 192.0.2.2
sub.a IN DS 12345 13 2 0000000000000000000000000000000000000000000000000000000000000000
cut IN NS ns.sub.a
`;
  const LABELS = ['a', 'b', 'c', '_tcp', 'sub', 'cut', 'x'];
  const TYPES = ['A', 'MX', 'TLSA', 'TXT', 'DS', 'CNAME'];

  /** What a resolver says to each of many questions about the zone, in a fixed order by chance. */
  async function saidBy(config: readonly string[]): Promise<{ answers: string[]; asked: number }> {
    await instance(MIXED, config, { signing: denial === undefined ? {} : { denial } });
    scene.serve('192.0.2.2', (query, reply) => query.reply(tighten({ ...reply, flags: reply.flags | 5 })));
    const random = new SeededRandom(8);
    const answers: string[] = [];
    for (let n = 0; n < 250; n++) {
      const labels = Array.from({ length: 1 + random.below(4) }, () => LABELS[random.below(LABELS.length)]);
      const [name, type] = [`${labels.join('.')}.test.`, TYPES[random.below(TYPES.length)] ?? 'A'];
      const { status, answer } = await scene.ask(name, type);
      answers.push(`${name} ${type}: ${status} ${answer.join(', ')}`);
    }
    const asked = scene.asked.filter((line) => line.startsWith(AUTH)).length;
    await scene.stop();
    return { answers, asked };
  }

  test('is denied and answered the same whether known denials are used or not', async () => {
    const alone = await saidBy(['aggressive-nsec: no', 'harden-below-nxdomain: no']);
    const known = await saidBy([]);
    expect(known.answers).toEqual(alone.answers);
    expect(new Set(known.answers.map((line) => line.split(' ')[2])).size).toBeGreaterThan(2);
    if (denial === NSEC3_OPT_OUT) expect(known.asked).toBe(alone.asked);
    else expect(known.asked).toBeLessThan(alone.asked / 2);
  });
});
