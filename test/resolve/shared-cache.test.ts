/**
 * Proves what hosts may share in a store and what they must not believe of it: answers of one host serve the other, validated
 * again; whoever merely writes into the store forges nothing; a store that is dead, slow or lies costs a bounded wait and no answer.
 */

import { afterEach, beforeEach, expect, test } from 'vitest';
import { createNodeCrypto } from '../../src/adapters/node-crypto.ts';
import { EntryReader } from '../../src/cache/entry-reader.ts';
import { EntryWriter } from '../../src/cache/entry-writer.ts';
import { MAC_OCTETS } from '../../src/cache/keyed-digest.ts';
import { flushCommands } from '../../src/control/commands/flush.ts';
import { controlView } from '../../src/daemon/control-view.ts';
import { dataBasis } from '../../src/daemon/data-basis.ts';
import { SharedCache } from '../../src/resolve/shared-cache.ts';
import { withSets } from '../../src/terms/iteration-result.ts';
import { Counters } from '../../src/trace/counters.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import type { RRset } from '../../src/wire/rrset.ts';
import { FakeStore } from '../fake/fake-store.ts';
import { questionFrom } from '../support/records.ts';
import { type Reply, Scene } from '../world/scene.ts';

const SEED = 'correct horse battery staple';
const SHARING = ['\tmodule-config: "validator cachedb iterator"', '\taggressive-nsec: no'];
const CLAUSE = ['cachedb:', '\tbackend: redis', `\tsecret-seed: "${SEED}"`];
const ZONE = `test. NS ns.test.
ns.test. A 192.0.2.1
mx.test. 300 A 192.0.2.10
alias.test. 300 CNAME mx.test.
*.wild.test. 300 TXT "w"
zero.test. 0 A 192.0.2.10
`;
const PLAIN = `plain. NS ns.plain.
ns.plain. A 192.0.2.2
mx.plain. 300 A 192.0.2.20
`;

let store: FakeStore;
let scenes: Scene[] = [];

beforeEach(() => {
  store = new FakeStore();
});
afterEach(async () => {
  for (const scene of scenes) await scene.stop();
  scenes = [];
});

/** A host of the farm: a signed and an unsigned zone, and the store. */
async function host(lines: readonly string[] = [], clause: readonly string[] = []): Promise<Scene> {
  const scene = Scene.withTest(ZONE);
  scene.zone('plain.', { servers: { 'ns.plain.': ['192.0.2.2'] }, text: PLAIN });
  scene.store = store;
  await scene.start([...SHARING, ...lines, ...CLAUSE, ...clause]);
  scenes.push(scene);
  return scene;
}

async function ask(scene: Scene, question: string): Promise<Reply> {
  const [name = '', type = ''] = question.split(' ');
  return await scene.ask(name, type);
}

/** Questions to servers for this name. */
function askedFor(scene: Scene, name: string): string[] {
  return scene.asked.filter((asked) => asked.includes(` ${name} `));
}

/** The second level as a host has it that knows the secret: for tests that write what an honest host would not. */
function insider(scene: Scene, secret = SEED): SharedCache {
  const { config, serverZones, crypto } = scene.instance;
  return new SharedCache({
    ...scene.ports,
    store,
    crypto,
    counters: new Counters(),
    options: { secret, noStore: false, expires: false, checksBeforeExpired: true, timeoutMs: 100, maxTtl: 86_400 },
    basis: () => dataBasis(config, serverZones, crypto),
  });
}

/** What a host has found for a question. */
function heldBy(scene: Scene, question: string) {
  const held = scene.instance.caches.answers.find(questionFrom(question));
  if (held === null) throw new Error('nothing is held');
  return held.found;
}

/** The same with another last octet in the data of each set of the type. */
function forged(found: ReturnType<typeof heldBy>, type: number): typeof found {
  return withSets(found, (ranked) => {
    const rrset = ranked.rrset.slice() as RRset;
    if ((rrset[0] ?? 0) * 256 + (rrset[1] ?? 0) !== type) return ranked;
    const at = ranked.rrset.indexOf(192, 12);
    rrset[at + 3] = 66;
    return { ...ranked, rrset };
  });
}

