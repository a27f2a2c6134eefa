/**
 * Proves that a mail server that has the MX of a signed domain gets the addresses of its host without another packet where they came
 * along and are proven, and that nothing else which came along answers a question: RFC 2181 §5.4.1.
 */

import { afterEach, describe, expect, test } from 'vitest';
import { findSignedAddresses } from '../../src/resolve/signed-addresses.ts';
import type { SpeakersParts } from '../../src/resolve/speakers.ts';
import { RANK } from '../../src/terms/rank.ts';
import type { RankedRRset } from '../../src/terms/ranked-rrset.ts';
import { SECURE } from '../../src/terms/verdict.ts';
import { ROOT } from '../../src/wire/name.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { FLAG } from '../../src/wire/rcode.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import type { ResourceRecord } from '../../src/wire/rrsets.ts';
import { questionFrom } from '../support/records.ts';
import { SignedTree, type Signing } from '../validate/signed-tree.ts';
import { recordOf, tighten } from '../world/loose-message.ts';
import { Scene, type Tamper } from '../world/scene.ts';
import type { ZoneSpec } from '../world/world.ts';
import { NSEC3 } from '../world/zone.ts';

const DO = { flags: FLAG.AD, doBit: true };
const MAIL = '@ IN MX 10 mx\nmx IN A 192.0.2.25\nmx IN AAAA 2001:db8::25\n';

let scene: Scene | null = null;
afterEach(async () => {
  await scene?.stop();
  scene = null;
});

const TOGETHER = ['test. MX', 'mx.test. A', 'mx.test. AAAA', '_25._tcp.mx.test. TLSA'];

/** What the zone's server was asked about addresses of the host, after MX was. */
async function addressesAfterMx(spec: Parameters<typeof Scene.withTest>[1], lines: readonly string[] = []) {
  scene = Scene.withTest(MAIL, spec);
  await scene.start(lines);
  return await askAll(scene);
}

async function askAll(scene: Scene) {
  const mx = await scene.ask('test.', 'MX', DO);
  scene.asked.length = 0;
  const replies = [await scene.ask('mx.test.', 'A', DO), await scene.ask('mx.test.', 'AAAA', DO)];
  return { mx: mx.status, statuses: replies.map(({ status }) => status), replies, asked: [...scene.asked] };
}

describe('after MX, the addresses of its host', () => {
  test.each([
    ['NSEC', {}],
    ['NSEC3', { denial: NSEC3 }],
  ])('in a zone with %s need no packet', async (_, signing) => {
    const { mx, statuses, replies, asked } = await addressesAfterMx({ signing });
    expect([mx, ...statuses]).toEqual(['NOERROR ad', 'NOERROR ad', 'NOERROR ad']);
    expect(replies.map(({ answer }) => answer)).toEqual([['mx.test. A 192.0.2.25'], ['mx.test. AAAA 2001:db8::25']]);
    expect(replies.every(({ seen }) => seen.answer.some(({ type }) => type === TYPE.RRSIG))).toBe(true);
    expect(asked).toEqual([]);
  });

  test('are asked for when they are over', async () => {
    const { asked } = await addressesAfterMx({});
    expect(asked).toEqual([]);
    await scene?.ports.clock.advance(2 * 86_400_000);
    await scene?.ask('mx.test.', 'A', DO);
    expect(scene?.asked).toContain('192.0.2.1 mx.test. A');
  });

  test('are answers of their own once they were given: they are served expired where that is wanted', async () => {
    const { asked } = await addressesAfterMx({}, ['\tserve-expired: yes', '\tserve-expired-client-timeout: 0']);
    expect(asked).toEqual([]);
    if (scene !== null) scene.isCut = true;
    await scene?.ports.clock.advance(2 * 3_600_000);
    expect((await scene?.ask('mx.test.', 'A', DO))?.answer).toEqual(['mx.test. A 192.0.2.25']);
  });

  test('are asked for in an unsigned zone', async () => {
    scene = new Scene();
    scene.zone('.', { servers: { 'a.root.': ['198.41.0.4'] }, signing: {} });
    scene.zone('test.', { servers: { 'ns.test.': ['192.0.2.1'] }, text: MAIL });
    await scene.start();
    const { statuses, asked } = await askAll(scene);
    expect(statuses).toEqual(['NOERROR', 'NOERROR']);
    expect(asked).toEqual(['192.0.2.1 mx.test. A', '192.0.2.1 mx.test. AAAA']);
  });

  test('are asked for below a negative trust anchor', async () => {
    const { statuses, asked } = await addressesAfterMx({}, ['\tdomain-insecure: "mx.test."']);
    expect(statuses).toEqual(['NOERROR', 'NOERROR']);
    expect(asked).toHaveLength(2);
  });

  test('are asked for when what came along is forged, and are the true ones', async () => {
    scene = Scene.withTest(MAIL, {});
    scene.tamper('192.0.2.1', (reply) => {
      if (reply.question?.type !== TYPE.MX) return reply;
      const forged = reply.additional.map((record) =>
        record.type === TYPE.A ? { ...record, rdata: Uint8Array.of(192, 0, 2, 66) } : record,
      );
      return { ...reply, additional: forged };
    });
    await scene.start();
    const { mx, replies, asked } = await askAll(scene);
    expect(mx).toBe('NOERROR ad');
    expect(replies[0]?.answer).toEqual(['mx.test. A 192.0.2.25']);
    expect(asked).toEqual(['192.0.2.1 mx.test. A']);
  });

  test('are asked of the servers that are configured for the host', async () => {
    scene = Scene.withTest(MAIL, {});
    const own = recordOf('mx.test. 300 A 10.1.2.3');
    scene.serve('192.0.2.9', (query, reply) => query.reply(tighten({ ...reply, answer: [own] })));
    const stub = ['\tdomain-insecure: "mx.test."', 'stub-zone:', '\tname: "mx.test."', '\tstub-addr: 192.0.2.9'];
    await scene.start(stub);
    await scene.ask('test.', 'MX', DO);
    expect((await scene.ask('mx.test.', 'A', DO)).answer).toEqual(['mx.test. A 10.1.2.3']);
  });
});

