/**
 * Proves that every line of `explain --cached` says since when, until when and why: for answers, records, zone trust and delegations,
 * over renewals, flushes, a restart with its cache file, a dump that is loaded, and a store that hosts share.
 */

import { afterEach, describe, expect, test } from 'vitest';
import { forgetTypes } from '../../src/cache/forget.ts';
import { dumpCache } from '../../src/control/dump-cache.ts';
import { CacheLoader } from '../../src/control/load-cache.ts';
import { CacheFile } from '../../src/daemon/cache-file.ts';
import { explainParts } from '../../src/daemon/explain-parts.ts';
import { heldLines } from '../../src/daemon/held-lines.ts';
import { explainQuestion } from '../../src/explain/gather.ts';
import type { HeldLine } from '../../src/explain/report.ts';
import { reportText } from '../../src/explain/report-text.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { TEST_START_UNIX_SECONDS as START } from '../fake/fake-ports.ts';
import { FakeStore } from '../fake/fake-store.ts';
import { questionFrom } from '../support/records.ts';
import { Scene } from '../world/scene.ts';

const TEXT = 'mx 300 IN A 192.0.2.10\nlong 900000 IN A 192.0.2.11\n';
const TTL = 300;
const MX = 'mx.test. A';

let scene: Scene;
afterEach(async () => await scene.stop());

async function start(lines: readonly string[] = [], spec: Parameters<typeof Scene.withTest>[1] = {}): Promise<void> {
  scene = Scene.withTest(TEXT, spec);
  await scene.start(lines);
}

const now = (): number => scene.ports.clock.unixSeconds();

async function pass(seconds: number): Promise<void> {
  await scene.ports.clock.leap(seconds * 1000);
}

function lines(question = MX): readonly HeldLine[] {
  const { caches, resolver } = scene.instance;
  return heldLines({ caches, resolver, clock: scene.ports.clock }, questionFrom(question));
}

/** Since when each of them is held, by the first word of what it is. */
function since(question = MX): Record<string, number> {
  return Object.fromEntries(lines(question).map((line) => [line.what.split(' ')[0], line.since]));
}

describe('what is held', () => {
  test('is held since it came: answer, records, trust of the zone, its servers', async () => {
    await start();
    await pass(7);
    const at = now();
    await scene.ask('mx.test.', 'A');
    await pass(20);
    expect(since()).toEqual({ answer: at, records: at, trust: at, servers: at });
    expect(lines().map(({ until }) => until)).toEqual([at + TTL, at + TTL, expect.any(Number), expect.any(Number)]);
  });

  test('is held since it came also where its signature, not its TTL, ends it', async () => {
    await start([], { signing: { expiration: START + 500 } });
    await pass(7);
    const at = now();
    await scene.ask('long.test.', 'A');
    await pass(20);
    expect(since('long.test. A')).toEqual({ answer: at, records: at, trust: at, servers: at });
    const records = lines('long.test. A').find(({ what }) => what.startsWith('records'));
    expect(records).toMatchObject({ until: START + 500, why: expect.stringMatching(/until its signature runs out/) });
  });

  test('is held since it came also where it is bogus, and asked again soon', async () => {
    await start();
    scene.world.get('test.').break({ fault: 'signatures-expired', types: [TYPE.A] });
    await pass(7);
    await scene.ask('mx.test.', 'A');
    await pass(20);
    for (const line of lines()) expect([line.what, line.since]).toEqual([line.what, START + 7]);
    expect(
      lines()
        .map(({ why }) => why)
        .join('\n'),
    ).toContain('bogus');
  });

  test('that was renewed says so of what was renewed, and of nothing else', async () => {
    await start();
    await scene.ask('mx.test.', 'A');
    const first = since();
    await pass(TTL + 1);
    const at = now();
    await scene.ask('mx.test.', 'A');
    expect(since()).toEqual({ ...first, answer: at, records: at });
  });

  test('that was flushed is held no more, and anew since it was asked for again', async () => {
    await start();
    await scene.ask('mx.test.', 'A');
    const first = since();
    await pass(10);
    const { caches } = scene.instance;
    await forgetTypes({ caches, now: now(), pause: async () => {} }, questionFrom(MX).name, new Set([TYPE.A]));
    expect(Object.keys(since())).toEqual(['trust', 'servers']);
    const at = now();
    await scene.ask('mx.test.', 'A');
    expect(since()).toEqual({ ...first, answer: at, records: at });
  });

  test('as denials that deny another name is held since the last of them came', async () => {
    await start();
    await pass(7);
    const at = now();
    await scene.ask('no.test.', 'A');
    await pass(20);
    const asked = scene.asked.length;
    await scene.ask('nothing.test.', 'A');
    expect(scene.asked).toHaveLength(asked);
    expect(since('nothing.test. A')).toMatchObject({ denial: at });
    expect(lines('nothing.test. A')[0]?.why).toMatch(/^secure; follows from the denials/);
  });

  test('without a verdict is held since it came as well', async () => {
    await start(['\tdomain-insecure: "test."', '\tmodule-config: "iterator"']);
    await pass(7);
    const at = now();
    await scene.ask('mx.test.', 'A');
    await pass(20);
    expect(since()).toMatchObject({ answer: at, records: at, servers: at });
  });
});

