/** Proves that authoritative servers are asked over TLS where they take it, at no cost where they do not (RFC 9539). */

import { describe, expect, test } from 'vitest';
import { mustParseName } from '../../src/wire/name-text.ts';
import { FLAG, RCODE } from '../../src/wire/rcode.ts';
import { questionFrom } from '../support/records.ts';
import { Bench, endOf, type Script } from './support.ts';

/** Asks, and wants to know nothing. */
const NOBODY = { take: () => {}, fail: () => {} };

const SERVER = '192.0.2.53';
const ZONE = mustParseName('example.');
const TLS_SERVER = `${SERVER}@853`;
const TIMES = { persistenceMs: 1000_000, dampingMs: 500_000, timeoutMs: 4000, maxConnections: 8 };
const ANSWERS: Script = ({ name }) => ({
  flags: FLAG.AA,
  answer: [`${new TextDecoder().decode(name.subarray(1, 1 + (name[0] ?? 0)))}.example. A 192.0.2.80`],
});

/** One server for all names, which takes TLS as `overTls` says; null: nothing answers at that port. */
function benchFor({
  overTls = ANSWERS,
  kind = 'stub',
  port = 53,
  options = {},
}: {
  readonly overTls?: Script | null;
  readonly kind?: 'stub' | 'forward';
  readonly port?: number;
  readonly options?: ConstructorParameters<typeof Bench>[0];
} = {}): Bench {
  const addresses = [{ ip: SERVER, port, tlsName: null }];
  const rest = { hosts: [], prime: false, first: false, tcp: false, tls: false, noCache: false };
  const bench = new Bench({
    configuredZones: [{ kind, zone: ZONE, addresses, ...rest }],
    opportunisticTls: TIMES,
    minimisation: 'off',
    ...options,
  });
  bench.serve(port === 53 ? SERVER : `${SERVER}@${port}`, ANSWERS);
  if (overTls !== null) bench.serve(TLS_SERVER, overTls);
  return bench;
}

/** Asks, waits until all is quiet, and gives how the question reached the server, and how long its answer took, ms. */
async function ask(bench: Bench, host: string) {
  const { clock } = bench.ports;
  bench.asked.length = 0;
  const startedMs = clock.monotonicMs();
  const found = await bench.run(`${host}.example. A`);
  const tookMs = clock.monotonicMs() - startedMs;
  const answered = [...bench.asked];
  await clock.advance(TIMES.timeoutMs * 2);
  return {
    isAnswered: found.kind === 'found' && endOf(found).kind === 'answer',
    tookMs,
    answered,
    asked: [...bench.asked],
  };
}

const inPlain = (host: string): string => `${SERVER} ${host}.example. A`;
const overTls = (host: string): string => `${TLS_SERVER} ${host}.example. A tcp`;