describe('asked together with MX, the addresses of its host', () => {
  /** A root and a zone on one server, which then answers for the zone at once; the questions asked together, and what was asked for them. */
  async function together(
    spec: Partial<ZoneSpec> = { signing: {} },
    tamper: Tamper = (reply) => reply,
    ip = '198.41.0.4',
  ) {
    scene = new Scene();
    scene.zone('.', { servers: { 'a.root.': ['198.41.0.4'] }, signing: {} });
    scene.zone('test.', { servers: { 'ns.test.': [ip] }, text: MAIL, ...spec });
    scene.tamper(ip, tamper);
    await scene.start();
    await scene.ask('.', 'SOA');
    scene.asked.length = 0;
    const answered = await scene.askTogether(TOGETHER);
    const replies = TOGETHER.map((question) => answered.find((one) => one.question === question)?.reply);
    const asked = scene.asked
      .filter((one) => / mx\.test\. A/.test(one))
      .map((one) => one.split(' ').slice(1).join(' '));
    return { statuses: replies.map((reply) => reply?.status), answers: replies.map((reply) => reply?.answer), asked };
  }

  const SECURE_ALL = ['NOERROR ad', 'NOERROR ad', 'NOERROR ad', 'NXDOMAIN ad'];
  const TRUE_ONES = [['test. MX 10 mx.test.'], ['mx.test. A 192.0.2.25'], ['mx.test. AAAA 2001:db8::25'], []];
  const ALL = ['mx.test. A', 'mx.test. AAAA'];

  /** Changes what came along with MX. */
  const changing = (change: (record: ResourceRecord) => ResourceRecord | null): Tamper => {
    return (reply) =>
      reply.question?.type === TYPE.MX
        ? { ...reply, additional: reply.additional.flatMap((record) => change(record) ?? []) }
        : reply;
  };

  test('need no packet where the first server answers for the zone', async () => {
    expect(await together()).toEqual({ statuses: SECURE_ALL, answers: TRUE_ONES, asked: [] });
  });

  test('need one after a referral, as it goes out with MX', async () => {
    const { statuses, answers, asked } = await together(undefined, undefined, '192.0.2.1');
    expect([statuses, answers, asked]).toEqual([SECURE_ALL, TRUE_ONES, ['mx.test. A']]);
  });

  test.each<[string, Tamper]>([
    [
      'is forged',
      changing((record) => {
        const { type, rdata } = record;
        const isAddress = type === TYPE.A || type === TYPE.AAAA;
        return isAddress ? { ...record, rdata: rdata.map((octet, i) => (i === 3 ? octet ^ 1 : octet)) } : record;
      }),
    ],
    ['has no signatures', changing((record) => (record.type === TYPE.RRSIG ? null : record))],
    [
      'has signatures that do not hold',
      changing((record) => {
        const { type, rdata } = record;
        return type === TYPE.RRSIG ? { ...record, rdata: rdata.with(-1, (rdata.at(-1) ?? 0) ^ 1) } : record;
      }),
    ],
  ])('are asked for when what came along %s, and are the true ones', async (_, tamper) => {
    const { statuses, answers, asked } = await together(undefined, tamper);
    expect([statuses, answers, asked.sort()]).toEqual([SECURE_ALL, TRUE_ONES, ALL]);
  });

  test.each<[string, Partial<ZoneSpec>]>([
    ['an unsigned zone', {}],
    ['a zone whose signatures no DS vouches for', { signing: {}, withoutDs: true }],
  ])('are asked for in %s', async (_, spec) => {
    const { statuses, answers, asked } = await together(spec);
    expect(statuses).toEqual(['NOERROR', 'NOERROR', 'NOERROR', 'NXDOMAIN']);
    expect([answers, asked.sort()]).toEqual([TRUE_ONES, ALL]);
  });
});

