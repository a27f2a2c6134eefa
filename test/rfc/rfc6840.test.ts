/**
 * RFC 6840, clarifications of DNSSEC, section by section, played out with a whole resolver. (§4.1, NSEC from the parent side of
 * a cut: test/attacks/false-proofs.test.ts; §5.6 to §5.9, DO, AD and CD: rfc4035-s3.2.test.ts.)
 */

import { describe, expect, test } from 'vitest';
import { concatBytes } from '../../src/wire/bytes.ts';
import { FLAG, RCODE } from '../../src/wire/rcode.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { collidingKeys, onType, replaceSignatures, showKeys } from '../world/lies.ts';
import { recordOf } from '../world/loose-message.ts';
import { Scene } from '../world/scene.ts';
import type { ZoneSpec } from '../world/world.ts';

const AUTH = '192.0.2.1';
const TEXT = 'www IN A 192.0.2.80\nwww IN MX 10 Mail\nalias IN CNAME www\nmail IN A 192.0.2.81';

async function statusOf(scene: Scene, name = 'www.test.', type = 'A', config: readonly string[] = []): Promise<string> {
  await scene.start(config);
  const { status } = await scene.ask(name, type);
  await scene.stop();
  return status;
}

const withSpec = (spec: Partial<ZoneSpec>) => Scene.withTest(TEXT, spec);

describe('§4.3, check for CNAME', () => {
  test('an NSEC with the CNAME bit does not deny another type', async () => {
    const scene = Scene.withTest(TEXT);
    const soa = scene.world.get('test.').find(recordOf('test. 1 A 192.0.2.1').owner, TYPE.SOA);
    if (soa === null) throw new Error('no SOA');
    const records = [
      { ...soa, rdata: soa.rdatas[0] as Uint8Array },
      recordOf('alias.test. 300 NSEC mail.test. CNAME RRSIG NSEC'),
    ];
    const authority = records.flatMap((one) => scene.signed('test.', [one]));
    scene.tamper(
      AUTH,
      onType(TYPE.A, (reply) => ({ ...reply, answer: [], authority })),
    );
    expect(await statusOf(scene, 'alias.test.')).toBe('SERVFAIL');
  });
});

describe('§4.4, insecure delegation proofs', () => {
  test.each([
    ['with the NS bit and without DS and SOA proves the delegation insecure', 'NS RRSIG NSEC', 'NOERROR'],
    ['without the NS bit proves no delegation', 'A RRSIG NSEC', 'SERVFAIL'],
    ['with the SOA bit is that of the child', 'NS SOA RRSIG NSEC', 'SERVFAIL'],
    ['with the DS bit proves nothing', 'NS DS RRSIG NSEC', 'SERVFAIL'],
  ])('an NSEC %s', async (_what, types, expected) => {
    const scene = Scene.withTest('');
    scene.zone('sub.test.', { servers: { 'ns.sub.test.': ['192.0.2.2'] }, text: 'www IN A 192.0.2.90' });
    const nsec = scene.signed('test.', [recordOf(`sub.test. 300 NSEC test. ${types}`)]);
    scene.tamper(AUTH, (reply) => {
      if (!reply.authority.some(({ type }) => type === TYPE.NSEC)) return reply;
      const kept = reply.authority.filter(
        (one) =>
          one.type === TYPE.NS || one.type === TYPE.SOA || (one.type === TYPE.RRSIG && one.rdata[1] === TYPE.SOA),
      );
      return { ...reply, authority: [...kept, ...nsec] };
    });
    expect(await statusOf(scene, 'www.sub.test.')).toBe(expected);
  });
});

describe('§5.1, errors in canonical form', () => {
  test('names in RRSIG and in the rdata of old types are lower-cased, whatever case they came in', async () => {
    const scene = Scene.withTest(TEXT);
    const upper = (bytes: Uint8Array, from: number) =>
      bytes.map((octet, i) => (i >= from && octet >= 0x61 && octet <= 0x7a ? octet - 0x20 : octet));
    scene.tamper(
      AUTH,
      onType(TYPE.MX, (reply) => ({
        ...reply,
        answer: reply.answer.map((one) => ({
          ...one,
          rdata:
            one.type === TYPE.MX
              ? upper(one.rdata, 2)
              : concatBytes(one.rdata.subarray(0, 18), upper(one.rdata.subarray(18, 24), 0), one.rdata.subarray(24)),
        })),
      })),
    );
    expect(await statusOf(scene, 'www.test.', 'MX')).toBe('NOERROR ad');
  });
});

describe('§5.2, unknown DS digests', () => {
  test('a DS set of unknown digests alone makes the zone insecure', async () => {
    const scene = Scene.withTest(TEXT);
    scene.world.break('test.', 'ds-unknown-digest');
    expect(await statusOf(scene)).toBe('NOERROR');
  });
});