test('what one host has found, another answers with AD, asking no server for it', async () => {
  const questions = ['mx.test. A', 'alias.test. A', 'no.test. A', 'mx.test. TLSA', 'a.wild.test. TXT', 'mx.plain. A'];
  const first = await host();
  for (const question of questions) await ask(first, question);
  const second = await host();
  for (const question of questions) {
    const reply = await ask(second, question);
    const rcode = question.startsWith('no.') ? 'NXDOMAIN' : 'NOERROR';
    expect([question, reply.status]).toEqual([question, question.includes('plain') ? rcode : `${rcode} ad`]);
    expect(askedFor(second, question.split(' ')[0] ?? '')).toEqual([]);
  }
  expect((await ask(second, 'alias.test. A')).answer).toEqual(['alias.test. CNAME mx.test.', 'mx.test. A 192.0.2.10']);
  expect(second.count('cachedb.hits')).toBe(questions.length);
  expect(second.count('valops')).toBeGreaterThan(questions.length);
});

test('keys are shared too: of an answer of another host only the DS set is asked for, which comes with referrals', async () => {
  const first = await host();
  await ask(first, 'mx.test. A');
  const second = await host();
  await ask(second, 'mx.test. A');
  expect(second.asked.filter((asked) => !asked.endsWith(' . NS'))).toEqual(['198.41.0.4 test. DS']);
  await ask(second, 'test. DS');
  const third = await host();
  await ask(third, 'mx.test. A');
  expect(third.asked).toEqual([]);
});

test('TTLs go on as if the answer had been found here', async () => {
  const first = await host();
  await ask(first, 'mx.test. A');
  const second = await host();
  await second.ports.clock.leap(120_000);
  expect((await ask(second, 'mx.test. A')).seen.answer[0]?.ttl).toBe(180);
  await second.ports.clock.leap(200_000);
  expect((await ask(second, 'mx.test. A')).seen.answer[0]?.ttl).toBe(300);
  expect(askedFor(second, 'mx.test.')).toHaveLength(1);
});

test.each([
  ['an octet of it changed', (value: Uint8Array) => value.map((octet, i) => (i === 60 ? octet ^ 1 : octet))],
  ['its end missing', (value: Uint8Array) => value.subarray(0, -5)],
  ['only a code', (value: Uint8Array) => value.subarray(-MAC_OCTETS)],
  ['nothing', () => new Uint8Array()],
  ['a megabyte', () => new Uint8Array(1_000_000).fill(7)],
] as const)('a value with %s is not used', async (_what, damage) => {
  const first = await host();
  await ask(first, 'mx.plain. A');
  for (const [key, value] of store.values) store.values.set(key, damage(value));
  const second = await host();
  expect((await ask(second, 'mx.plain. A')).answer).toEqual(['mx.plain. A 192.0.2.20']);
  expect(second.count('cachedb.refused')).toBeGreaterThan(0);
  expect(second.count('cachedb.hits')).toBe(0);
  expect(second.ports.log.text()).toContain('cachedb: a value in the store is damaged');
});

test('who writes into the store without the secret forges nothing, signed or not', async () => {
  const first = await host();
  for (const question of ['mx.plain. A', 'mx.test. A']) {
    await ask(first, question);
    insider(first, 'a guess of somebody else').keep(questionFrom(question), forged(heldBy(first, question), TYPE.A));
  }
  // The values of the guess under the keys of the answers, in every way.
  const values = [...store.values.values()];
  for (const value of values) {
    for (const key of store.values.keys()) store.values.set(key, value);
    const second = await host();
    expect((await ask(second, 'mx.plain. A')).answer).toEqual(['mx.plain. A 192.0.2.20']);
    const reply = await ask(second, 'mx.test. A');
    expect([reply.status, reply.answer]).toEqual(['NOERROR ad', ['mx.test. A 192.0.2.10']]);
  }
});