describe('a proven set', () => {
  const anywhere: SpeakersParts = { configuredZone: () => null, anchorZone: () => ROOT };

  function finding(change: Partial<RankedRRset> = {}, speakers = anywhere, signing: Signing = {}) {
    const tree = new SignedTree();
    const zone = tree.zone('test.', tree.root);
    const set = tree.set(zone, 'mx.test.', TYPE.A, '192.0.2.25', signing);
    const proven = { ...set, rank: RANK.validated, verdict: SECURE, zone: zone.name, ...change };
    if (change.verdict === null) tree.rrsets.store(proven);
    else tree.rrsets.keepValidated(proven);
    return findSignedAddresses({ rrsets: tree.rrsets, speakers }, questionFrom('mx.test. A'));
  }

  test('answers, as long as it lives', () => {
    expect(finding()?.end.answer.map(({ verdict }) => verdict)).toEqual([SECURE]);
    expect(finding({ expiresAt: 0 })).toBeNull();
  });

  test.each([
    ['an unchecked part of an answer', { verdict: null }],
    ['additional data that no authority gave', { verdict: null, rank: RANK.additionalNonAuthoritative }],
    ['glue', { verdict: null, rank: RANK.glue }],
    ['insecure', { verdict: { status: 'insecure', why: { kind: 'no-anchor', zone: '.' } } }],
    ['of no known zone', { zone: null }],
  ] as const)('does not when it is %s', (_, change) => {
    expect(finding(change)).toBeNull();
  });

  test('answers unchecked only as signed additional data: whoever gets it has it checked', () => {
    const along = { verdict: null, rank: RANK.additionalAuthoritative };
    expect(finding(along)?.end.answer.map(({ verdict }) => verdict)).toEqual([null]);
    expect(finding(along, anywhere, { keys: [] })).toBeNull();
    expect(finding(along, anywhere, { labels: 1 })).toBeNull();
    expect(finding(along, anywhere, { signer: mustParseName('mx.test.') })).toBeNull();
    expect(finding({ ...along, verdict: { status: 'bogus', why: { kind: 'no-dnskey', zone: 'test.' } } })).toBeNull();
  });

  test('does not when it was expanded from a wildcard, whose proof did not come along (RFC 4035 §5.3.4)', () => {
    expect(finding({}, anywhere, { labels: 1 })).toBeNull();
    expect(finding({}, anywhere, { labels: 2 })).not.toBeNull();
  });

  test('does not for a name that another zone or no anchor speaks for', () => {
    const own = mustParseName('mx.test.');
    expect(finding({}, { ...anywhere, configuredZone: () => own })).toBeNull();
    expect(finding({}, { ...anywhere, anchorZone: () => own })).toBeNull();
    expect(finding({}, { ...anywhere, anchorZone: () => null })).toBeNull();
    expect(finding({}, { ...anywhere, configuredZone: () => mustParseName('test.') })).not.toBeNull();
  });
});
