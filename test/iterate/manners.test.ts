/** Proves that nothing that we add to a question costs its answer: EDNS, cookies, client string; whatever the server does. */

import { describe, expect, test } from 'vitest';
import type { IterateOptions } from '../../src/iterate/options.ts';
import type { UpstreamZone } from '../../src/terms/upstream-zone.ts';
import { readU16 } from '../../src/wire/bytes.ts';
import { EDNS_OPTION, type EdnsOption, readEdns } from '../../src/wire/edns.ts';
import { MessageBuilder } from '../../src/wire/message-builder.ts';
import { parseMessage } from '../../src/wire/message-view.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { FLAG, RCODE } from '../../src/wire/rcode.ts';
import type { IncomingQuery } from '../fake/fake-server.ts';
import { DEFAULT_ITERATE_OPTIONS } from '../support/default-options.ts';
import { recordFrom } from '../support/records.ts';
import { Bench } from './support.ts';

const SERVER = '192.0.2.53';
const HOUR_OF_MAIL = 12;

/** What a server sees of a question. */
interface Seen {
  readonly hasEdns: boolean;
  readonly doBit: boolean;
  readonly options: readonly EdnsOption[];
  readonly cookie: Uint8Array | null;
  readonly isTcp: boolean;
}

/** What it does; null: silence. `options` null: no OPT in the reply. */
type Manner = (seen: Seen) => { readonly rcode?: number; readonly options: readonly EdnsOption[] | null } | null;

function reply(query: IncomingQuery, rcode: number, options: readonly EdnsOption[] | null): Uint8Array {
  const parsed = parseMessage(query.bytes);
  const question = parsed.ok ? parsed.message.questions[0] : undefined;
  if (question === undefined) throw new Error('no question');
  const bytes = new Uint8Array(1000);
  const builder = new MessageBuilder(bytes);
  builder.start({ id: readU16(query.bytes, 0), flags: FLAG.QR | FLAG.AA | FLAG.RA, rcode });
  builder.question(question);
  if (rcode === RCODE.NOERROR) builder.record('answer', { ...recordFrom('x. A 192.0.2.80'), owner: question.name });
  if (options !== null) builder.edns({ udpSize: 1232, doBit: true, options });
  return bytes.slice(0, builder.finish());
}

/** Asks some names one after the other; gives what each took in packets and ms, and whether it was answered. */
async function askMany(manner: Manner, how: { options?: Partial<IterateOptions>; isSigned?: boolean } = {}) {
  const zone: UpstreamZone = {
    ...{ zone: mustParseName('.'), kind: 'forward', hosts: [], prime: false, first: false, noCache: false },
    ...{ tls: false, tcp: false, addresses: [{ ip: SERVER, port: 53, tlsName: null }] },
  };
  const options = { ...DEFAULT_ITERATE_OPTIONS, ...how.options, configuredZones: [zone] };
  const bench = new Bench(options, () => how.isSigned ?? false);
  const seen: Seen[] = [];
  bench.ports.servers.serve(SERVER, (query) => {
    const parsed = parseMessage(query.bytes);
    const edns = parsed.ok ? readEdns(parsed.message) : null;
    const known = edns === null || edns === 'malformed' ? null : edns;
    const cookie = known?.options.find(({ code }) => code === EDNS_OPTION.COOKIE)?.data ?? null;
    const isTcp = query.transport === 'tcp';
    const one = { hasEdns: known !== null, doBit: known?.doBit ?? false, options: known?.options ?? [], cookie, isTcp };
    seen.push(one);
    const said = manner(one);
    if (said !== null) query.reply(reply(query, said.rcode ?? RCODE.NOERROR, said.options));
  });
  const took: { packets: number; ms: number; isAnswered: boolean }[] = [];
  for (let i = 0; i < HOUR_OF_MAIL; i++) {
    const before = { packets: seen.length, ms: bench.ports.clock.monotonicMs() };
    const found = await bench.run(`host-${i}.example. A`);
    const ms = bench.ports.clock.monotonicMs() - before.ms;
    took.push({ packets: seen.length - before.packets, ms, isAnswered: found.kind === 'found' });
    await bench.ports.clock.advance(5000);
  }
  const last = seen[seen.length - 1];
  return { bench, seen, took, last, answered: took.filter(({ isAnswered }) => isAnswered).length };
}

