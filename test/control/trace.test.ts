/**
 * Proves that `trace` and `follow` show what happens while it happens, each line complete in itself; that following is bounded in
 * number, time and rate, ends with its client, and shows nothing else than what was asked for.
 */

import { describe, expect, test } from 'vitest';
import type { Command } from '../../src/control/command.ts';
import { traceCommands } from '../../src/control/commands/trace.ts';
import { Feed } from '../../src/control/feed.ts';
import { CONTROL_LIMITS } from '../../src/control/limits.ts';
import { makeFakePorts } from '../fake/fake-ports.ts';
import { Scene } from '../world/scene.ts';
import { Client, listenWith } from './bench.ts';

const TEXT = 'www IN A 192.0.2.80\nmail IN MX 10 www\n';

/** A scene with the two commands; `said` fills as a reply comes. */
class Followed {
  readonly scene = Scene.withTest(TEXT);
  #commands: readonly Command[] = [];

  async start(): Promise<void> {
    await this.scene.start([]);
    const { resolver, followers } = this.scene.instance;
    this.#commands = traceCommands({ clock: this.scene.ports.clock, instance: { resolver, followers } });
  }

  run(line: string): { readonly feed: Feed | string; readonly said: string[]; isOver: boolean } {
    const [name = ''] = line.split(' ');
    const feed = this.#commands.find((one) => one.name === name)?.run(line.slice(name.length).trim());
    if (!(feed instanceof Feed)) return { feed: String(feed), said: [], isOver: true };
    const running = { feed, said: [] as string[], isOver: false };
    void (async () => {
      for (let text = await feed.next(); text !== null; text = await feed.next()) running.said.push(text);
      running.isOver = true;
    })();
    return running;
  }

  async ended(running: { isOver: boolean }): Promise<void> {
    await this.scene.ports.clock.runUntil(() => running.isOver, { waitingFor: 'the end of a reply' });
  }
}

async function followed(): Promise<Followed> {
  const made = new Followed();
  await made.start();
  return made;
}

describe('trace', () => {
  test('has a line for each step with time, server, question, what came back and round trip time', async () => {
    const bench = await followed();
    const running = bench.run('trace www.test. A');
    await bench.ended(running);
    const lines = running.said.join('').split('\n');
    expect(lines[0]).toBe('www.test. A IN');
    expect(lines.join('\n')).toMatch(
      /^ +\d+\.\d ms \[\d+\] 192\.0\.2\.1@53 \(test\.\) www\.test\. A IN over udp: answer, \d+\.\d ms$/m,
    );
    expect(lines.at(-2)).toMatch(/^NOERROR secure, 0\.\d+ s$/);
  });

  test('tells a step when it happens, not at the end', async () => {
    const bench = await followed();
    bench.scene.world.break('test.', 'dead');
    const running = bench.run('trace www.test. A');
    await bench.scene.ports.clock.runUntil(() => running.said.join('').includes('ask 192.0.2.1@53'), {
      waitingFor: 'the first question',
    });
    expect(running.isOver).toBe(false);
    await bench.ended(running);
    expect(running.said.join('')).toMatch(/\nSERVFAIL failed, /);
  });

  test('is a line of JSON for each step with +json, and one for the end', async () => {
    const bench = await followed();
    const running = bench.run('trace www.test. A +json');
    await bench.ended(running);
    const steps = running.said
      .join('')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(steps).toContainEqual(
      expect.objectContaining({
        ...{ kind: 'response', server: '192.0.2.1@53', zone: 'test.', question: 'www.test. A IN' },
        ...{ transport: 'udp', said: 'answer', rttMs: expect.any(Number), sinceMs: expect.any(Number) },
      }),
    );
    expect(steps.at(-1)).toMatchObject({ kind: 'ended', rcode: 'NOERROR', status: 'secure' });
  });

  test.each(['trace', 'trace a..b', 'trace www.test. A MX', 'trace www.test. NOTYPE', 'trace www.test. +dot'])(
    'refuses %s',
    async (line) => {
      const bench = await followed();
      expect(bench.run(line).feed).toMatch(/^error/);
    },
  );
});