test('a value counts for its own question only', async () => {
  const first = await host();
  await ask(first, 'mx.plain. A');
  await ask(first, 'ns.plain. A');
  const [before] = store.values.values();
  if (before === undefined) throw new Error('nothing was stored');
  for (const key of store.values.keys()) store.values.set(key, before);
  const second = await host();
  expect((await ask(second, 'mx.plain. A')).answer).toEqual(['mx.plain. A 192.0.2.20']);
  expect((await ask(second, 'ns.plain. A')).answer).toEqual(['ns.plain. A 192.0.2.2']);
});

test('even a host that knows the secret cannot forge a signed answer: it is validated again, and servers are asked', async () => {
  const first = await host();
  await ask(first, 'mx.test. A');
  insider(first).keep(questionFrom('mx.test. A'), forged(heldBy(first, 'mx.test. A'), TYPE.A));
  const second = await host();
  const reply = await ask(second, 'mx.test. A');
  expect([reply.status, reply.answer]).toEqual(['NOERROR ad', ['mx.test. A 192.0.2.10']]);
  expect(second.count('cachedb.bogus')).toBe(1);
  expect(askedFor(second, 'mx.test.')).not.toEqual([]);
});

test.each([TYPE.DS, TYPE.DNSKEY])(
  'forged keys (type %i) of who knows the secret cost a question, not the zone',
  async (type) => {
    const first = await host();
    await ask(first, 'mx.test. A');
    await ask(first, 'test. DS');
    const question = { ...questionFrom('test. DS'), type };
    const found = await insider(first).find(question);
    if (found === null) throw new Error('the key is not shared');
    const wrong = withSets(found, (ranked) => {
      const rrset = ranked.rrset.slice() as RRset;
      rrset[40] = (rrset[40] ?? 0) ^ 0xff;
      return { ...ranked, rrset };
    });
    insider(first).keep(question, wrong);
    const second = await host();
    expect((await ask(second, 'mx.test. A')).status).toBe('NOERROR ad');
  },
);

test('a verdict in a value says nothing, nor does a rank', async () => {
  const first = await host();
  await ask(first, 'mx.test. A');
  const [value = new Uint8Array()] = store.values.values();
  const found = new EntryReader(value.subarray(0, -MAC_OCTETS), 8).found();
  expect(found?.end.answer.every(({ verdict }) => verdict === null)).toBe(true);
  const writer = new EntryWriter();
  writer.found(heldBy(first, 'mx.test. A'));
  expect(new EntryReader(writer.written()).found()?.end.answer[0]?.verdict).not.toBeNull();
  const stored = await insider(first).find(questionFrom('mx.test. A'));
  expect(stored?.end.answer.map(({ verdict, server }) => [verdict, server])).toEqual([[null, 'cachedb']]);
});

test.each([
  ['other addresses are private', ['\tprivate-address: 192.0.2.20']],
  ['other servers are asked', ['stub-zone:', '\tname: "other."', '\tstub-addr: 192.0.2.99']],
])('hosts for which %s share nothing', async (_what, lines) => {
  const first = await host();
  await ask(first, 'mx.plain. A');
  const second = await host(lines);
  const reply = await ask(second, 'mx.plain. A');
  expect(reply.answer).toEqual(lines[0]?.includes('private') ? [] : ['mx.plain. A 192.0.2.20']);
  expect(second.count('cachedb.hits')).toBe(0);
});

test('a zone that gets other servers at run time is not answered from before', async () => {
  const first = await host();
  await ask(first, 'mx.plain. A');
  const second = await host();
  second.instance.serverZones.put({
    kind: 'stub',
    zone: questionFrom('plain.').name,
    addresses: [{ ip: '192.0.2.2', port: 53, tlsName: null }],
    hosts: [],
    prime: false,
    first: false,
    tcp: false,
    tls: false,
    noCache: false,
  });
  await ask(second, 'mx.plain. A');
  expect(second.count('cachedb.hits')).toBe(0);
});

