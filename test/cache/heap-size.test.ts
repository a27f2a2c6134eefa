/** Proves that the caches hold about as many octets as they count: a bound is worth what its counting is worth. */

import { createHash } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { createNodeCrypto } from '../../src/adapters/node-crypto.ts';
import { AnswerCache } from '../../src/cache/answer-cache.ts';
import { DelegationCache } from '../../src/cache/delegation-cache.ts';
import { DenialCache } from '../../src/cache/denial-cache.ts';
import { FailureCache } from '../../src/cache/failure-cache.ts';
import { KeyCache } from '../../src/cache/key-cache.ts';
import { RateTable } from '../../src/cache/rate-table.ts';
import { RRsetCache } from '../../src/cache/rrset-cache.ts';
import { ServerCache } from '../../src/cache/server-cache.ts';
import { type ZoneKey, zoneKeyOf } from '../../src/dnssec/dnskey.ts';
import { readNsec3Span } from '../../src/dnssec/nsec3.ts';
import type { RankedRRset } from '../../src/terms/ranked-rrset.ts';
import { SECURE } from '../../src/terms/verdict.ts';
import { toBase32hex } from '../../src/wire/bytes.ts';
import { type Name, nameKey } from '../../src/wire/name.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { questionOf } from '../../src/wire/question.ts';
import { CLASS, TYPE } from '../../src/wire/rr-type.ts';
import { packRRset, rdatasOf, rrsetOwner } from '../../src/wire/rrset.ts';
import { makeKey } from '../dnssec/signing.ts';
import { FakeClock } from '../fake/fake-clock.ts';
import { makeFakePorts, TEST_START_UNIX_SECONDS } from '../fake/fake-ports.ts';
import { DEFAULT_SERVER_CACHE_OPTIONS } from '../support/default-options.ts';
import { rankedAt } from '../support/records.ts';

setFlagsFromString('--expose_gc');
const collect = runInNewContext('gc') as () => void;

/** How far what is held may be from what is counted, either way. */
const FACTOR = 1.2;
/**
 * Things enough that the last page of a cache that has pages, and its spare one, do not count; of things that are small, and of
 * those that lie in two heaps, some times as many.
 */
const MANY = 12_000;
/** Things until the engine has compiled what it will. */
const WARM_UP = 3_000;
/** With parts of milliseconds, as the system's clock has them: such numbers lie on the heap. */
class FineClock extends FakeClock {
  override monotonicMs(): number {
    return super.monotonicMs() + 0.5;
  }
}

const clock = new FineClock(TEST_START_UNIX_SECONDS);
const { random } = makeFakePorts();
const room = { clock, random, maxBytes: 2 ** 30 };
const EXPIRES = clock.unixSeconds() + 3600;

interface Sized {
  readonly sizeBytes: number;
}