/** All were answered, each well before a client gives up, and the server ended up being asked once a question. */
function expectLearned({ took, answered }: Awaited<ReturnType<typeof askMany>>, withinMs = 1500): void {
  expect(answered).toBe(HOUR_OF_MAIL);
  for (const { ms } of took) expect(ms).toBeLessThan(withinMs);
  expect(took.slice(-3).map(({ packets }) => packets)).toEqual([1, 1, 1]);
}

const OK = { options: [] };
const serverCookie = (client: Uint8Array): EdnsOption => ({
  code: EDNS_OPTION.COOKIE,
  data: Uint8Array.of(...client.subarray(0, 8), 1, 2, 3, 4, 5, 6, 7, 8),
});

describe('a cookie', () => {
  test('goes with no question of a server that takes no notice, after three', async () => {
    const run = await askMany(() => OK);
    expectLearned(run, 100);
    expect(run.seen.map(({ cookie }) => cookie !== null)).toEqual([
      ...[false, true, true, true],
      ...new Array(HOUR_OF_MAIL - 4).fill(false),
    ]);
  });

  test('that comes back as it was sent costs one question over TCP', async () => {
    const run = await askMany(({ options }) => ({ options }));
    expectLearned(run, 200);
    expect(run.seen.length).toBe(HOUR_OF_MAIL + 1);
  });

  test.each([{ tcpTimeoutMs: 500 }, { useTcp: false }])(
    'that comes back as it was sent from a server without TCP is left out after three (%o)',
    async (options) => {
      const run = await askMany(({ options: sent, isTcp }) => (isTcp ? null : { options: sent }), { options });
      expectLearned(run);
    },
  );

  test.each([
    ["somebody else's", Uint8Array.of(9, 9, 9, 9, 9, 9, 9, 9, 1, 2, 3, 4, 5, 6, 7, 8)],
    ['one of no octets', new Uint8Array(0)],
    ['one too long', new Uint8Array(41)],
  ])('is answered with %s', async (_what, data) => {
    const run = await askMany(() => ({ options: [{ code: EDNS_OPTION.COOKIE, data }] }));
    expectLearned(run, 200);
    expect(run.last?.cookie).toBeNull();
  });

  test.each([RCODE.SERVFAIL, RCODE.REFUSED, RCODE.FORMERR, RCODE.NOTIMP, RCODE.BADVERS])(
    'meets rcode %i',
    async (rcode) => {
      const run = await askMany(({ cookie }) => (cookie === null ? OK : { ...OK, rcode }));
      expectLearned(run, 200);
    },
  );

  test('meets silence', async () => {
    const run = await askMany(({ cookie }) => (cookie === null ? OK : null));
    expectLearned(run);
    expect(run.took.reduce((sum, { ms }) => sum + ms, 0)).toBeLessThan(500);
  });

  test.each([RCODE.SERVFAIL, RCODE.FORMERR, null])(
    'is given, and with the own one the server fails (%s)',
    async (rcode) => {
      const run = await askMany(({ cookie }) => {
        if (cookie === null) return OK;
        if (cookie.length === 8) return { options: [serverCookie(cookie)] };
        return rcode === null ? null : { ...OK, rcode };
      });
      expectLearned(run);
    },
  );

  test('is given and taken, and no more at all one day', async () => {
    let asked = 0;
    const run = await askMany(({ cookie }) => {
      asked++;
      return { options: cookie === null || asked > 4 ? [] : [serverCookie(cookie)] };
    });
    expectLearned(run, 200);
  });

  test('is given and taken, and then drops the question', async () => {
    let asked = 0;
    const run = await askMany(({ cookie }) => {
      if (cookie === null) return OK;
      return ++asked > 3 ? null : { options: [serverCookie(cookie)] };
    });
    expectLearned(run);
  });

  test('is not taken away by forgers: a bad one beside the right one over TCP teaches nothing', async () => {
    let asked = 0;
    const run = await askMany(({ cookie, isTcp }) => {
      if (cookie === null) return OK;
      const isForged = ++asked % 3 === 0 && !isTcp;
      return { options: isForged ? [{ code: EDNS_OPTION.COOKIE, data: new Uint8Array(16) }] : [serverCookie(cookie)] };
    });
    expect(run.answered).toBe(HOUR_OF_MAIL);
    expect(run.last?.cookie).toHaveLength(16);
  });

  test('is kept with a server that gives one, though one question in four is lost', async () => {
    let asked = 0;
    const run = await askMany(({ cookie }) => {
      if (++asked % 4 === 0) return null;
      return { options: cookie === null ? [] : [serverCookie(cookie)] };
    });
    expect(run.answered).toBe(HOUR_OF_MAIL);
    expect(run.last?.cookie).toHaveLength(16);
  });
});