describe('what came from elsewhere', () => {
  test('out of the cache file is held since it came first: the file is our own memory', async () => {
    const file = ['\tcache-file: "/var/cache.hawser"'];
    await start(file);
    await pass(7);
    const at = now();
    await scene.ask('mx.test.', 'A');
    const writer = new CacheFile(scene.ports);
    writer.activate(scene.instance);
    writer.stop();
    await scene.stop();
    await pass(50);
    await scene.start(file);
    const reader = new CacheFile(scene.ports);
    reader.activate(scene.instance);
    await scene.ports.clock.runUntilSettled(reader.load(scene.instance));
    expect(since()).toMatchObject({ answer: at, records: at });
    expect(lines().find(({ what }) => what === 'servers of zone test.')?.since).toBe(at);
  });

  test('out of a dump is held since it was loaded: a dump says but how long', async () => {
    await start();
    await scene.ask('mx.test.', 'A');
    const { caches } = scene.instance;
    const dump = [...dumpCache(caches, now())].join('');
    for (const cache of Object.values(caches)) cache.clear();
    await pass(50);
    const at = now();
    const loader = new CacheLoader({ caches, now: at, maxTtl: 86_400 });
    for (const [i, line] of dump.split('\n').entries()) if (!loader.isEnd(line)) loader.take(line, i + 1);
    loader.finish();
    await pass(5);
    expect(since()).toEqual({ answer: at, records: at });
    await scene.ask('mx.test.', 'A');
    expect(since()).toMatchObject({ answer: at + 5, records: at });
  });

  test('out of a shared store is held since it was taken: the clock of another host may be wrong', async () => {
    scene = Scene.withTest(TEXT);
    const store = new FakeStore();
    scene.store = store;
    const shared = [
      '\tmodule-config: "validator cachedb iterator"',
      'cachedb:',
      '\tbackend: redis',
      '\tsecret-seed: "correct horse"',
    ];
    await scene.start(shared);
    await scene.ask('mx.test.', 'A');
    await scene.stop();
    await pass(50);
    store.isClosed = false;
    await scene.start(shared);
    const at = now();
    const before = scene.asked.length;
    await scene.ask('mx.test.', 'A');
    expect(scene.asked.slice(before)).not.toContain('192.0.2.1 mx.test. A');
    expect(since()).toMatchObject({ answer: at, records: at });
  });
});

test('each line is shown with since, until and why', async () => {
  await start();
  await scene.ask('mx.test.', 'A');
  await pass(20);
  const explaining = explainQuestion(explainParts(scene.instance, scene.ports.clock), questionFrom(MX), {
    isCached: true,
    expirySeconds: 0,
  });
  const explained = await scene.ports.clock.runUntilSettled(explaining);
  if (explained === null) throw new Error('nothing known');
  const { held } = explained.report;
  expect(held).toHaveLength(4);
  for (const { since: from, until, why } of held)
    expect([from, typeof until, why === '']).toEqual([START, 'number', false]);
  const [, shown = ''] = reportText(explained.report, { hasColour: false }).split('Held now:\n');
  const spans = shown.split('\n').filter((line) => /^ {4}since /.test(line));
  expect(spans).toHaveLength(4);
  for (const span of spans) expect(span).toMatch(/^ {4}since \S+Z \(0 min 20 s ago\), until \S+Z \(.+ left\)$/);
});
