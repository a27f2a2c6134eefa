/** Proves how questions leave for servers: connections shared and bounded, equal questions sent once, cookies, routes. */

import { describe, expect, test } from 'vitest';
import { Upstream } from '../../src/iterate/upstream.ts';
import type { SentQuery, UpstreamResult } from '../../src/iterate/upstream-query.ts';
import { readU16 } from '../../src/wire/bytes.ts';
import { EDNS_OPTION, type EdnsOption, readEdns } from '../../src/wire/edns.ts';
import { MessageBuilder } from '../../src/wire/message-builder.ts';
import { parseMessage } from '../../src/wire/message-view.ts';
import { ROOT } from '../../src/wire/name.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { FLAG, RCODE } from '../../src/wire/rcode.ts';
import { promised } from '../../src/work/taker.ts';
import type { IncomingQuery } from '../fake/fake-server.ts';
import { questionFrom, recordFrom } from '../support/records.ts';
import { Bench, endOf, lines, responseBytes } from './support.ts';

const SERVER = '192.0.2.53';

/** A forwarder that is asked as `transport` says: every question goes there and nowhere else. */
function benchFor(transport: 'udp' | 'tcp' | 'tls', options: ConstructorParameters<typeof Bench>[0] = {}): Bench {
  const address = { ip: SERVER, port: 53, tlsName: null };
  return new Bench({
    configuredZones: [
      {
        ...{ kind: 'forward', zone: mustParseName('.'), addresses: [address], hosts: [], prime: false, first: false },
        ...{ tcp: transport === 'tcp', tls: transport === 'tls', noCache: false },
      },
    ],
    ...options,
  });
}

const ANSWER = { flags: FLAG.RA, answer: ['www.example. A 192.0.2.80'] };

describe('a server that answers over UDP', () => {
  test('is not slow because it refuses or closes connections', async () => {
    const standingAfter = async (bench: Bench) => {
      await bench.run('www.example. A');
      return bench.servers.info(bench.servers.at(`${SERVER}@53`, mustParseName('.')), 1);
    };
    const other = benchFor('udp');
    other.serve(SERVER, () => ANSWER);
    const usual = await standingAfter(other);
    for (const then of ['refuse', 'close'] as const) {
      const bench = benchFor('udp', { attemptsPerServer: 1 });
      bench.ports.network.closedPorts = 'refuse';
      bench.serve(SERVER, () => ({ flags: FLAG.RA | FLAG.TC }));
      bench.ports.network.streamServer = () => {
        if (then === 'refuse') return null;
        return (stream) => ({ onData: () => stream.destroy(), onClose: () => {} });
      };
      expect(await standingAfter(bench)).toEqual(usual);
    }
  });
});

