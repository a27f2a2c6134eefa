/**
 * Proves what becomes of questions when servers close, neglect or hold connections (RFC 7766 §6.2.4): none is lost by a
 * server that answers few on each, none waits behind servers that only hold on, and no piece of a stream is copied again
 * and again.
 */

import { afterEach, describe, expect, test, vi } from 'vitest';
import { type AskEnd, UpstreamStreams } from '../../src/iterate/upstream-streams.ts';
import type { ByteStream } from '../../src/ports/network.ts';
import { readU16, writeU16 } from '../../src/wire/bytes.ts';
import { framed } from '../../src/wire/frames.ts';
import { makeFakePorts } from '../fake/fake-ports.ts';
import { messageSplitter } from '../fake/fake-server.ts';

const NEVER = new AbortController().signal;
const HONEST = '192.0.2.1';

/** What a server does with the question that comes as `nth` (from 1) on one of its connections. */
type Behaviour = (stream: ByteStream, query: Uint8Array, nth: number) => void;

const answer: Behaviour = (stream, query) => stream.write(framed(query));
const holdOn: Behaviour = () => {};

/** Answers so many questions of each connection, then does the other thing. */
const answering =
  (count: number, then: Behaviour): Behaviour =>
  (stream, query, nth) =>
    nth <= count ? answer(stream, query, nth) : then(stream, query, nth);

const close: Behaviour = (stream) => stream.end();

/** Connections on a fake network whose servers behave as told; 10 places. */
class Bench {
  readonly ports = makeFakePorts();
  readonly streams: UpstreamStreams;
  connections = 0;
  crowdedOut = 0;
  questions = 0;
  behave: (ip: string) => Behaviour = () => answer;

  constructor() {
    const { clock, network } = this.ports;
    network.connectDelayMs = 20;
    const options = { maxConnections: 10, idleMs: 60_000, maxQuestions: 200 };
    this.streams = new UpstreamStreams({
      clock,
      network,
      options,
      onStray: () => {},
      onCrowdedOut: () => this.crowdedOut++,
    });
    network.streamServer = ({ ip }) => {
      const behave = this.behave(ip);
      return (stream) => {
        this.connections++;
        let nth = 0;
        const onMessage = (query: Uint8Array): void => {
          this.questions++;
          clock.after(1, () => behave(stream, query, ++nth));
        };
        return { onData: messageSplitter(onMessage), onClose: () => {} };
      };
    };
  }

  async ask(ip = HONEST, timeoutMs = 3000): Promise<AskEnd> {
    return await this.streams.ask(NEVER, {
      ...{ remote: { ip, port: 53 }, localEnd: null, tls: null, timeoutMs },
      prepare: (isTaken) => {
        let id = 1;
        while (isTaken(id)) id++;
        const bytes = new Uint8Array(12);
        writeU16(bytes, 0, id);
        return { id, bytes, onSent: () => {}, accept: () => 'accepted' };
      },
    });
  }

  async askMany(count: number, timeoutMs = 3000): Promise<AskEnd[]> {
    const asking = Promise.all(Array.from({ length: count }, () => this.ask(HONEST, timeoutMs)));
    return await this.ports.clock.runUntilSettled(asking, { waitingFor: 'all ends' });
  }
}

const accepted = (count: number): AskEnd[] => Array.from({ length: count }, () => 'accepted');

