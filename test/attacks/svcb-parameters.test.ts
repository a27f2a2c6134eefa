/**
 * SVCB and HTTPS records with parameters in any number, order and length. Proves that taking out those with private addresses
 * (`private-address`) is linear work, that nothing of them throws, and that no answer that lost a record is AD.
 */

import { describe, expect, test } from 'vitest';
import { scrub } from '../../src/iterate/scrub.ts';
import { concatBytes, writeU16 } from '../../src/wire/bytes.ts';
import { mustParsePrefix } from '../../src/wire/ip-prefix.ts';
import { type MessageView, parseMessage } from '../../src/wire/message-view.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { questionOf } from '../../src/wire/question.ts';
import { FLAG } from '../../src/wire/rcode.ts';
import { formatRdata } from '../../src/wire/record-text.ts';
import { CLASS, TYPE } from '../../src/wire/rr-type.ts';
import { rdataCount } from '../../src/wire/rrset.ts';
import type { ResourceRecord } from '../../src/wire/rrsets.ts';
import { DEFAULT_ITERATE_OPTIONS } from '../support/default-options.ts';
import { growthOfEight, MOST_GROWTH } from '../support/growth.ts';
import { replaceSet } from '../world/lies.ts';
import { tighten } from '../world/loose-message.ts';
import { type Reply, Scene } from '../world/scene.ts';

const QUESTION = questionOf(mustParseName('www.test.'), TYPE.HTTPS);
const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fd00::/8', 'fe80::/10'];
const IPV4_HINT = 4;
const IPV6_HINT = 6;

function parameter(key: number, value: Uint8Array, saidLength = value.length): Uint8Array {
  const head = new Uint8Array(4);
  writeU16(head, 0, key);
  writeU16(head, 2, saidLength);
  return concatBytes(head, value);
}

/** Priority 1, target `.`, and the parameters as they come. */
const svcb = (...parameters: readonly Uint8Array[]): Uint8Array => concatBytes(Uint8Array.of(0, 1, 0), ...parameters);

const record = (rdata: Uint8Array): ResourceRecord => ({
  owner: mustParseName('www.test.'),
  type: TYPE.HTTPS,
  class: CLASS.IN,
  ttl: 300,
  rdata,
});

function viewOf(rdatas: readonly Uint8Array[]): MessageView {
  const sections = { answer: rdatas.map(record), authority: [], additional: [] };
  const parsed = parseMessage(tighten({ id: 0, flags: FLAG.QR | FLAG.AA, question: QUESTION, ...sections }));
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.message;
}

/** How many records are left. */
function kept(view: MessageView): number {
  const options = { ...DEFAULT_ITERATE_OPTIONS, privateAddresses: PRIVATE.map(mustParsePrefix) };
  const { chain } = scrub(view, { question: QUESTION, zone: mustParseName('test.'), options });
  return chain.data.reduce((sum, { rrset }) => sum + rdataCount(rrset), 0);
}

/** `count` times what `make` makes of its index. */
const times = (count: number, make: (index: number) => Uint8Array): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => make(i));
const publicIp4 = (index: number): Uint8Array => Uint8Array.of(192, 0, 2, index & 0xff);
const publicIp6 = (index: number): Uint8Array =>
  Uint8Array.of(0x20, 1, ...new Uint8Array(12), index >>> 8, index & 0xff);

/** Messages of a size, whole records without private addresses. */
const SHAPES: Readonly<Record<string, (count: number) => Uint8Array[]>> = {
  'thousands of parameters': (count) => [svcb(...times(count, (i) => parameter(100 + i, new Uint8Array())))],
  'one parameter thousands of times': (count) => [svcb(...times(count, () => parameter(IPV4_HINT, publicIp4(1))))],
  'thousands of parameters the other way round': (count) => [
    svcb(...times(count, (i) => parameter(60_000 - i, new Uint8Array()))),
  ],
  'thousands of IPv4 hints': (count) => [svcb(parameter(IPV4_HINT, concatBytes(...times(count, publicIp4))))],
  'thousands of IPv6 hints': (count) => [svcb(parameter(IPV6_HINT, concatBytes(...times(count >>> 1, publicIp6))))],
  'thousands of records': (count) =>
    times(count >>> 2, (i) => svcb(parameter(IPV4_HINT, concatBytes(publicIp4(i), publicIp4(i >>> 8))))),
};