describe('connections', () => {
  test('carry many questions, and are closed when nobody asks for a while', async () => {
    const bench = benchFor('tcp');
    const from = new Set<number>();
    bench.serve(SERVER, ({ name }, query) => {
      from.add(query.from.port);
      const host = new TextDecoder().decode(name.subarray(1, 2));
      return { flags: FLAG.RA, answer: [`${host}.example. A 192.0.2.80`] };
    });
    for (const host of ['a', 'b', 'c']) expect(endOf(await bench.run(`${host}.example. A`)).kind).toBe('answer');
    expect(from.size).toBe(1);
    expect(bench.ports.network.openCounts().streams).toBe(2);
    await bench.ports.clock.advance(60_000);
    expect(bench.ports.network.openCounts().streams).toBe(0);
  });

  test('answer questions in any order', async () => {
    const bench = benchFor('tcp');
    const held: IncomingQuery[] = [];
    bench.ports.servers.serve(SERVER, (query) => {
      held.push(query);
      if (held.length < 2) return;
      for (const each of held.reverse()) {
        const parsed = parseMessage(each.bytes);
        const question = parsed.ok ? (parsed.message.questions[0] ?? null) : null;
        const host = new TextDecoder().decode(question?.name.subarray(1, 2));
        each.reply(
          responseBytes(
            question,
            { flags: FLAG.RA, answer: [`${host}.example. A 192.0.2.80`] },
            readU16(each.bytes, 0),
          ),
        );
      }
    });
    const runs = Promise.all(['a', 'b'].map((each) => bench.iterate(bench.newWork(`${each}.example. A`))));
    const found = await bench.ports.clock.runUntilSettled(runs, { waitingFor: 'both' });
    const answers = found.flatMap((each) => lines(endOf(each).answer));
    expect(answers).toEqual(['a.example. A 192.0.2.80', 'b.example. A 192.0.2.80']);
    expect(new Set(held.map(({ from }) => from.port)).size).toBe(1);
  });

  test('carry no more questions than they may', async () => {
    const bench = benchFor('tcp', { streams: { maxConnections: 10, idleMs: 60_000, maxQuestions: 2 } });
    const from = new Set<number>();
    bench.serve(SERVER, ({ name }, query) => {
      from.add(query.from.port);
      return { flags: FLAG.RA, answer: [`${new TextDecoder().decode(name.subarray(1, 2))}.example. A 192.0.2.80`] };
    });
    for (const host of ['a', 'b', 'c', 'd', 'e']) await bench.run(`${host}.example. A`);
    expect(from.size).toBe(3);
  });

  test('that a server closed under a question are replaced, once', async () => {
    const bench = benchFor('tcp');
    let isFirst = true;
    bench.serve(SERVER, ({ name }) => {
      const host = new TextDecoder().decode(name.subarray(1, 2));
      if (host === 'b' && isFirst) {
        isFirst = false;
        bench.ports.network.resetStreamsAt(SERVER);
        return null;
      }
      return { flags: FLAG.RA, answer: [`${host}.example. A 192.0.2.80`] };
    });
    await bench.run('a.example. A');
    expect(endOf(await bench.run('b.example. A')).kind).toBe('answer');
    expect(bench.asked.filter((line) => line.includes(' b.example.')).length).toBe(2);
  });

  test('that only send what nobody asked for are given up', async () => {
    const bench = benchFor('tcp', { attemptsPerServer: 1 });
    bench.ports.servers.serve(SERVER, (query) => {
      for (let i = 0; i < 20; i++) query.reply(Uint8Array.of(1, 2, 3));
    });
    expect(await bench.run('www.example. A')).toMatchObject({ kind: 'failed' });
    expect(bench.counters.get('unwanted.replies')).toBe(8);
    expect(bench.ports.network.openCounts().streams).toBe(0);
  });
});

describe('equal questions in flight', () => {
  test('are sent to a server once', async () => {
    const bench = benchFor('udp');
    bench.serve(SERVER, () => ANSWER);
    const names = ['www.example. A', 'www.example. A', 'WWW.example. A'];
    const runs = Promise.all(names.map((each) => bench.iterate(bench.newWork(each))));
    const found = await bench.ports.clock.runUntilSettled(runs, { waitingFor: 'all' });
    expect(found.map((each) => endOf(each).kind)).toEqual(['answer', 'answer', 'answer']);
    expect(bench.asked.length).toBe(1);
  });

  test('are sent again when the work that had asked is stopped', async () => {
    const bench = benchFor('udp');
    const work = bench.newWork('www.example. A');
    const stopped = bench.iterate(work).catch(() => 'stopped');
    await bench.ports.clock.advance(1);
    const other = bench.iterate(bench.newWork('www.example. A'));
    await bench.ports.clock.advance(1);
    bench.serve(SERVER, () => ANSWER);
    work.abort();
    expect(await stopped).toBe('stopped');
    expect(endOf(await bench.ports.clock.runUntilSettled(other, { waitingFor: 'other' })).kind).toBe('answer');
  });
});