describe('§5.4, caution about several algorithms', () => {
  test('one algorithm that validates is enough, in either order', async () => {
    for (const algorithms of [
      [13, 15],
      [15, 13],
      [8, 13],
    ] as const) {
      const scene = withSpec({ signing: { algorithms } });
      scene.tamper(
        AUTH,
        onType(TYPE.A, (reply) => ({
          ...reply,
          answer: reply.answer.filter((one) => one.type !== TYPE.RRSIG || one.rdata[2] !== algorithms[0]),
        })),
      );
      expect(await statusOf(scene)).toBe('NOERROR ad');
    }
  });
});

describe('§5.5, several signatures', () => {
  test('of unknown algorithms beside a good one do no harm', async () => {
    const scene = Scene.withTest(TEXT);
    scene.tamper(
      AUTH,
      onType(TYPE.A, (reply) => {
        const strange = reply.answer
          .filter(({ type }) => type === TYPE.RRSIG)
          .map((one) => ({ ...one, rdata: one.rdata.with(2, 200) }));
        return { ...reply, answer: [...strange, ...reply.answer] };
      }),
    );
    expect(await statusOf(scene)).toBe('NOERROR ad');
  });

  test('of unknown algorithms alone in a zone that should have others are bogus', async () => {
    const scene = Scene.withTest(TEXT);
    const strange = replaceSignatures(TYPE.A, (set) =>
      scene
        .signed('test.', set)
        .slice(1)
        .map((one) => ({ ...one, rdata: one.rdata.with(2, 200) })),
    );
    scene.tamper(AUTH, (reply, query) => (reply.question?.type === TYPE.A ? strange(reply, query) : reply));
    expect(await statusOf(scene)).toBe('SERVFAIL');
  });
});

describe('§5.9, always set CD upstream', () => {
  test('a forwarder that validates and fails does not hide the data from us', async () => {
    const scene = Scene.withTest(TEXT);
    const cd: boolean[] = [];
    for (const ip of ['198.41.0.4', AUTH]) scene.tamper(ip, (reply) => reply);
    await scene.start([
      'forward-zone:',
      '\tname: "fwd."',
      '\tforward-addr: 192.0.2.70',
      'server:',
      '\tdomain-insecure: "fwd."',
    ]);
    scene.ports.servers.serve('192.0.2.70', (query) => {
      cd.push(((query.bytes[3] ?? 0) & 0x10) !== 0);
      const bytes = query.bytes.slice();
      bytes[2] = (bytes[2] ?? 0) | 0x80;
      bytes[3] = RCODE.REFUSED;
      query.reply(bytes);
    });
    await scene.ask('www.fwd.', 'A');
    expect(cd.length).toBeGreaterThan(0);
    expect(cd.every((isSet) => isSet)).toBe(true);
    await scene.stop();
  });
});

describe('§5.10, nested anchors', () => {
  test('the closest anchor decides: an island that its parent does not vouch for', async () => {
    const scene = Scene.withTest('');
    scene.zone('sub.test.', {
      servers: { 'ns.sub.test.': ['192.0.2.2'] },
      signing: {},
      withoutDs: true,
      text: 'www IN A 192.0.2.90',
    });
    const anchors = scene.world.anchors('sub.test.').map((line) => `\ttrust-anchor: "${line}"`);
    expect(await statusOf(scene, 'www.sub.test.', 'A', ['server:', ...anchors])).toBe('NOERROR ad');
  });
});

describe('§5.11, mandatory algorithms', () => {
  const zone = () => {
    const scene = withSpec({ signing: { algorithms: [13, 15] } });
    scene.tamper(
      AUTH,
      onType(TYPE.A, (reply) => ({
        ...reply,
        answer: reply.answer.filter((one) => one.type !== TYPE.RRSIG || one.rdata[2] !== 13),
      })),
    );
    return scene;
  };

  test('validators accept any single valid path', async () => {
    expect(await statusOf(zone())).toBe('NOERROR ad');
  });

  test('an operator may demand all of them (harden-algo-downgrade)', async () => {
    expect(await statusOf(zone(), 'www.test.', 'A', ['server:', '\tharden-algo-downgrade: yes'])).toBe('SERVFAIL');
  });
});

describe('§6.2, key tags', () => {
  test('say nothing of identity: keys that share one are all tried', async () => {
    const scene = Scene.withTest(TEXT);
    const { entryKeys, zoneKeys } = scene.world.get('test.');
    const [zoneKey] = zoneKeys;
    if (zoneKey === undefined) throw new Error('no key');
    const others = [...collidingKeys(2, zoneKey.tag), zoneKey.dnskey].map((rdata) => ({
      ...recordOf('test. 3600 TXT x'),
      type: TYPE.DNSKEY,
      rdata,
    }));
    showKeys(scene, { zone: 'test.', parent: '.', parentIp: '198.41.0.4', ip: AUTH }, { entry: entryKeys, others });
    expect(await statusOf(scene)).toBe('NOERROR ad');
  });
});

test('AD is never copied from an authority', async () => {
  const scene = Scene.withTest(TEXT, { withoutDs: true });
  scene.tamper(AUTH, (reply) => ({ ...reply, flags: reply.flags | FLAG.AD }));
  expect(await statusOf(scene)).toBe('NOERROR');
});
