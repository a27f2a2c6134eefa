/**
 * Proves which denials a house gives without asking anybody (RFC 8198, RFC 8020) and where it must ask all the same:
 * unproven data, other sides of zone cuts, zones that are configured, negative anchors.
 */

import { afterEach, describe, expect, test } from 'vitest';
import { Scene } from '../world/scene.ts';
import { NSEC3 } from '../world/zone.ts';

const AUTH = '192.0.2.1';
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

async function house(text = TEXT, config: readonly string[] = [], spec = {}): Promise<Scene> {
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
    await house();
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
    await house();
    await scene.ask('b.test.', 'MX');
    expect(await cost('b.test.', 'TLSA')).toEqual(FREE_NODATA);
    expect(scene.count('aggressive.noerror')).toBe(1);
    expect((await cost('b.test.', 'A')).asked).toBe(1);
  });

  test('denies data at a name that only has names below it', async () => {
    await house();
    await scene.ask('empty.test.', 'A');
    expect(await cost('empty.test.', 'MX')).toEqual(FREE_NODATA);
  });

  test('denies other types of a wildcard, but never answers from one', async () => {
    await house();
    await scene.ask('one.wild.test.', 'A');
    expect(await cost('one.wild.test.', 'MX')).toEqual(FREE_NODATA);
    expect(await cost('one.wild.test.', 'TXT')).toEqual({ status: 'NOERROR ad', asked: 1 });
  });

  test('says nothing of names below a zone cut or a DNAME', async () => {
    await house();
    await scene.ask('sub.test.', 'DS');
    await scene.ask('tree.test.', 'MX');
    expect((await cost('www.sub.test.', 'A')).asked).toBeGreaterThan(0);
    expect((await cost('x.tree.test.', 'MX')).asked).toBeGreaterThan(0);
  });

  test('denies the DS of an unsigned delegation of the same span, and not its data', async () => {
    await house(`${TEXT}sub2 IN NS ns.sub\n`);
    await scene.ask('sub.test.', 'DS');
    expect(await cost('sub.test.', 'DS')).toEqual(FREE_NODATA);
  });

  test('lives no longer than the denial that it came with', async () => {
    await house();
    const first = await scene.ask('c.test.', 'A');
    const ttl = Math.min(...first.seen.authority.map((record) => record.ttl));
    scene.ports.clock.skip(1000 * (ttl - 1));
    const late = await scene.ask('d.test.', 'A');
    expect(Math.max(...late.seen.authority.map((record) => record.ttl))).toBe(1);
    scene.ports.clock.skip(1000);
    expect((await cost('e.test.', 'A')).asked).toBeGreaterThan(0);
  });

  test('that came with a wildcard answer, without an SOA, denies for as long as the SOA minimum says', async () => {
    await house(`@ 3600 IN SOA ns admin 1 7200 3600 1209600 100\n${TEXT}`);
    await scene.ask('one.wild.test.', 'TXT');
    await scene.ask('c.test.', 'A');
    expect(await cost('two.wild.test.', 'MX')).toEqual(FREE_NODATA);
    scene.ports.clock.skip(101_000);
    await scene.ask('c.test.', 'A');
    expect((await cost('three.wild.test.', 'MX')).asked).toBe(1);
  });

  test('is not used when aggressive-nsec is off', async () => {
    await house(TEXT, ['aggressive-nsec: no']);
    await scene.ask('c.test.', 'A');
    expect((await cost('d.test.', 'A')).asked).toBe(1);
  });

  test('is not used for names below a negative trust anchor', async () => {
    await house(TEXT, ['domain-insecure: d.test']);
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
    expect(scene.house.caches.denials.count).toBe(0);
  });
});

describe('a secure NXDOMAIN', () => {
  const spec = { signing: { denial: NSEC3 } };

  test('denies what is below the name (RFC 8020), in NSEC3 zones as well', async () => {
    await house(TEXT, [], spec);
    await scene.ask('gone.test.', 'A');
    expect(await cost('_25._tcp.gone.test.', 'TLSA')).toEqual(FREE_NXDOMAIN);
    expect((await cost('other.test.', 'A')).asked).toBe(1);
  });

  test('denies nothing when harden-below-nxdomain is off', async () => {
    await house(TEXT, ['harden-below-nxdomain: no'], spec);
    await scene.ask('gone.test.', 'A');
    expect((await cost('_25._tcp.gone.test.', 'TLSA')).asked).toBe(1);
  });

  test('is needed: an insecure one denies only its own name', async () => {
    await house(TEXT, [], { signing: null });
    await scene.ask('gone.test.', 'A');
    expect((await cost('www.gone.test.', 'A')).asked).toBe(1);
  });
});