describe('EDNS', () => {
  test.each([RCODE.SERVFAIL, RCODE.REFUSED, RCODE.FORMERR, RCODE.NOTIMP])(
    'meets rcode %i without OPT',
    async (rcode) => {
      expectLearned(await askMany(({ hasEdns }) => ({ options: null, ...(hasEdns ? { rcode } : {}) })), 200);
    },
  );

  test.each([RCODE.FORMERR, RCODE.NOTIMP, RCODE.BADVERS])('meets rcode %i with OPT', async (rcode) => {
    expectLearned(await askMany(({ hasEdns }) => (hasEdns ? { ...OK, rcode } : { options: null })), 200);
  });

  test('meets silence', async () => {
    expectLearned(await askMany(({ hasEdns }) => (hasEdns ? null : { options: null })), 2000);
  });

  test('is never left out for a zone that is known to be signed', async () => {
    const silent = await askMany(({ hasEdns }) => (hasEdns ? null : { options: null }), { isSigned: true });
    expect(silent.seen.every(({ doBit }) => doBit)).toBe(true);
    const failing = await askMany(({ hasEdns }) => (hasEdns ? { options: null, rcode: RCODE.SERVFAIL } : OK), {
      isSigned: true,
    });
    expect(failing.seen.every(({ doBit }) => doBit)).toBe(true);
  });

  test('is asked again about few of many servers that fail for other reasons', async () => {
    const run = await askMany(() => ({ options: null, rcode: RCODE.REFUSED }));
    for (const { packets } of run.took) expect(packets).toBeLessThanOrEqual(2);
  });
});

describe('a client string', () => {
  const prefix = { address: Uint8Array.of(192, 0, 2, 0), prefixLength: 24 };
  const options = { clientStrings: [{ prefix, text: new TextEncoder().encode('office') }] };

  test.each([RCODE.FORMERR, RCODE.BADVERS])('meets rcode %i', async (rcode) => {
    const run = await askMany((seen) => (seen.options.length > 0 ? { ...OK, rcode } : OK), { options });
    expectLearned(run, 200);
    expect(run.last?.hasEdns).toBe(true);
  });

  test('meets silence, also for a signed zone', async () => {
    const run = await askMany((seen) => (seen.options.length > 0 ? null : OK), { options, isSigned: true });
    expect(run.answered).toBe(HOUR_OF_MAIL);
    for (const { ms } of run.took) expect(ms).toBeLessThan(2000);
    expect(run.took.slice(-1)[0]?.packets).toBe(1);
  });
});