describe('follow', () => {
  test('shows the queries of clients at and below a name, from what was held or resolved', async () => {
    const bench = await followed();
    const running = bench.run('follow test. +count=3');
    await bench.scene.ask('www.test.', 'A');
    await bench.scene.ask('.', 'NS');
    await bench.scene.ask('www.test.', 'A');
    expect(running.isOver).toBe(false);
    await bench.scene.ask('gone.test.', 'TLSA');
    await bench.ended(running);
    expect(running.said.join('')).toMatch(
      /^\S+Z \S+ www\.test\. A IN: NOERROR ad, resolved in \d+\.\d ms\n\S+Z \S+ www\.test\. A IN: NOERROR ad, from what was held\n\S+Z \S+ gone\.test\. TLSA IN: NXDOMAIN ad, .*\n$/,
    );
    expect(bench.scene.instance.followers.count).toBe(0);
  });

  test('of one type shows no other', async () => {
    const bench = await followed();
    const running = bench.run('follow . MX +json +count=1');
    await bench.scene.ask('www.test.', 'A');
    await bench.scene.ask('mail.test.', 'MX');
    await bench.ended(running);
    expect(
      running.said
        .join('')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toMatchObject([{ kind: 'reply', question: 'mail.test. MX IN', rcode: 'NOERROR', ad: true, cached: false }]);
  });

  test('with +steps shows what a query started, and of no other query', async () => {
    const bench = await followed();
    const running = bench.run('follow mail.test. +steps +count=1');
    await bench.scene.ask('www.test.', 'A');
    await bench.scene.ask('mail.test.', 'MX');
    await bench.ended(running);
    const text = running.said.join('');
    expect(text).toMatch(/192\.0\.2\.1@53 \(test\.\) mail\.test\. MX IN over udp: answer/);
    expect(text).not.toContain('www.test. A');
  });

  test('ends after its time', async () => {
    const bench = await followed();
    const running = bench.run('follow +seconds=30');
    await bench.scene.ports.clock.advance(29_000);
    expect(running.isOver).toBe(false);
    await bench.scene.ports.clock.advance(1_100);
    await bench.ended(running);
    expect(bench.scene.instance.followers.count).toBe(0);
  });

  test('shows so many lines in a second and counts the rest', async () => {
    const bench = await followed();
    await bench.scene.ask('www.test.', 'A');
    const running = bench.run('follow . +json');
    const over = 7;
    const query = Array.from({ length: CONTROL_LIMITS.followedLinesPerSecond + over }, () => 'www.test. A');
    for (let at = 0; at < query.length; at += 100) await bench.scene.askTogether(query.slice(at, at + 100));
    await bench.scene.ports.clock.advance(1_000);
    await bench.scene.ask('www.test.', 'A');
    await bench.scene.ports.clock.advance(1);
    const lines = running.said.join('').trim().split('\n');
    expect(lines.length).toBe(CONTROL_LIMITS.followedLinesPerSecond + 2);
    expect(lines.at(-2)).toBe(JSON.stringify({ kind: 'left-out', lines: over }));
  });

  test.each([
    ['follow a..b', /^error/],
    ['follow . MX A', /usage/],
    ['follow . +fast', /usage/],
    ['follow +count=0', /\+count is 1 to/],
    ['follow +seconds=3601', /\+seconds is 1 to/],
  ])('refuses %s', async (line, words) => {
    const bench = await followed();
    expect(bench.run(line).feed).toMatch(words);
  });

  test('is for a few at once', async () => {
    const bench = await followed();
    for (let i = 0; i < CONTROL_LIMITS.followers; i++) expect(bench.run('follow').feed).toBeInstanceOf(Feed);
    expect(bench.run('follow').feed).toMatch(/^error 8 already follow/);
  });
});

describe('a reply that comes in time', () => {
  test('is written as it comes, lives through silence, and ends with its client', async () => {
    const ports = makeFakePorts();
    let isEnded = false;
    const feed = new Feed(() => {
      isEnded = true;
    });
    await listenWith(ports, [{ name: 'feed', takes: 'none', run: () => feed }]);
    const client = new Client(ports);
    await client.connect();
    client.send('UBCT1 feed\n');
    feed.push('one\n');
    await ports.clock.runUntil(() => client.text === 'one\n', { waitingFor: 'the first line' });
    await ports.clock.advance(CONTROL_LIMITS.idleMs * 3);
    expect(client.isClosed).toBe(false);
    feed.push('two\n');
    await ports.clock.runUntil(() => client.text === 'one\ntwo\n', { waitingFor: 'the second line' });
    client.close();
    await ports.clock.runUntil(() => isEnded, { waitingFor: 'the end of the feed' });
  });

  test('of a slow client keeps no more than its bound, and says how much is missing', async () => {
    const feed = new Feed();
    for (let i = 0; i < 30; i++) feed.push(`${'x'.repeat(99_999)}\n`);
    feed.end();
    const text = (await feed.next()) ?? '';
    expect(text.length).toBeLessThan(1_000_100);
    expect(text).toMatch(/\.\.\. 20 lines left out/);
    expect(await feed.next()).toBeNull();
  });

  test('that a bug ends says so in the log, and not to the client how', async () => {
    const ports = makeFakePorts();
    const feed = new Feed();
    await listenWith(ports, [{ name: 'feed', takes: 'none', run: () => feed }]);
    const client = new Client(ports);
    await client.connect();
    client.send('UBCT1 feed\n');
    await ports.clock.advance(1);
    feed.fail(new Error('secret'));
    await ports.clock.runUntil(() => client.isClosed, { waitingFor: 'the end' });
    expect(client.text).toBe('error internal error, see the log\n');
  });
});