describe('a socket without an answer', () => {
  /** The sockets after a server was silent, and after the time of `delay-close`; then what came late to closed ones. */
  async function afterSilence(delayCloseMs: number) {
    const bench = benchFor('udp', { attemptsPerServer: 2, delayCloseMs });
    const { network, clock, servers } = bench.ports;
    const asked: IncomingQuery[] = [];
    servers.serve(SERVER, (query) => asked.push(query));
    expect(await bench.run('www.example. A')).toMatchObject({ kind: 'failed' });
    const opened = asked.length;
    const open = network.openCounts().udp;
    for (const query of asked) query.reply(Uint8Array.of(1, 2, 3));
    await clock.advance(1);
    const unwanted = bench.counters.get('unwanted.replies');
    await clock.advance(delayCloseMs);
    return { opened, open, unwanted, openAtLast: network.openCounts().udp };
  }

  test('is closed at once without delay-close', async () => {
    expect(await afterSilence(0)).toMatchObject({ open: 0, unwanted: 0, openAtLast: 0 });
  });

  test('stays open so long, and what comes is judged: a late answer meets no closed port', async () => {
    const { opened, open, unwanted, openAtLast } = await afterSilence(600_000);
    expect(opened).toBeGreaterThan(1);
    expect([open, unwanted, openAtLast]).toEqual([opened, opened, 0]);
  });

  test('keeps its place among those of outgoing-range meanwhile', async () => {
    const bench = benchFor('udp', { attemptsPerServer: 1, delayCloseMs: 600_000, maxSockets: 1 });
    bench.ports.servers.serve(SERVER, () => {});
    expect(await bench.run('www.example. A')).toMatchObject({ kind: 'failed' });
    bench.serve(SERVER, () => ANSWER);
    const waits = bench.iterate(bench.newWork('www.example. A'));
    await bench.ports.clock.advance(10_000);
    expect(bench.asked).toEqual([]);
    await bench.ports.clock.advance(600_000);
    await bench.ports.clock.runUntilSettled(waits.catch(() => null));
    expect(endOf(await bench.run('www.example. A')).kind).toBe('answer');
  });
});

describe('routes', () => {
  test('that are missing are said once, and their servers are left alone', async () => {
    const notices: string[] = [];
    const glue = ['2001:db8::1', '2001:db8::2', '2001:db8::3', '192.0.2.1'];
    const hints = glue.map((ip, i) => ({ name: mustParseName(`${i}.root.`), addresses: [ip] }));
    const bench = new Bench({ hints }, undefined, (text) => notices.push(text));
    bench.ports.network.noRoute.add('ip6');
    bench.serve('192.0.2.1', () => ({ flags: FLAG.AA, answer: ['. NS 0.root.'] }));
    for (let i = 0; i < 20; i++) await bench.run('. NS', { refresh: true });
    expect(notices.length).toBe(1);
    expect(notices[0]).toContain('IPv6');
    expect(bench.servers.hasRoute('ip6')).toBe(false);
  });
});

const SERVER_COOKIE = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);

/** The cookie of a query; null when it has none. */
function cookieOf(query: IncomingQuery): Uint8Array | null {
  const parsed = parseMessage(query.bytes);
  const edns = parsed.ok ? readEdns(parsed.message) : null;
  if (edns === null || edns === 'malformed') return null;
  return edns.options.find(({ code }) => code === EDNS_OPTION.COOKIE)?.data ?? null;
}

/** An answer with EDNS options. */
function answerWith(query: IncomingQuery, options: readonly EdnsOption[], rcode: number = RCODE.NOERROR): Uint8Array {
  const parsed = parseMessage(query.bytes);
  const question = parsed.ok ? parsed.message.questions[0] : undefined;
  if (question === undefined) throw new Error('no question');
  const bytes = new Uint8Array(1000);
  const builder = new MessageBuilder(bytes);
  builder.start({ id: readU16(query.bytes, 0), flags: FLAG.QR | FLAG.RA, rcode });
  builder.question(question);
  if (rcode === RCODE.NOERROR) builder.record('answer', { ...recordFrom('x. A 192.0.2.80'), owner: question.name });
  builder.edns({ udpSize: 1232, doBit: true, options });
  return bytes.slice(0, builder.finish());
}