async function held(): Promise<number> {
  forgetKeys();
  for (let i = 0; i < 3; i++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Keys made lately are kept to be used again, so that a cache would not be the only one to hold those of its names. */
function forgetKeys(): void {
  for (const name of FORGOTTEN) nameKey(name);
}

const FORGOTTEN = Array.from({ length: 40_000 }, (_, n) => mustParseName(`${n}.forgotten.`));

/** Fills a cache; gives octets held and counted for each thing added. */
async function fill<Cache extends Sized>(make: () => Cache, add: (cache: Cache, n: number) => void, count = 3000) {
  // Once for what the first time brings along: compiled code, interned texts.
  const first = make();
  for (let n = 0; n < WARM_UP; n++) add(first, n);
  const before = await held();
  const cache = make();
  const empty = cache.sizeBytes;
  for (let n = 0; n < count; n++) add(cache, n);
  const real = ((await held()) - before) / count;
  if (first.sizeBytes < 0) throw new Error('unreachable');
  return { real: Math.round(real), counted: Math.round((cache.sizeBytes - empty) / count) };
}

function expectHonest({ real, counted }: { readonly real: number; readonly counted: number }): void {
  expect(counted * FACTOR, `${real} octets held, ${counted} counted`).toBeGreaterThan(real);
  expect(counted / FACTOR, `${real} octets held, ${counted} counted`).toBeLessThan(real);
}

const ZONE = mustParseName('example.');
const short = (n: number): Name => mustParseName(`host-${n}.mail.example.`);
const long = (n: number): Name => mustParseName(`${[1, 2, 3].map((i) => `${i}`.repeat(61)).join('.')}.${n}.example.`);
/** A name as it is read from a message, or out of another cache: a view on more. */
const read = (name: Name): Name => {
  const whole = new Uint8Array(2048);
  whole.set(name, 100);
  return whole.subarray(100, 100 + name.length) as Name;
};

function setFor(owner: Name, type: number, rdatas: readonly Uint8Array[], signed: boolean): RankedRRset {
  const signatures = signed ? [new Uint8Array(96)] : [];
  const rrset = packRRset({ owner, type, class: CLASS.IN, rdatas, signatures });
  return rankedAt(EXPIRES - 60, 60, rrset, { zone: ZONE });
}

const names = [
  { what: 'short names', name: short },
  { what: 'long names', name: long },
] as const;

test('a set takes no more than is counted for it, though it is looked for, checked and read', async () => {
  let read = 0;
  expectHonest(
    await fill(
      () => new RRsetCache(room),
      (cache, n) => {
        const set = cache.store(setFor(short(n), TYPE.A, [Uint8Array.of(192, 0, 2, 1)], false));
        const { rrset } = cache.replaceVerdict(set, SECURE, EXPIRES);
        read += rrsetOwner(rrset).length + rdatasOf(rrset).length;
      },
      MANY,
    ),
  );
  expect(read).toBeGreaterThan(MANY);
});

describe.each(names)('with $what', ({ name }) => {
  test('RRsets', async () => {
    expectHonest(
      await fill(
        () => new RRsetCache(room),
        (cache, n) => cache.store(setFor(name(n), TYPE.A, [Uint8Array.of(192, 0, 2, 1)], true)),
        MANY,
      ),
    );
  });

  test('answers', async () => {
    expectHonest(
      await fill(
        () => new AnswerCache({ ...room, rrsets: new RRsetCache(room) }),
        (cache, n) => {
          const question = questionOf(name(n), TYPE.A);
          const answer = [setFor(name(n), TYPE.A, [Uint8Array.of(192, 0, 2, 1)], true)];
          const end = { question, rcode: 0, answer, authority: [], additional: [], zone: ZONE, server: null };
          const found = { kind: 'found', aliases: [], end: { kind: 'answer', ...end, expiresAt: EXPIRES } } as const;
          cache.store(question, { found, verdict: null, storedAt: EXPIRES - 60, expiresAt: EXPIRES });
        },
        2 * MANY,
      ),
    );
  });

  test('failures', async () => {
    expectHonest(
      await fill(
        () => new FailureCache(room),
        (cache, n) => {
          const tried = Array.from({ length: 8 }, (_, i) => `2001:db8::${n}:${i}@53 timeout`).join(', ');
          const failure = {
            kind: 'no-reachable-server',
            zone: `zone-${n}.example.`,
            networkError: false,
            tried,
          } as const;
          cache.store(questionOf(name(n), TYPE.A), { failure });
        },
      ),
    );
  });

  test.each([1, 13])('delegations to %i servers', async (servers) => {
    expectHonest(
      await fill(
        () => new DelegationCache(room),
        (cache, n) => {
          const list = Array.from({ length: servers }, (_, i) => ({
            name: read(name(n + i)),
            addresses: [`192.0.2.${n}-${i}`, `2001:db8::${n}:${i}`],
          }));
          const times = { receivedAt: EXPIRES - 60, expiresAt: EXPIRES };
          cache.store({ zone: name(n), servers: list, source: 'referral', ...times, hasDs: false });
        },
        servers === 1 ? MANY : MANY / 4,
      ),
    );
  });

  test('names that are no cut', async () => {
    expectHonest(
      await fill(
        () => new DelegationCache(room),
        (cache, n) => cache.noteNoCut(name(n), EXPIRES),
        3 * MANY,
      ),
    );
  });

  test('zones without keys', async () => {
    expectHonest(
      await fill(
        () => new KeyCache<ZoneKey>({ ...room, keyAgain: (packed) => ({ ...packed, imported: null }) }),
        (cache, n) => {
          const why = { kind: 'no-ds-proven', zone: `zone-${n}.example.` } as const;
          cache.store({ status: 'insecure', zone: name(n), why, expiresAt: EXPIRES });
        },
        3 * MANY,
      ),
    );
  });

  test.each([
    ['P-256', 13, 64],
    ['RSA-2048', 8, 260],
  ])('zones with two keys of %s', async (_what, algorithm, octets) => {
    const crypto = createNodeCrypto({}, 1);
    const { publicKey, rdata } = makeKey(algorithm, { rsaBits: 2048 });
    const keys = [0, 1].map(() => zoneKeyOf(rdata, crypto)).filter((key) => key !== null);
    expect(publicKey.length).toBe(octets);
    expectHonest(
      await fill(
        () => new KeyCache<ZoneKey>({ ...room, keyAgain: (packed) => ({ ...packed, imported: null }) }),
        (cache, n) => {
          cache.store({ status: 'secure', zone: name(n), keys, mustSign: [], expiresAt: EXPIRES });
        },
        MANY,
      ),
    );
  });

  test.each([1, 400])('spans without names, %i in a zone', async (spans) => {
    expectHonest(
      await fill(
        () => new DenialCache(room),
        (cache, n) => {
          const zone = mustParseName(`zone-${Math.floor(n / spans)}.example.`);
          const at = (suffix: string): Name =>
            mustParseName(`a${String(n).padStart(9, '0')}${suffix}.zone-${Math.floor(n / spans)}.example.`);
          const nsec = setFor(at(''), TYPE.NSEC, [Uint8Array.of(...at('x'), 0, 1, 64)], true);
          cache.store({ zone, owner: at(''), next: at('x'), ranked: nsec, learntAt: EXPIRES - 3600 });
        },
        2 * MANY,
      ),
    );
  });

  test.each([1, 400])('spans without hashes, %i in a zone', async (spans) => {
    expectHonest(
      await fill(
        () => new DenialCache(room),
        (cache, n) => {
          const zone = mustParseName(`zone-${Math.floor(n / spans)}.example.`);
          const hash = createHash('sha1').update(`${n}`).digest();
          const owner = mustParseName(`${toBase32hex(hash)}.zone-${Math.floor(n / spans)}.example.`);
          const next = Uint8Array.from(hash).fill(255, 19);
          const rdata = Uint8Array.of(1, 0, 0, 0, 0, 20, ...next, 0, 1, 64);
          const ranked = setFor(owner, TYPE.NSEC3, [rdata], true);
          const span = readNsec3Span(
            { owner: rrsetOwner(ranked.rrset), rdata: rdatasOf(ranked.rrset)[0] ?? rdata, signatureLabels: 3 },
            zone,
          );
          if (span === null) throw new Error('no span');
          cache.storeHashed({ ...span, zone, ranked, learntAt: EXPIRES - 3600 });
        },
        // Some take others' places.
        6 * MANY,
      ),
    );
  });

  test.each([
    ['one zone each', 1, 0],
    ['many zones each', 500, 0],
    ['zones with silent and lame types', 500, 10],
  ])('servers, %s', async (_what, zones, types) => {
    expectHonest(
      await fill(
        () => new ServerCache({ clock, options: { ...DEFAULT_SERVER_CACHE_OPTIONS, maxServers: 1_000_000 } }),
        (cache, n) => {
          const server = `192.0.${Math.floor(n / zones) >> 8}.${Math.floor(n / zones) & 255}@53`;
          const zone = read(name(n));
          cache.report(cache.at(server, zone), { kind: 'answered', rttMs: 20 });
          cache.report(cache.at(server, zone), { kind: 'edns-seen', isGood: true });
          cache.manners(cache.at(server, zone)).cookieFor('', () => new Uint8Array(8));
          for (let type = 1; type <= types; type++) {
            cache.report(cache.at(server, zone), { kind: 'silent', waitedMs: 100, type });
            cache.report(cache.at(server, zone), { kind: 'answered', rttMs: 20 });
            cache.report(cache.at(server, zone), { kind: 'lame', lameness: 'lame', type });
          }
        },
        4000,
      ),
    );
  });

  test('rates', async () => {
    expectHonest(
      await fill(
        () => new RateTable({ ...room, backoff: true }),
        (cache, n) => cache.count(Buffer.from(name(n)).toString('latin1')),
      ),
    );
  });
});