describe('a server that takes TLS', () => {
  test('is found out beside a plain question, and asked over TLS alone from then on, over one connection', async () => {
    const from = new Set<number>();
    const bench = benchFor({
      overTls: (question, query) => {
        from.add(query.from.port);
        return ANSWERS(question, query);
      },
    });
    expect((await ask(bench, 'a')).asked.sort()).toEqual([inPlain('a'), overTls('a')].sort());
    for (const host of ['b', 'c']) {
      expect(await ask(bench, host)).toMatchObject({ isAnswered: true, asked: [overTls(host)] });
    }
    expect(from.size).toBe(1);
    expect(bench.counters.get('opportunistic-tls.probes')).toBe(1);
    expect(bench.counters.get('opportunistic-tls.answers')).toBe(3);
    expect(bench.counters.get('opportunistic-tls.fallbacks')).toBe(0);
  });

  test('is said to have answered over TLS', async () => {
    const bench = benchFor();
    await ask(bench, 'a');
    await ask(bench, 'b');
    const over = bench.trace.events().map((event) => (event.kind === 'response' ? event.transport : null));
    expect(over.filter((each) => each !== null)).toEqual(['udp', 'tls']);
  });

  test('is tried anew when nothing has come over TLS for long', async () => {
    const bench = benchFor();
    await ask(bench, 'a');
    await bench.ports.clock.advance(TIMES.persistenceMs);
    expect((await ask(bench, 'b')).asked.sort()).toEqual([inPlain('b'), overTls('b')].sort());
  });

  test('is asked in plain when all connections are taken', async () => {
    const bench = benchFor({ options: { opportunisticTls: { ...TIMES, maxConnections: 1 } } });
    const other = '198.51.100.1';
    await ask(bench, 'a');
    // Another server holds the only connection with a question that it does not answer.
    bench.ports.network.resetStreamsAt(SERVER);
    bench.servers.encrypted.note(other, 'success');
    bench.serve(`${other}@853`, () => null);
    const upstream = bench.upstream;
    const asked = { server: { ip: other, port: 53 }, known: bench.servers.at(`${other}@53`, ZONE), tlsName: null };
    const rest = { recursion: false, transport: 'udp' as const, needsSignatures: false, zoneTimeouts: 0 };
    const question = questionFrom('slow.example. A');
    upstream.ask(bench.newWork('slow.example. A'), { ...asked, ...rest, question }, NOBODY);
    await bench.ports.clock.advance(10);
    bench.asked.length = 0;
    await bench.run('b.example. A');
    expect(bench.asked).toEqual([inPlain('b')]);
  });

  test('that fails over it is asked in plain for the same question at once, and again over TLS after a while', async () => {
    const bench = benchFor();
    await ask(bench, 'a');
    bench.ports.network.closedPorts = 'refuse';
    bench.ports.servers.remove(TLS_SERVER);
    const usual = await ask(benchFor({ options: { opportunisticTls: null } }), 'b');
    expect(await ask(bench, 'b')).toMatchObject({ isAnswered: true, tookMs: usual.tookMs, asked: [inPlain('b')] });
    bench.serve(TLS_SERVER, ANSWERS);
    expect((await ask(bench, 'c')).asked).toEqual([inPlain('c')]);
    await bench.ports.clock.advance(TIMES.dampingMs);
    expect((await ask(bench, 'd')).asked.sort()).toEqual([inPlain('d'), overTls('d')].sort());
    expect((await ask(bench, 'e')).asked).toEqual([overTls('e')]);
  });

  test('that falls silent over it costs a question no more than a lost datagram, and the next ones nothing', async () => {
    let isSilent = false;
    const bench = benchFor({ overTls: (question, query) => (isSilent ? null : ANSWERS(question, query)) });
    await ask(bench, 'a');
    isSilent = true;
    const waitMs = bench.servers.waitMs(bench.servers.at(`${SERVER}@53`, ZONE));
    const first = await ask(bench, 'b');
    expect(first).toMatchObject({ isAnswered: true, answered: [overTls('b'), inPlain('b')] });
    expect(first.tookMs).toBeLessThanOrEqual(3 * waitMs);
    expect(await ask(bench, 'c')).toMatchObject({ isAnswered: true, asked: [inPlain('c')] });
    expect(bench.servers.encrypted.standing(SERVER, TIMES)).toBe('plain');
  });

  test('that fails a question over it is asked in plain too', async () => {
    for (const rcode of [RCODE.SERVFAIL, RCODE.REFUSED, RCODE.FORMERR]) {
      const bench = benchFor({ overTls: () => ({ rcode }) });
      await ask(bench, 'a');
      expect(await ask(bench, 'b')).toMatchObject({ isAnswered: true, asked: [overTls('b'), inPlain('b')] });
    }
  });

  test('is still known to take it after it, or our line, was away', async () => {
    const bench = benchFor();
    await ask(bench, 'a');
    for (const at of [SERVER, TLS_SERVER]) bench.ports.servers.remove(at);
    expect((await ask(bench, 'b')).isAnswered).toBe(false);
    for (const at of [SERVER, TLS_SERVER]) bench.serve(at, ANSWERS);
    await bench.ports.clock.advance(60_000);
    expect(await ask(bench, 'c')).toMatchObject({ isAnswered: true, asked: [overTls('c')] });
  });
});

describe('a server that takes no TLS', () => {
  for (const closedPorts of ['silent', 'refuse'] as const) {
    test(`answers as soon as ever, and is tried once in a while (${closedPorts})`, async () => {
      const without = await ask(benchFor({ options: { opportunisticTls: null } }), 'a');
      const bench = benchFor({ overTls: null });
      bench.ports.network.closedPorts = closedPorts;
      expect(await ask(bench, 'a')).toEqual({ ...without, asked: [inPlain('a')] });
      expect(await ask(bench, 'b')).toMatchObject({ isAnswered: true, asked: [inPlain('b')] });
      expect(bench.counters.get('opportunistic-tls.probes')).toBe(1);
      await bench.ports.clock.advance(TIMES.dampingMs);
      await ask(bench, 'c');
      expect(bench.counters.get('opportunistic-tls.probes')).toBe(2);
    });
  }

  test('is none because it answers TLS with silence', async () => {
    const bench = benchFor({ overTls: () => null });
    expect((await ask(bench, 'a')).answered).toContain(inPlain('a'));
    expect((await ask(bench, 'b')).asked).toEqual([inPlain('b')]);
  });

  test('is not tried more than a quarter of the connections at a time', async () => {
    const bench = benchFor({ overTls: null, options: { opportunisticTls: TIMES } });
    const { upstream } = bench;
    const rest = {
      recursion: false,
      transport: 'udp' as const,
      needsSignatures: false,
      zoneTimeouts: 0,
      tlsName: null,
    };
    for (let i = 1; i <= 20; i++) {
      const ip = `198.51.100.${i}`;
      bench.serve(ip, ANSWERS);
      const asked = { server: { ip, port: 53 }, known: bench.servers.at(`${ip}@53`, ZONE), ...rest };
      upstream.ask(bench.newWork('a.example. A'), { ...asked, question: questionFrom('a.example. A') }, NOBODY);
    }
    await bench.ports.clock.advance(100);
    expect(bench.counters.get('opportunistic-tls.probes')).toBe(2);
  });
});

describe('nothing is tried', () => {
  test.each([
    ['without the directive', { options: { opportunisticTls: null } }],
    ['with forwarders, whose way configuration says', { kind: 'forward' as const }],
    ['at a port of the operator’s own choice', { port: 5353 }],
  ])('%s', async (_what, how) => {
    const bench = benchFor(how);
    await bench.run('a.example. A');
    await bench.ports.clock.advance(10_000);
    expect(bench.asked.filter((each) => each.includes('@853'))).toEqual([]);
    expect(bench.counters.get('opportunistic-tls.probes')).toBe(0);
  });
});
