/**
 * Proves that a denial written straight from known records says what the same records say by way of RRsets: flags, records, TTLs,
 * for zones of all kinds and clients of all kinds; and which of these replies the reply cache keeps.
 */

import { afterEach, describe, expect, test, vi } from 'vitest';
import { DenialWriter } from '../../src/serve/denial-writer.ts';
import { ROOT } from '../../src/wire/name.ts';
import { formatName } from '../../src/wire/name-text.ts';
import { FLAG } from '../../src/wire/rcode.ts';
import { formatRdata } from '../../src/wire/record-text.ts';
import { typeText } from '../../src/wire/rr-type.ts';
import { SeededRandom } from '../fake/fake-random.ts';
import { SeenMessage } from '../replay/seen-message.ts';
import type { DenialStyle } from '../world/denial-chain.ts';
import { tighten } from '../world/loose-message.ts';
import { Scene, type SceneAsk } from '../world/scene.ts';
import { NSEC3, NSEC3_OPT_OUT } from '../world/zone.ts';

const TEXT = `
a IN A 192.0.2.10
a IN MX 10 a
c.b.a IN TXT "deep"
*.b IN TLSA 3 1 1 00
b.b IN A 192.0.2.11
*.c.c IN CNAME a
_tcp.c IN DNAME b
sub IN NS ns.sub
ns.sub IN A 192.0.2.99
cut IN NS ns.sub
cut IN DS 12345 13 2 0000000000000000000000000000000000000000000000000000000000000000
`;
const SALTED: DenialStyle = { kind: 'nsec3', iterations: 3, salt: Uint8Array.of(1, 2, 3, 4), optOut: false };
const ZONES: readonly (readonly [string, DenialStyle | undefined])[] = [
  ['nsec.', undefined],
  ['nsec3.', NSEC3],
  ['salted.', SALTED],
  ['optout.', NSEC3_OPT_OUT],
  ['mail.nsec.', undefined],
  ['odd.', undefined],
];
/** Names that end in the octets of their zone's, and are none of it. */
const ODD_SOA = '@ IN SOA a\\004\\003odd. a.b\\003odd. 1 7200 3600 1209600 300\n';
const LABELS = ['a', 'b', 'c', 'C', '_tcp', '_25', 'sub', 'cut', 'x', 'mail', 'q1', 'q2', 'q3', 'zz'];
const TYPES = ['A', 'AAAA', 'MX', 'TLSA', 'TXT', 'DS', 'CNAME', 'NSEC', 'SOA', 'NS', 'ANY', 'DNSKEY'];

let scene: Scene;
afterEach(async () => {
  vi.restoreAllMocks();
  await scene.stop();
});

async function start(lines: readonly string[] = []): Promise<void> {
  scene = new Scene();
  scene.zone('.', { servers: { 'a.root.': ['198.41.0.4'] }, signing: {} });
  for (const [i, [zone, denial]] of ZONES.entries()) {
    const signing = denial === undefined ? {} : { denial };
    scene.zone(zone, {
      servers: { [`ns.${zone}`]: [`192.0.2.${i + 1}`] },
      signing,
      text: zone === 'odd.' ? `${ODD_SOA}${TEXT}` : TEXT,
    });
  }
  scene.serve('192.0.2.99', (query, reply) => query.reply(tighten({ ...reply, flags: reply.flags | 5 })));
  await scene.start(['server:', ...lines.map((line) => `\t${line}`)]);
}

/** What a message says, its records in order, without OPT; names in lower case. */
function saidBy(message: SeenMessage): string[] {
  const { id, flags, rcode, answer, authority, additional } = message;
  const records = [answer, authority, additional].map((section) =>
    section
      .map(({ name, type, ttl, rdata }) => `${formatName(name)} ${ttl} ${typeText(type)} ${formatRdata(type, rdata)}`)
      .join('\n'),
  );
  return [`${id} ${flags} ${rcode} ${formatName(message.rawName ?? ROOT)}`, ...records];
}

/** From now on denials are written both ways; the ones that are not sent are in the list. */
function writeBothWays(): SeenMessage[] {
  const written: SeenMessage[] = [];
  const { write } = DenialWriter.prototype;
  vi.spyOn(DenialWriter.prototype, 'write').mockImplementation(function (this: DenialWriter, out, proven, client, now) {
    const own = new Uint8Array(out.length);
    const length = write.call(this, own, proven, client, now);
    if (length > 0) written.push(new SeenMessage(own.slice(0, length)));
    return 0;
  });
  return written;
}