test('a silent store delays an answer by its timeout, a few times, and then costs nothing', async () => {
  store.mood = 'silent';
  const scene = await host([], ['\tredis-timeout: 50']);
  const { clock } = scene.ports;
  const waits: number[] = [];
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
    const from = clock.monotonicMs();
    await ask(scene, `${name}.test. A`);
    waits.push(clock.monotonicMs() - from);
  }
  // The first question asks for keys too: three waits of 50 ms at most, in all.
  expect(waits.reduce((sum, each) => sum + each)).toBeLessThanOrEqual(150);
  expect(waits.slice(3)).toEqual([0, 0, 0]);
  expect(scene.count('cachedb.skipped')).toBeGreaterThan(0);
  expect(scene.ports.log.text()).toContain('cachedb: the store is left alone for a while: no answer in 50 ms');
});

test('a store that is down costs nothing, and is used again once it is back', async () => {
  store.mood = 'down';
  const scene = await host();
  for (const name of ['a', 'b', 'c', 'd']) expect((await ask(scene, `${name}.test. A`)).status).toBe('NXDOMAIN ad');
  const { gets } = store;
  await ask(scene, 'e.test. A');
  expect(store.gets).toBe(gets);
  store.mood = 'well';
  await scene.ports.clock.leap(2_000);
  await ask(scene, 'f.test. A');
  await ask(scene, 'g.test. A');
  expect(store.values.size).toBeGreaterThan(0);
  expect(scene.ports.log.text()).toContain('cachedb: the store answers again');
});

test('a store that goes up and down all the time is said so once a minute', async () => {
  const scene = await host();
  for (let round = 0; round < 6; round++) {
    store.mood = 'down';
    for (const name of ['a', 'b', 'c']) await ask(scene, `${name}${round}.test. A`);
    store.mood = 'well';
    await scene.ports.clock.leap(2_000);
    await ask(scene, `back${round}.test. A`);
  }
  const said = (text: string): number => scene.ports.log.text().split(text).length - 1;
  expect(said('the store is left alone')).toBe(1);
  expect(said('the store answers again')).toBe(1);
});

test('a store that has lost everything is filled again', async () => {
  const first = await host();
  await ask(first, 'mx.test. A');
  store.values.clear();
  const second = await host();
  expect((await ask(second, 'mx.test. A')).status).toBe('NOERROR ad');
  expect(store.values.size).toBeGreaterThan(0);
});

test('nothing is written with cachedb-no-store, but read', async () => {
  const first = await host([], ['\tcachedb-no-store: yes']);
  await ask(first, 'mx.test. A');
  expect([store.sets, store.gets > 0]).toEqual([0, true]);
});

test('the store may forget values with their data where redis-expire-records says so', async () => {
  await ask(await host(), 'mx.plain. A');
  expect([...store.seconds.values()].every((seconds) => seconds === null)).toBe(true);
  store.seconds.clear();
  store.values.clear();
  await ask(await host([], ['\tredis-expire-records: yes']), 'mx.plain. A');
  expect([...store.seconds.values()]).toContain(300);
  store.seconds.clear();
  store.values.clear();
  const forEver = ['\tserve-expired: yes', '\tserve-expired-ttl: 0'];
  await ask(await host(forEver, ['\tredis-expire-records: yes']), 'mx.plain. A');
  expect([...store.seconds.values()].every((seconds) => seconds === null)).toBe(true);
});

test('what is bogus, or good for one moment, is not shared', async () => {
  const scene = await host();
  await ask(scene, 'zero.test. A');
  scene.tamper('192.0.2.1', (reply) => ({
    ...reply,
    answer: reply.answer.map((record) =>
      record.type === TYPE.A ? { ...record, rdata: Uint8Array.of(1, 2, 3, 4) } : record,
    ),
  }));
  expect((await ask(scene, 'mx.test. A')).status).toBe('SERVFAIL');
  for (const question of ['zero.test. A', 'mx.test. A']) {
    expect(await insider(scene).find(questionFrom(question))).toBeNull();
  }
});

test('prefetched answers take the place of those in the store', async () => {
  const scene = await host(['\tprefetch: yes']);
  await ask(scene, 'mx.test. A');
  await scene.ports.clock.leap(280_000);
  await ask(scene, 'mx.test. A');
  await scene.ports.clock.settle();
  const found = await insider(scene).find(questionFrom('mx.test. A'));
  expect((found?.end.expiresAt ?? 0) - scene.ports.clock.unixSeconds()).toBeGreaterThan(200);
});