describe('a server that answers few questions on a connection', () => {
  test.each([
    [1, 2],
    [1, 8],
    [1, 40],
    [3, 40],
  ])('%i, asked %i at once, leaves none unanswered', async (each, count) => {
    const bench = new Bench();
    bench.behave = () => answering(each, close);
    expect(await bench.askMany(count)).toEqual(accepted(count));
    // Once it is known, nothing is sent in vain.
    const before = bench.questions;
    expect(await bench.askMany(count)).toEqual(accepted(count));
    expect(bench.questions - before).toBe(count);
  });

  test('that closes right after its answer is taken for what it is at the first question already', async () => {
    const bench = new Bench();
    bench.behave = () => (stream, query) => {
      answer(stream, query, 1);
      stream.end();
    };
    expect(await bench.askMany(5)).toEqual(accepted(5));
  });

  test('that resets whenever it is given two at once is asked one by one', async () => {
    const bench = new Bench();
    bench.behave = () => {
      const queries: Uint8Array[] = [];
      return (stream, query) => {
        queries.push(query);
        bench.ports.clock.after(5, () => (queries.length > 1 ? stream.destroy() : answer(stream, query, 1)));
        bench.ports.clock.after(8, () => queries.splice(0));
      };
    };
    const ends = await bench.askMany(2);
    expect(ends).toEqual(accepted(2));
  });

  test('that reads no more but keeps the connection open costs half the time, not the answer', async () => {
    const bench = new Bench();
    bench.behave = () => answering(1, holdOn);
    const startMs = bench.ports.clock.monotonicMs();
    expect(await bench.askMany(4)).toEqual(accepted(4));
    expect(bench.ports.clock.monotonicMs() - startMs).toBeLessThan(1700);
  });

  test('that closes every connection without an answer is asked one question once', async () => {
    const bench = new Bench();
    bench.behave = () => close;
    const [end] = await bench.askMany(1);
    expect(end).toMatchObject({ kind: 'reset' });
    expect(bench.connections).toBe(1);
  });

  test('that closes every connection without an answer is asked three times at most when many ask', async () => {
    const bench = new Bench();
    bench.behave = () => close;
    const ends = await bench.askMany(5);
    expect(ends.every((end) => typeof end === 'object' && end.kind === 'reset')).toBe(true);
    expect(bench.questions).toBeLessThanOrEqual(15);
  });
});

describe('a kept connection', () => {
  test('that died without a word is replaced in time, for all who wait on it', async () => {
    const bench = new Bench();
    let isDead = false;
    bench.behave = () => {
      const wasMadeAlive = !isDead;
      return (stream, query, nth) => (isDead && wasMadeAlive ? undefined : answer(stream, query, nth));
    };
    expect(await bench.askMany(1)).toEqual(accepted(1));
    isDead = true;
    expect(await bench.askMany(30)).toEqual(accepted(30));
    expect(bench.connections).toBe(2);
  });

  test('that is idle is closed for who waits for a place, also when it became idle while they waited', async () => {
    const bench = new Bench();
    bench.behave = () => (stream, query) => bench.ports.clock.after(100, () => answer(stream, query, 1));
    const asking = Promise.all(Array.from({ length: 14 }, (_, i) => bench.ask(`10.1.${i}.1`, 500)));
    expect(await bench.ports.clock.runUntilSettled(asking)).toEqual(accepted(14));
  });

  test.each([
    ['one after the other', false],
    ['all at once', true],
  ])('that is idle is closed for another server of its network, asked %s', async (_, atOnce) => {
    const bench = new Bench();
    // More servers than one network has places.
    const ips = Array.from({ length: 12 }, (_, i) => `192.0.2.${i + 1}`);
    const ends: AskEnd[] = [];
    const one = async (ip: string) => void ends.push(await bench.ask(ip));
    const asking = async () => {
      if (atOnce) await Promise.all(ips.map(one));
      else for (const ip of ips) await one(ip);
    };
    await bench.ports.clock.runUntilSettled(asking(), { waitingFor: 'all ends' });
    expect(ends).toEqual(accepted(ips.length));
    expect(bench.crowdedOut).toBe(0);
  });

  test('is used again after others of its server were closed while idle', async () => {
    const bench = new Bench();
    expect(await bench.askMany(1)).toEqual(accepted(1));
    await bench.ports.clock.advance(61_000);
    expect(await bench.askMany(6)).toEqual(accepted(6));
    expect(bench.connections).toBe(2);
    expect(bench.questions).toBe(7);
  });
});

