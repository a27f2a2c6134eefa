/**
 * Proves what a restart with a cache file gives and what it must never give: usual names answered without asking anybody, with
 * AD only where trust rests on the same; nothing of a file that is damaged, cut short, another host's or from the future; times
 * that run on over the pause.
 */

import { afterEach, describe, expect, test } from 'vitest';
import { CacheFile } from '../../src/daemon/cache-file.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { questionFrom } from '../support/records.ts';
import { Scene } from '../world/scene.ts';
import type { ZoneSpec } from '../world/world.ts';
import { NSEC3 } from '../world/zone.ts';

const PATH = '/var/cache.hawser';
const KEY = `${PATH}.key`;
const LINES = [`\tcache-file: "${PATH}"`];
const ZONE = `test. NS ns.test.
ns.test. A 192.0.2.1
mx.test. 300 A 192.0.2.10
alias.test. 300 CNAME mx.test.
*.wild.test. 300 TXT "w"
`;

let scene: Scene;
let cacheFile: CacheFile;

afterEach(async () => await scene.stop());

/** Starts a resolver that has asked nothing yet, with what the file holds. */
async function start(lines: readonly string[] = []): Promise<void> {
  await scene.start([...LINES, ...lines]);
  cacheFile = new CacheFile(scene.ports);
  cacheFile.activate(scene.instance);
  await scene.ports.clock.runUntilSettled(cacheFile.load(scene.instance), { waitingFor: 'the cache file' });
}

async function stop(): Promise<void> {
  cacheFile.stop();
  await scene.stop();
  scene.asked.length = 0;
}

/** A resolver that was asked this and was stopped: its file is there. */
async function runOnce(
  lines: readonly string[] = [],
  questions: readonly string[] = ['mx.test. A'],
  spec: Partial<ZoneSpec> = {},
): Promise<void> {
  scene = Scene.withTest(ZONE, spec);
  await start(lines);
  for (const question of questions) {
    const [name = '', type = ''] = question.split(' ');
    await scene.ask(name, type);
  }
  await stop();
}

function bytes(path = PATH): Uint8Array {
  const read = scene.ports.files.readBytes(path);
  if (!read.ok) throw new Error(read.error.text);
  return read.value;
}

function putBytes(content: Uint8Array, path = PATH): void {
  scene.ports.files.replaceAtomically(path, content, 0o600);
}

function logged(): string[] {
  return scene.ports.log.lines.map(({ line }) => line).filter((line) => line.includes('cache-file'));
}

test('usual names are answered with AD after a restart, and nobody is asked', async () => {
  const questions = ['mx.test. AAAA', 'mx.test. A', 'alias.test. A', 'no.test. A', 'a.wild.test. TXT'];
  await runOnce([], questions);
  await start();
  for (const question of questions) {
    const [name = '', type = ''] = question.split(' ');
    const reply = await scene.ask(name, type);
    expect([question, reply.status]).toEqual([question, question.startsWith('no.') ? 'NXDOMAIN ad' : 'NOERROR ad']);
  }
  expect(scene.asked).toEqual([]);
  expect((await scene.ask('alias.test.', 'A')).answer).toEqual(['alias.test. CNAME mx.test.', 'mx.test. A 192.0.2.10']);
  expect(scene.count('cachefile.answers')).toBeGreaterThanOrEqual(5);
  expect(scene.count('valops')).toBe(0);
});

describe('what was proven not to exist', () => {
  /** So many that all of the zone's chain is known. */
  const asked = [...'abcdefghijklmno'].map((letter) => `${letter}0.test. A`);

  test.each([
    ['nsec', {}],
    ['nsec3', { denial: NSEC3 }],
  ] as const)('denies other names too after a restart, and nobody is asked (%s)', async (_kind, signing) => {
    await runOnce([], asked, { signing });
    await start();
    expect((await scene.ask('never-asked.test.', 'A')).status).toBe('NXDOMAIN ad');
    expect(scene.asked).toEqual([]);
    expect(scene.count('valops')).toBe(0);
  });

  test('is proven again where trust rests on something else', async () => {
    await runOnce([], asked);
    await start(['\tval-sha1: no']);
    expect(scene.instance.caches.denials.count).toBe(0);
    expect((await scene.ask('never-asked.test.', 'A')).status).toBe('NXDOMAIN ad');
    expect(scene.asked).not.toEqual([]);
  });

  test('ends when it would have ended without the file', async () => {
    await runOnce([], asked);
    await scene.ports.clock.leap(4_000_000);
    await start();
    expect(scene.instance.caches.denials.count).toBe(0);
  });
});