function cookie(client: Uint8Array, server: Uint8Array = SERVER_COOKIE): EdnsOption {
  return { code: EDNS_OPTION.COOKIE, data: Uint8Array.of(...client.subarray(0, 8), ...server) };
}

describe('cookies', () => {
  test('go to who has answered once, and what the server gives goes back to it', async () => {
    const bench = benchFor('udp');
    const seen: string[] = [];
    bench.ports.servers.serve(SERVER, (query) => {
      const data = cookieOf(query) ?? new Uint8Array();
      seen.push(Buffer.from(data).toString('hex'));
      query.reply(answerWith(query, [cookie(data)]));
    });
    for (const host of ['a', 'b', 'c']) await bench.run(`${host}.example. A`);
    expect(seen[0]).toBe('');
    expect(seen[1]).toHaveLength(16);
    expect(seen[2]).toBe(`${seen[1]}0102030405060708`);
  });

  test('that are not ours make a reply one that is not waited for', async () => {
    const bench = benchFor('udp');
    bench.ports.servers.serve(SERVER, (query) => {
      const own = cookieOf(query);
      if (own === null) return query.reply(answerWith(query, []));
      query.reply(answerWith(query, [cookie(own.map((octet) => octet ^ 1))], RCODE.REFUSED));
      query.reply(answerWith(query, [{ code: EDNS_OPTION.COOKIE, data: own.slice(0, 8) }], RCODE.REFUSED));
      query.reply(answerWith(query, [cookie(own), cookie(own)], RCODE.REFUSED));
      query.reply(answerWith(query, [cookie(own)]));
    });
    await bench.run('known.example. A');
    expect(endOf(await bench.run('a.example. A')).kind).toBe('answer');
    expect(bench.counters.get('unwanted.replies')).toBe(3);
    expect(bench.counters.get('upstream.tcp')).toBe(0);
  });

  test('missing from a server that gives them send the question over TCP', async () => {
    const bench = benchFor('udp');
    let isForged = false;
    bench.ports.servers.serve(SERVER, (query) => {
      const own = cookieOf(query);
      if (query.transport === 'tcp') return query.reply(answerWith(query, []));
      query.reply(answerWith(query, isForged || own === null ? [] : [cookie(own)]));
    });
    for (const host of ['known', 'a']) await bench.run(`${host}.example. A`);
    isForged = true;
    expect(endOf(await bench.run('b.example. A')).kind).toBe('answer');
    expect(bench.counters.get('upstream.tcp')).toBe(1);
  });

  test.each([false, true])('that the server wants renewed, or at all, are sent once more', async (isStrict) => {
    const bench = benchFor('udp');
    if (!isStrict)
      bench.servers.manners(bench.servers.at(`${SERVER}@53`, ROOT)).learn({ kind: 'edns-seen', isGood: true });
    let asked = 0;
    bench.ports.servers.serve(SERVER, (query) => {
      asked++;
      const own = cookieOf(query);
      if (own === null) return query.reply(answerWith(query, [], isStrict ? RCODE.BADCOOKIE : RCODE.NOERROR));
      const isRight = own.length === 16;
      query.reply(answerWith(query, [cookie(own)], isRight ? RCODE.NOERROR : RCODE.BADCOOKIE));
    });
    expect(endOf(await bench.run('a.example. A')).kind).toBe('answer');
    expect(asked).toBe(isStrict ? 3 : 2);
    expect(bench.counters.get('upstream.tcp')).toBe(0);
  });

  test('that the server minds are left out, with EDNS kept', async () => {
    const bench = benchFor('udp');
    const withCookie: boolean[] = [];
    bench.ports.servers.serve(SERVER, (query) => {
      const hasCookie = cookieOf(query) !== null;
      withCookie.push(hasCookie);
      query.reply(answerWith(query, [], hasCookie ? RCODE.FORMERR : RCODE.NOERROR));
    });
    for (const host of ['known', 'a', 'b', 'c', 'd']) {
      expect(endOf(await bench.run(`${host}.example. A`)).kind).toBe('answer');
    }
    expect(withCookie).toEqual([false, true, false, true, false, true, false, false]);
    expect(bench.servers.manners(bench.servers.at(`${SERVER}@53`, ROOT)).takesEdns).toBe(true);
  });

  test('stay at home for servers that are sent a client string', async () => {
    const text = new TextEncoder().encode('office');
    const prefix = { address: Uint8Array.of(192, 0, 2, 0), prefixLength: 24 };
    const bench = benchFor('udp', { clientStrings: [{ prefix, text }] });
    const sent: (readonly EdnsOption[])[] = [];
    bench.ports.servers.serve(SERVER, (query) => {
      const parsed = parseMessage(query.bytes);
      const edns = parsed.ok ? readEdns(parsed.message) : null;
      sent.push(edns === null || edns === 'malformed' ? [] : edns.options);
      query.reply(answerWith(query, []));
    });
    await bench.run('a.example. A');
    expect(sent[0]?.map(({ code, data }) => [code, new TextDecoder().decode(data)])).toEqual([[65_001, 'office']]);
  });
});

