/**
 * Proves what one record that cannot be, or octets after the last one, cost: that record, never the message, and never the
 * proof of the set that it belongs to; and what a reply that is for another question still costs: nothing at all.
 */

import { describe, expect, test } from 'vitest';
import { concatBytes } from '../../src/wire/bytes.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { FLAG } from '../../src/wire/rcode.ts';
import { CLASS, TYPE } from '../../src/wire/rr-type.ts';
import type { ResourceRecord } from '../../src/wire/rrsets.ts';
import { allOf, onType } from '../world/lies.ts';
import { type LooseMessage, type SECTIONS, tighten } from '../world/loose-message.ts';
import { Scene } from '../world/scene.ts';

const AUTH = '192.0.2.1';
const TEXT = `
www IN A 192.0.2.80
www IN TXT "x"
mail IN MX 10 www
alias IN CNAME www
sub IN NS ns.sub
ns.sub IN A 192.0.2.2
`;
const unsigned = (): Scene => Scene.withTest(TEXT, { signing: undefined as never });

function bad(owner: string, type: number, octets: number): ResourceRecord {
  return { owner: mustParseName(owner), type, class: CLASS.IN, ttl: 300, rdata: new Uint8Array(octets).fill(255) };
}

const unshift = (set: readonly ResourceRecord[], record: ResourceRecord): ResourceRecord[] => [record, ...set];
const push = (set: readonly ResourceRecord[], record: ResourceRecord): ResourceRecord[] => [...set, record];

/** Puts a record first in a section of each reply to questions of a type. */
const withRecord = (asked: number, section: (typeof SECTIONS)[number], record: ResourceRecord) =>
  onType(asked, (reply) => ({ ...reply, [section]: [record, ...reply[section]] }));

async function askTimed(scene: Scene, name: string, type: string) {
  await scene.start();
  const startMs = scene.ports.clock.monotonicMs();
  const reply = await scene.ask(name, type);
  const tookMs = scene.ports.clock.monotonicMs() - startMs;
  await scene.stop();
  return { reply, tookMs };
}

describe('a record that cannot be costs nothing but itself', () => {
  test.each([
    ['in the set', 'answer', bad('www.test.', TYPE.A, 5)],
    ['of another type', 'answer', bad('www.test.', TYPE.AAAA, 4)],
    ['in the authority section', 'authority', bad('test.', TYPE.NS, 3)],
    ['in the additional section', 'additional', bad('ns.test.', TYPE.AAAA, 15)],
    ['as a second OPT', 'additional', bad('.', TYPE.OPT, 0)],
  ] as const)('%s of an unsigned zone', async (_where, section, record) => {
    const scene = unsigned();
    scene.tamper(AUTH, withRecord(TYPE.A, section, record));
    const { reply, tookMs } = await askTimed(scene, 'www.test.', 'A');
    expect([reply.status, reply.answer]).toEqual(['NOERROR', ['www.test. A 192.0.2.80']]);
    expect(tookMs).toBeLessThan(300);
  });

  test.each([
    ['in the authority section', 'authority', bad('other.test.', TYPE.NSEC, 1)],
    ['of another name', 'answer', bad('other.test.', TYPE.A, 5)],
  ] as const)('%s of a signed zone', async (_where, section, record) => {
    const scene = Scene.withTest(TEXT);
    scene.tamper(AUTH, withRecord(TYPE.A, section, record));
    expect((await askTimed(scene, 'www.test.', 'A')).reply.status).toBe('NOERROR ad');
  });

  test.each([
    ['no octets', []],
    ['a string that runs past its end', [200]],
    ['octets after its last string', [1, 120, 9]],
  ])('as a TXT of %s beside another of an unsigned zone', async (_what, octets) => {
    for (const put of [unshift, push]) {
      const scene = unsigned();
      const text = { ...bad('www.test.', TYPE.TXT, 0), rdata: Uint8Array.from(octets) };
      scene.tamper(
        AUTH,
        onType(TYPE.TXT, (reply) => ({ ...reply, answer: put(reply.answer, text) })),
      );
      const { reply } = await askTimed(scene, 'www.test.', 'TXT');
      expect([reply.status, reply.answer]).toEqual(['NOERROR', ['www.test. TXT "x"']]);
    }
  });

  test('as a TXT that its zone has signed: the set is as it was signed', async () => {
    const scene = Scene.withTest(`www IN TXT "x"\nwww IN TXT \\# 1 C8\n`);
    const { reply } = await askTimed(scene, 'www.test.', 'TXT');
    expect(reply.status).toBe('NOERROR ad');
    expect(reply.answer.toSorted()).toEqual(['www.test. TXT "x"', 'www.test. TXT \\# 1 C8']);
  });

  test('as options that do not fill their OPT', async () => {
    const scene = unsigned();
    scene.tamper(AUTH, (reply) => ({ ...reply, additional: [bad('.', TYPE.OPT, 3)] }));
    const { reply, tookMs } = await askTimed(scene, 'www.test.', 'A');
    expect(reply.status).toBe('NOERROR');
    expect(tookMs).toBeLessThan(300);
  });

  test.each([1, 2, 40, 400])('as %i octets after the last record, over UDP and TCP', async (octets) => {
    for (const isCut of [false, true]) {
      const scene = Scene.withTest(TEXT);
      scene.tamper(AUTH, (reply, query) =>
        isCut && query.transport === 'udp'
          ? { ...reply, flags: reply.flags | FLAG.TC, answer: [] }
          : concatBytes(tighten(reply), new Uint8Array(octets)),
      );
      const { reply, tookMs } = await askTimed(scene, 'www.test.', 'A');
      expect(reply.status).toBe('NOERROR ad');
      expect(tookMs).toBeLessThan(300);
    }
  });
});