const EXPIRED = ['\tserve-expired: yes', '\tserve-expired-client-timeout: 0', '\tede-serve-expired: yes'];

test('before expired data is served at once the store is asked, and its fresh data is given', async () => {
  const second = await host(EXPIRED);
  await ask(second, 'mx.test. A');
  await second.ports.clock.leap(400_000);
  const first = await host();
  await first.ports.clock.leap(400_000);
  store.values.clear();
  await ask(first, 'mx.test. A');
  const before = second.asked.length;
  const reply = await ask(second, 'mx.test. A');
  expect([reply.edes, reply.seen.answer[0]?.ttl]).toEqual([[], 300]);
  expect(second.asked).toHaveLength(before);
});

test.each([
  ['has none', (): void => store.values.clear()],
  [
    'is down',
    () => {
      store.mood = 'down';
    },
  ],
])('expired data is served at once where the store %s', async (_what, happen) => {
  const scene = await host(EXPIRED);
  await ask(scene, 'mx.test. A');
  await scene.ports.clock.leap(400_000);
  happen();
  scene.tamper('192.0.2.1', () => null);
  expect((await ask(scene, 'mx.test. A')).edes).toEqual([3]);
});

test('with cachedb-check-when-serve-expired: no expired data is served without a look at the store', async () => {
  const scene = await host(EXPIRED, ['\tcachedb-check-when-serve-expired: no']);
  await ask(scene, 'mx.test. A');
  await scene.ports.clock.leap(400_000);
  const { gets } = store;
  expect((await ask(scene, 'mx.test. A')).edes).toEqual([3]);
  expect(store.gets).toBe(gets);
});

test.each([
  ['flush', 'mx.test.'],
  ['flush_type', 'mx.test. A'],
  ['flush_zone', 'test.'],
])('%s +c forgets what other hosts wrote before, and writes it anew', async (command, words) => {
  const first = await host();
  await ask(first, 'mx.test. A');
  const scene = await host();
  await ask(scene, 'mx.test. A');
  const { instance } = scene;
  const statistics = { text: () => '', textOnce: () => '', reset: () => {} };
  const run = async (plus: string): Promise<void> => {
    const commands = flushCommands({ instance: controlView(instance, statistics), clock: scene.ports.clock });
    const found = commands.find(({ name }) => name === command);
    const running = Promise.resolve(found?.run(`${plus}${words}`));
    expect(await scene.ports.clock.runUntilSettled(running)).toContain('ok');
  };
  await run('');
  scene.asked.length = 0;
  await ask(scene, 'mx.test. A');
  expect(askedFor(scene, 'mx.test.')).toEqual([]);
  await run('+c ');
  await scene.ports.clock.leap(1_000);
  await ask(scene, 'mx.test. A');
  expect(askedFor(scene, 'mx.test.')).toHaveLength(1);
  expect(await scene.instance.sharedCache?.find(questionFrom('mx.test. A'))).not.toBeNull();
});

test('more commands to forget than are remembered forget everything', async () => {
  await ask(await host(), 'mx.test. A');
  const scene = await host();
  const { sharedCache } = scene.instance;
  for (let i = 0; i <= 100; i++) sharedCache?.forget(() => false);
  expect(await sharedCache?.find(questionFrom('mx.test. A'))).toBeNull();
});

test('a stop closes the store', async () => {
  const scene = await host();
  await scene.stop();
  expect(store.isClosed).toBe(true);
});

test('values say nothing of the question to who cannot guess the secret', async () => {
  await ask(await host(), 'mx.test. A');
  const plain = createNodeCrypto().digest('sha256', new TextEncoder().encode('mx.test. A IN'));
  expect([...store.values.keys()].every((key) => /^hawser:[0-9a-f]{64}$/.test(key))).toBe(true);
  expect([...store.values.keys()]).not.toContain(`hawser:${Buffer.from(plain).toString('hex')}`);
});