describe('servers without the case of letters', () => {
  test('that cannot be reached over TCP are asked in plain case, and must say the same twice', async () => {
    const bench = benchFor('udp', { useCapsForId: true, useTcp: false });
    let asked = 0;
    bench.ports.servers.serve(SERVER, (query) => {
      asked++;
      const lower = query.bytes.map((octet, i) =>
        i >= 12 && i < 30 && octet >= 0x41 && octet <= 0x5a ? octet | 0x20 : octet,
      );
      query.reply(answerWith({ ...query, bytes: lower }, []));
    });
    expect(endOf(await bench.run('a-rather-long-name.example. A')).kind).toBe('answer');
    expect(asked).toBe(3);
  });
});

describe('copies of what goes over a connection (dnstap)', () => {
  test('tell the address that it went from, also when the connection had yet to be made', async () => {
    const bench = benchFor('tcp');
    bench.serve(SERVER, () => ANSWER);
    const { clock, network, random } = bench.ports;
    const locals: string[] = [];
    const note = (_bytes: Uint8Array, { local, transport }: SentQuery): void => {
      locals.push(`${transport} ${local?.ip}`);
    };
    const parts = { clock, network, random, servers: bench.servers, counters: bench.counters };
    const upstream = new Upstream({ ...parts, options: bench.options, tap: { query: note, response: note } });
    const asked = { server: { ip: SERVER, port: 53 }, known: bench.servers.at(`${SERVER}@53`, ROOT), tlsName: null };
    const how = { recursion: true, transport: 'tcp' as const, needsSignatures: false, zoneTimeouts: 0 };
    for (const host of ['a', 'b']) {
      const question = questionFrom(`${host}.example. A`);
      await clock.runUntilSettled(
        promised((asker) => upstream.ask(bench.newWork(`${host}.example. A`), { ...asked, ...how, question }, asker)),
      );
    }
    upstream.close();
    expect(locals).toEqual(Array(4).fill('tcp 192.0.2.53'));
  });
});

/** A way out of its own, and one question that goes over it. */
function wayOut(bench: Bench, tap?: ConstructorParameters<typeof Upstream>[0]['tap']) {
  const { clock, network, random } = bench.ports;
  const parts = { clock, network, random, servers: bench.servers, counters: bench.counters };
  const upstream = new Upstream({ ...parts, options: bench.options, tap });
  const how = { recursion: true, transport: 'udp' as const, needsSignatures: false, zoneTimeouts: 0, tlsName: null };
  const ask = (work = bench.newWork('www.example. A'), ip = SERVER) => {
    const asked = { server: { ip, port: 53 }, known: bench.servers.at(`${ip}@53`, ROOT) };
    return promised<UpstreamResult>((asker) =>
      upstream.ask(work, { ...asked, ...how, question: questionFrom('www.example. A') }, asker),
    );
  };
  return { ask, upstream };
}