test('a name of a known zone is asked of its servers at once: delegations outlive the restart', async () => {
  await runOnce();
  await start();
  await scene.ask('other.test.', 'A');
  expect(scene.asked.every((asked) => asked.startsWith('192.0.2.1 '))).toBe(true);
});

test('TTLs run on over the pause, and what has ended meanwhile is asked for anew', async () => {
  await runOnce();
  await scene.ports.clock.leap(100_000);
  await start();
  const reply = await scene.ask('mx.test.', 'A');
  expect(reply.seen.answer[0]?.ttl).toBeLessThanOrEqual(200);
  expect(scene.asked).toEqual([]);
  await stop();
  await scene.ports.clock.leap(300_000);
  await start();
  expect((await scene.ask('mx.test.', 'A')).status).toBe('NOERROR ad');
  expect(scene.asked).toContain('192.0.2.1 mx.test. A');
});

test.each([
  ['a negative anchor', '\tdomain-insecure: "test."', 'NOERROR'],
  ['other rules of validation', '\tval-sha1: no', 'NOERROR ad'],
])('data is validated again after %s has come', async (_what, line, status) => {
  await runOnce();
  await start([line]);
  expect(scene.instance.resolver.find(questionFrom('mx.test. A'))).toBeNull();
  expect((await scene.ask('mx.test.', 'A')).status).toBe(status);
  expect(scene.asked).not.toContain('192.0.2.1 mx.test. A');
  expect(logged().at(-1)).toContain('validated again');
});

test('a forged set that got into the file unvalidated is bogus when it is asked for', async () => {
  await runOnce();
  const { answers } = scene.instance.caches;
  const question = questionFrom('mx.test. A');
  const held = answers.find(question);
  const set = held?.found.end.answer[0];
  if (held === null || set === undefined) throw new Error('nothing held');
  const forged = set.rrset.slice() as typeof set.rrset;
  forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
  const end = { ...held.found.end, answer: [{ ...set, rrset: forged }] };
  answers.store(question, { ...held, found: { ...held.found, end } });
  const writer = new CacheFile(scene.ports);
  writer.activate(scene.instance);
  writer.stop();
  await start(['\tval-sha1: no']);
  scene.asked.length = 0;
  // The honest servers are asked in the place of what was remembered.
  expect((await scene.ask('mx.test.', 'A')).status).toBe('NOERROR ad');
  expect(scene.asked).toContain('192.0.2.1 mx.test. A');
});

test.each([
  ['an octet changed', () => putBytes(bytes().map((octet, i) => (i === 400 ? octet ^ 1 : octet)))],
  ['its end missing', () => putBytes(bytes().subarray(0, -40))],
  ['one octet missing', () => putBytes(bytes().subarray(0, -1))],
  ['something after its end', () => putBytes(Uint8Array.of(...bytes(), 0))],
  ['nothing in it', () => putBytes(new Uint8Array())],
  ['another text in it', () => putBytes(new TextEncoder().encode('START_RRSET_CACHE\n'))],
  ['another form', () => putBytes(bytes().map((octet, i) => (i === 9 ? octet + 1 : octet)))],
  ["another host's key", () => putBytes(new Uint8Array(32).fill(7), KEY)],
  ['no key', () => scene.ports.files.remove(KEY)],
  ['rights for others', () => scene.ports.files.modes.set(PATH, 0o644)],
] as const)('a file with %s is dropped with one line', async (_what, damage) => {
  await runOnce();
  damage();
  await start();
  expect(scene.count('cachefile.dropped')).toBe(1);
  expect(scene.count('cachefile.answers')).toBe(0);
  expect(logged().filter((text) => text.includes('is dropped'))).toHaveLength(1);
  expect((await scene.ask('mx.test.', 'A')).status).toBe('NOERROR ad');
  expect(scene.asked).toContain('192.0.2.1 mx.test. A');
});