const CLIENTS: readonly SceneAsk[] = [
  {},
  { flags: FLAG.CD },
  { doBit: false },
  { doBit: false, flags: FLAG.AD },
  { udpSize: 0 },
  { udpSize: 0, flags: FLAG.AD | FLAG.CD },
];

describe('a denial from known records', () => {
  test('says the same as by way of RRsets, whoever asks and whatever zone denies', { timeout: 120_000 }, async () => {
    await start();
    const written = writeBothWays();
    const random = new SeededRandom(9);
    const one = <T>(of: readonly T[]): T => of[random.below(of.length)] as T;
    const kinds = new Set<string>();
    for (let n = 0; n < 3000; n++) {
      const labels = Array.from({ length: random.below(4) }, () => one(LABELS));
      const [zone] = one(ZONES);
      const name = [...labels, n % 3 === 0 ? zone.toUpperCase() : zone].join('.');
      const type = one(TYPES);
      const reply = await scene.ask(name, type, one(CLIENTS));
      scene.instance.caches.replies.clear();
      scene.ports.clock.skip(random.below(3) * 100);
      const direct = written.pop();
      if (direct === undefined) continue;
      expect(saidBy(direct)).toEqual(saidBy(reply.seen));
      kinds.add(`${zone} ${reply.rcode}`);
      expect(written).toEqual([]);
    }
    expect([...kinds].sort()).toEqual([
      'mail.nsec. NOERROR',
      'mail.nsec. NXDOMAIN',
      'nsec. NOERROR',
      'nsec. NXDOMAIN',
      'nsec3. NOERROR',
      'nsec3. NXDOMAIN',
      'odd. NOERROR',
      'odd. NXDOMAIN',
      'salted. NOERROR',
      'salted. NXDOMAIN',
    ]);
  });

  test('that is longer than the client takes is cut at the border of a set', async () => {
    await start();
    await scene.ask('x.nsec3.', 'A');
    const whole = await scene.ask('y.nsec3.', 'A');
    const cut = await scene.ask('z.nsec3.', 'A', { udpSize: 512 });
    expect([whole.status, whole.tc]).toEqual(['NXDOMAIN ad', false]);
    expect([cut.status, cut.tc, cut.seen.bytes.length <= 512]).toEqual(['NXDOMAIN ad', true, true]);
    expect(cut.authority.length).toBeLessThan(whole.authority.length);
    expect(cut.seen.bad).toBeNull();
  });

  test('has the TTLs that the servers gave where these are served', async () => {
    await start(['serve-original-ttl: yes']);
    await scene.ask('x.nsec.', 'A');
    scene.ports.clock.skip(10_000);
    const ttls = (await scene.ask('y.nsec.', 'A')).seen.authority.map(({ ttl }) => ttl);
    expect(new Set(ttls)).toEqual(new Set([300, 3600]));
  });

  test('is SERVFAIL where a root key sentinel asks for that (RFC 8509)', async () => {
    await start();
    await scene.ask('r.nsec.', 'A');
    const sentinel = 'root-key-sentinel-is-ta-12345.nsec.';
    const before = scene.asked.length;
    expect((await scene.ask(sentinel, 'A')).status).toBe('SERVFAIL');
    expect((await scene.ask(sentinel, 'TXT')).status).toBe('NXDOMAIN ad');
    expect(scene.asked.length).toBe(before);
  });

  test('is kept as a reply when it is asked for again, so that a flood of names pushes nothing out', async () => {
    await start();
    await scene.ask('x.nsec.', 'A');
    const { replies } = scene.instance.caches;
    const before = replies.count;
    for (let n = 0; n < 50; n++) await scene.ask(`y${n}.nsec.`, 'A');
    expect(replies.count).toBe(before);
    const first = await scene.ask('y7.nsec.', 'A');
    expect(replies.count).toBe(before + 1);
    const { hits } = replies;
    expect(saidBy((await scene.ask('y7.nsec.', 'A')).seen)).toEqual(saidBy(first.seen));
    expect(replies.hits).toBe(hits + 1);
    // Each client gets what is for it.
    const plain = await scene.ask('y7.nsec.', 'A', { doBit: false });
    expect([plain.status, plain.authority.length, first.authority.length]).toEqual(['NXDOMAIN', 1, 3]);
  });
});