test('one question to several servers at once is one to each, and whoever ends first takes no other along', async () => {
  const bench = benchFor('udp');
  const ips = ['192.0.2.1', '192.0.2.2', '192.0.2.3'] as const;
  const held = new Map<string, IncomingQuery>();
  for (const ip of ips) bench.ports.servers.serve(ip, (query) => void held.set(ip, query));
  const { ask } = wayOut(bench);
  const ended: string[] = [];
  const start = (): void => {
    for (const ip of ips) for (let i = 0; i < 2; i++) void ask(undefined, ip).then(() => ended.push(ip));
  };
  start();
  await bench.ports.clock.settle();
  const [first, middle, last] = ips;
  for (const ip of [middle, first, last]) {
    const query = held.get(ip);
    query?.reply(responseBytes(questionFrom('www.example. A'), ANSWER, readU16(query.bytes, 0)));
    await bench.ports.clock.settle();
  }
  expect(ended).toEqual([middle, middle, first, first, last, last]);
  expect(bench.ports.network.sentDatagrams).toBe(2 * ips.length);
  start();
  await bench.ports.clock.settle();
  expect(bench.ports.network.sentDatagrams).toBe(3 * ips.length);
});

describe('a question that ends in another way than with an answer leaves nothing behind', () => {
  test('when its work is stopped', async () => {
    const bench = benchFor('udp', { maxSockets: 1 });
    const { ask } = wayOut(bench);
    const work = bench.newWork('www.example. A');
    const asking = ask(work);
    const rejected = expect(asking).rejects.toThrow('cancelled');
    await bench.ports.clock.settle();
    expect(bench.ports.network.openCounts().udp).toBe(1);
    work.abort();
    await rejected;
    expect(bench.ports.network.openCounts().udp).toBe(0);
    expect(bench.ports.clock.timerCount).toBe(0);
    // The only place is free, and nobody is told to wait for the one that was stopped.
    bench.serve(SERVER, () => ANSWER);
    expect((await bench.ports.clock.runUntilSettled(ask())).kind).toBe('response');
  });

  test('when there is a bug in what reads its datagram, which is its own alone', async () => {
    const bench = benchFor('udp', { maxSockets: 1 });
    bench.serve(SERVER, () => ANSWER);
    let bugs = 1;
    const response = (): void => {
      if (bugs-- > 0) throw new Error('a bug');
    };
    const { ask } = wayOut(bench, { query: () => {}, response });
    const rejected = expect(ask()).rejects.toThrow('a bug');
    await bench.ports.clock.settle();
    await rejected;
    expect(bench.ports.network.openCounts().udp).toBe(0);
    expect(bench.ports.clock.timerCount).toBe(0);
    expect((await bench.ports.clock.runUntilSettled(ask())).kind).toBe('response');
  });

  test('when there is a bug in what sends it', async () => {
    const bench = benchFor('udp', { maxSockets: 1 });
    bench.serve(SERVER, () => ANSWER);
    let bugs = 1;
    const query = (): void => {
      if (bugs-- > 0) throw new Error('a bug');
    };
    const { ask } = wayOut(bench, { query, response: () => {} });
    const rejected = expect(ask()).rejects.toThrow('a bug');
    await bench.ports.clock.settle();
    await rejected;
    expect(bench.ports.network.openCounts().udp).toBe(0);
    expect(bench.ports.clock.timerCount).toBe(0);
    expect((await bench.ports.clock.runUntilSettled(ask())).kind).toBe('response');
  });
});