describe('a record that cannot be does not make of its set', () => {
  test.each([
    ['first', unshift],
    ['last', push],
  ])('another that is proven (%s)', async (_where, put) => {
    const scene = Scene.withTest(TEXT);
    scene.tamper(
      AUTH,
      onType(TYPE.A, (reply) => ({ ...reply, answer: put(reply.answer, bad('www.test.', TYPE.A, 5)) })),
    );
    const { reply } = await askTimed(scene, 'www.test.', 'A');
    expect([reply.status, reply.answer]).toEqual(['SERVFAIL', []]);
  });

  test('an insecure zone, where it is the DS', async () => {
    const scene = Scene.withTest(TEXT);
    scene.tamper('198.41.0.4', (reply) => {
      const spoil = (record: ResourceRecord) =>
        record.type === TYPE.DS ? { ...record, rdata: record.rdata.slice(0, 3) } : record;
      return { ...reply, answer: reply.answer.map(spoil), authority: reply.authority.map(spoil) };
    });
    expect((await askTimed(scene, 'www.test.', 'A')).reply.status).toBe('SERVFAIL');
  });

  test('a denial, where nothing else is left of the answer', async () => {
    for (const [asked, type] of [
      ['A', TYPE.A],
      ['A', TYPE.CNAME],
      ['DNAME', TYPE.DNAME],
      ['DS', TYPE.DS],
      ['ANY', TYPE.DNAME],
    ] as const) {
      const scene = unsigned();
      const lost = bad('www.test.', type, 3);
      scene.tamper(AUTH, (reply) =>
        reply.question?.type === TYPE[asked] ? { ...reply, answer: [lost], authority: [] } : reply,
      );
      expect((await askTimed(scene, 'www.test.', asked)).reply.status).toBe('SERVFAIL');
    }
  });

  test('a denial, where it is the only server of a referral', async () => {
    const scene = unsigned();
    scene.tamper(AUTH, (reply) =>
      String.fromCharCode(...(reply.question?.name ?? [])).includes('sub')
        ? { ...reply, flags: FLAG.QR, answer: [], authority: [bad('sub.test.', TYPE.NS, 2)], additional: [] }
        : reply,
    );
    expect((await askTimed(scene, 'x.sub.test.', 'A')).reply.status).toBe('SERVFAIL');
  });

  test('the word of a server, where another sends the whole set', async () => {
    const scene = Scene.withTest(TEXT, { servers: { 'ns.test.': [AUTH, '192.0.2.5'] } });
    scene.tamper(AUTH, withRecord(TYPE.A, 'answer', bad('www.test.', TYPE.A, 5)));
    expect((await askTimed(scene, 'www.test.', 'A')).reply.status).toBe('NOERROR ad');
  });
});

describe('what is not for the question', () => {
  const forged = (change: (reply: LooseMessage) => LooseMessage) => async () => {
    const scene = unsigned();
    scene.tamper(
      AUTH,
      allOf((reply, query) => {
        const lie = { ...reply, answer: reply.answer.map((one) => ({ ...one, rdata: Uint8Array.of(6, 6, 6, 6) })) };
        if (reply.question?.type === TYPE.A) query.reply(concatBytes(tighten(change(lie)), Uint8Array.of(0)));
        return reply;
      }),
    );
    const { reply, tookMs } = await askTimed(scene, 'www.test.', 'A');
    expect(reply.answer).toEqual(['www.test. A 192.0.2.80']);
    expect(tookMs).toBeLessThan(300);
  };

  test(
    'is still not heard with another id',
    forged((reply) => ({ ...reply, id: reply.id ^ 1 })),
  );
  test(
    'is still not heard with another name',
    forged((reply) => ({ ...reply, question: { name: mustParseName('ww.test.'), type: TYPE.A, class: CLASS.IN } })),
  );
  test(
    'is still not heard without a question',
    forged((reply) => ({ ...reply, question: null })),
  );
});