test('every single octet counts', async () => {
  await runOnce();
  const whole = bytes();
  for (let at = 0; at < whole.length; at += 97) {
    putBytes(whole.map((octet, i) => (i === at ? octet ^ 0x80 : octet)));
    await start();
    expect([at, scene.count('cachefile.answers')]).toEqual([at, 0]);
    await scene.stop();
  }
});

test('a file from the future is dropped: the clock went back', async () => {
  await runOnce();
  scene.ports.clock.setUnixSeconds(scene.ports.clock.unixSeconds() - 3600);
  await start();
  expect(scene.count('cachefile.answers')).toBe(0);
  expect(logged().at(-1)).toContain('the clock went back');
});

test('data of servers that are not asked any more is dropped', async () => {
  await runOnce();
  await start(['stub-zone:', '\tname: "sub.test."', '\tstub-addr: 192.0.2.77']);
  expect(scene.count('cachefile.answers')).toBe(0);
  expect(logged().at(-1)).toContain('other servers');
});

test('what is bogus is not written', async () => {
  scene = Scene.withTest(ZONE);
  scene.tamper('192.0.2.1', (reply) => ({
    ...reply,
    answer: reply.answer.map((record) =>
      record.type === TYPE.A ? { ...record, rdata: Uint8Array.of(192, 0, 2, 66) } : record,
    ),
  }));
  await start();
  expect((await scene.ask('mx.test.', 'A')).status).toBe('SERVFAIL');
  await stop();
  scene.tamper('192.0.2.1', (reply) => reply);
  await start();
  expect(scene.instance.resolver.find(questionFrom('mx.test. A'))).toBeNull();
  expect((await scene.ask('mx.test.', 'A')).status).toBe('NOERROR ad');
});

test('it is written every so often without a stop, and has its bound', async () => {
  scene = Scene.withTest(ZONE);
  await start(['\tcache-file-interval: 60', '\tcache-file-size: 300k']);
  await scene.ask('mx.test.', 'A');
  expect(scene.ports.files.exists(PATH)).toBe(false);
  await scene.ports.clock.runUntil(() => scene.count('cachefile.written') === 1, { waitingFor: 'the first writing' });
  await scene.ports.clock.runUntil(() => scene.count('cachefile.written') === 2, { waitingFor: 'the second writing' });
  expect(scene.ports.files.modes.get(PATH)).toBe(0o600);
  expect(scene.ports.files.modes.get(KEY)).toBe(0o600);
  expect(bytes().length).toBeLessThan(300 * 1024);
});

test('a file larger than its bound is never written, nor read', async () => {
  await runOnce(['\tcache-file-size: 1k']);
  expect(bytes().length).toBeLessThan(1024);
  await runOnce();
  await start(['\tcache-file-size: 1k']);
  expect(logged().at(-1)).toContain('file too large');
});

test('a stop while the file is read leaves the file as it is', async () => {
  await runOnce();
  const before = bytes();
  await scene.start(LINES);
  cacheFile = new CacheFile(scene.ports);
  cacheFile.activate(scene.instance);
  const loading = cacheFile.load(scene.instance);
  cacheFile.stop();
  expect(bytes()).toEqual(before);
  await scene.ports.clock.runUntilSettled(loading);
});

test('a folder that may not be written to is said, and costs nothing else', async () => {
  scene = Scene.withTest(ZONE);
  scene.ports.files.deny(KEY);
  await start();
  expect(logged()).toEqual([expect.stringContaining('cache-file is not used: cannot read its key')]);
  expect((await scene.ask('mx.test.', 'A')).status).toBe('NOERROR ad');
});

test('what a process that was killed has left is removed, and nothing else', async () => {
  scene = Scene.withTest(ZONE);
  for (const left of [`${PATH}.0123456789abcdef.tmp`, `${PATH}.mine.tmp`]) scene.ports.files.put(left, 'x');
  await start();
  expect(scene.ports.files.paths().filter((path) => path.startsWith(PATH))).toEqual([KEY, `${PATH}.mine.tmp`]);
});

test('expired answers come back where they may be served', async () => {
  const lines = ['\tserve-expired: yes', '\tserve-expired-client-timeout: 0', '\tede-serve-expired: yes'];
  await runOnce(lines);
  await scene.ports.clock.leap(400_000);
  await start(lines);
  expect((await scene.ask('mx.test.', 'A')).edes).toContain(3);
});