describe('SVCB parameters', () => {
  test.each(Object.entries(SHAPES))('%s are looked through in linear time', (_what, shape) => {
    const views = new Map([500, 4000].map((count) => [count, viewOf(shape(count))]));
    expect(kept(viewOf(shape(4000)))).toBe(shape(4000).length);
    const run = (count: number): void => {
      for (let i = 0; i < 20; i++) kept(views.get(count) as MessageView);
    };
    expect(growthOfEight(run, 500)).toBeLessThan(MOST_GROWTH);
  });

  test.each(Object.entries(SHAPES))('%s are written as text in linear time', (_what, shape) => {
    const sets = new Map([500, 4000].map((count) => [count, shape(count)]));
    const run = (count: number): void => {
      for (let i = 0; i < 20; i++) for (const rdata of sets.get(count) ?? []) formatRdata(TYPE.HTTPS, rdata);
    };
    expect(growthOfEight(run, 500)).toBeLessThan(MOST_GROWTH);
  });
});

const PRIVATE_IP4 = Uint8Array.of(10, 0, 0, 1);
const PRIVATE_IP6 = Uint8Array.of(0xfd, ...new Uint8Array(14), 1);

/** Records that must not pass where private addresses are forbidden: they name one, or cannot be read. */
const FORBIDDEN: Readonly<Record<string, Uint8Array>> = {
  'the last of thousands of hints': svcb(parameter(IPV4_HINT, concatBytes(...times(4000, publicIp4), PRIVATE_IP4))),
  'the last of thousands of parameters': svcb(
    ...times(4000, (i) => parameter(100 + i, new Uint8Array())),
    parameter(IPV6_HINT, PRIVATE_IP6),
  ),
  'the second of two hints of one key': svcb(parameter(IPV4_HINT, publicIp4(1)), parameter(IPV4_HINT, PRIVATE_IP4)),
  'hints out of order': svcb(parameter(IPV6_HINT, publicIp6(1)), parameter(IPV4_HINT, PRIVATE_IP4)),
  'a hint of five octets': svcb(parameter(IPV4_HINT, concatBytes(PRIVATE_IP4, Uint8Array.of(1)))),
  'an IPv6 hint of four octets': svcb(parameter(IPV6_HINT, PRIVATE_IP4)),
  'a length beyond the record': svcb(parameter(IPV4_HINT, PRIVATE_IP4, 400)),
  'half a parameter': concatBytes(svcb(parameter(IPV4_HINT, publicIp4(1))), Uint8Array.of(0, 4, 0)),
  'a length of 65535': svcb(parameter(1, new Uint8Array(), 0xffff), parameter(IPV4_HINT, PRIVATE_IP4)),
};

/** What a client gets of a record that a zone shows, signed or not. */
async function shown(rdata: Uint8Array, isSigned: boolean, lines: readonly string[]): Promise<Reply> {
  const scene = Scene.withTest('www IN HTTPS 1 .', isSigned ? {} : { withoutDs: true });
  const put = isSigned ? scene.signed('test.', [record(rdata)]) : [record(rdata)];
  scene.tamper('192.0.2.1', (reply) => replaceSet(reply, TYPE.HTTPS, put));
  await scene.start(lines);
  const reply = await scene.ask('www.test.', 'HTTPS', { transport: 'tcp' });
  await scene.stop();
  return reply;
}

describe('a private address in SVCB parameters', () => {
  const lines = ['server:', ...PRIVATE.map((prefix) => `\tprivate-address: ${prefix}`)];

  test.each(Object.entries(FORBIDDEN))('%s lets nothing of the record pass, and no AD', async (_what, rdata) => {
    for (const isSigned of [true, false]) {
      const reply = await shown(rdata, isSigned, lines);
      expect(reply.ad).toBe(false);
      expect(reply.seen.answer).toEqual([]);
    }
  });

  test.each(Object.entries(FORBIDDEN))('%s, where none is forbidden, is the word of the zone', async (_what, rdata) => {
    expect((await shown(rdata, false, [])).ad).toBe(false);
    const status = (await shown(rdata, true, [])).status;
    expect(['NOERROR ad', 'SERVFAIL']).toContain(status);
  });
});