describe('servers that hold connections without answering', () => {
  test.each([
    ['at one address', () => '198.51.100.66', 100, 1],
    ['at a hundred addresses of a network', (i: number) => `198.51.100.${100 + i}`, 100, 1],
    ['at a hundred IPv6 addresses of a network', (i: number) => `2001:db8:7:${i}::1`, 100, 1],
    ['in two networks', (i: number) => `10.0.${i % 2}.${1 + i}`, 40, 2],
    ['in six networks', (i: number) => `10.0.${i % 6}.${1 + i}`, 100, 6],
  ])('%s leave room for others', async (_where, ipOf, count, networks) => {
    const bench = new Bench();
    bench.behave = (ip) => (ip === HONEST ? answer : holdOn);
    const { clock } = bench.ports;
    const held = Array.from({ length: count }, (_, i) => bench.ask(ipOf(i)));
    await clock.advance(50);
    expect(await bench.askMany(3, 1500)).toEqual(accepted(3));
    const ends = await clock.runUntilSettled(Promise.all(held));
    expect(ends.some((end) => end === 'accepted')).toBe(false);
    expect(bench.streams.count).toBeLessThanOrEqual(10);
    expect(bench.crowdedOut > 0).toBe(networks > 1);
  });

  test('octet by octet count as silent, too', async () => {
    const bench = new Bench();
    const { clock } = bench.ports;
    const drip: Behaviour = (stream) => {
      stream.write(Uint8Array.of(0xff));
      clock.after(100, () => drip(stream, new Uint8Array(), 0));
    };
    bench.behave = (ip) => (ip === HONEST ? answer : drip);
    const held = Array.from({ length: 12 }, (_, i) => bench.ask(`10.0.${i}.1`));
    await clock.advance(50);
    expect(await bench.askMany(1, 1500)).toEqual(accepted(1));
    await clock.runUntilSettled(Promise.all(held));
    bench.streams.close();
  });

  test('give back every place, also when who asked is stopped', async () => {
    const bench = new Bench();
    bench.behave = (ip) => (ip === HONEST ? answer : holdOn);
    const stop = new AbortController();
    const asking = Array.from({ length: 30 }, (_, i) =>
      bench.streams
        .ask(stop.signal, {
          ...{ remote: { ip: `10.0.${i % 3}.1`, port: 53 }, localEnd: null, tls: null, timeoutMs: 3000 },
          prepare: () => ({ id: i, bytes: new Uint8Array(12), onSent: () => {}, accept: () => 'accepted' }),
        })
        .catch(() => 'stopped'),
    );
    await bench.ports.clock.advance(40);
    stop.abort();
    expect(new Set(await bench.ports.clock.runUntilSettled(Promise.all(asking)))).toEqual(new Set(['stopped']));
    bench.streams.close();
    expect(bench.streams.count).toBe(0);
    const many = Promise.all(Array.from({ length: 10 }, (_, i) => bench.ask(`10.2.${i}.1`)));
    bench.behave = () => answer;
    expect(await bench.ports.clock.runUntilSettled(many)).toEqual(accepted(10));
  });
});

describe('a stream in single octets', () => {
  afterEach(() => vi.restoreAllMocks());

  /** Octets that are copied while one answer of so many octets arrives octet by octet. */
  async function copiedFor(octets: number): Promise<number> {
    const bench = new Bench();
    const message = new Uint8Array(octets);
    let copied = 0;
    const set = Uint8Array.prototype.set;
    bench.behave = () => (stream, query) => {
      writeU16(message, 0, readU16(query, 0));
      const frame = framed(message);
      vi.spyOn(Uint8Array.prototype, 'set').mockImplementation(function (this: Uint8Array, from, at) {
        copied += from.length;
        set.call(this, from, at);
      });
      for (let i = 0; i < frame.length; i++) stream.write(frame.subarray(i, i + 1));
    };
    expect(await bench.askMany(1)).toEqual(accepted(1));
    vi.restoreAllMocks();
    return copied;
  }

  test('is copied a bounded number of times', async () => {
    const half = await copiedFor(4000);
    expect(half).toBeGreaterThan(4000);
    expect(await copiedFor(16_000)).toBeLessThan(half * 6);
  });
});
