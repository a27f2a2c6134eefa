/** Proves what is kept of the caches and what is not, where something that they rest on has changed. */

import { describe, expect, test } from 'vitest';
import { createNodeCrypto } from '../../src/adapters/node-crypto.ts';
import {
  forgetData,
  forgetServersOfZone,
  forgetTrust,
  keptForOptionChange,
  keptForReload,
} from '../../src/cache/forget.ts';
import { VALUES_PER_TURN } from '../../src/cache/packed-map.ts';
import { defaultConfig } from '../../src/config/config.ts';
import { makeCaches } from '../../src/daemon/caches.ts';
import { RANK } from '../../src/terms/rank.ts';
import { SECURE } from '../../src/terms/verdict.ts';
import { ROOT } from '../../src/wire/name.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { questionOf } from '../../src/wire/question.ts';
import { CLASS, TYPE } from '../../src/wire/rr-type.ts';
import { makeFakePorts } from '../fake/fake-ports.ts';
import { rankedAt, rrsetFrom } from '../support/records.ts';

const OWNER = mustParseName('mx.example.');
const ZONE = mustParseName('example.');

function filled() {
  const { clock, random } = makeFakePorts();
  const caches = makeCaches(defaultConfig(), { clock, random, crypto: createNodeCrypto() });
  const now = clock.unixSeconds();
  const expiresAt = now + 300;
  caches.rrsets.store(rankedAt(now, 300, rrsetFrom(['mx.example. A 192.0.2.1'])));
  caches.keys.store({ status: 'insecure', zone: ZONE, why: { kind: 'negative-anchor', zone: 'example.' }, expiresAt });
  caches.failures.store(questionOf(OWNER, TYPE.MX), { failure: { kind: 'no-server-addresses', zone: 'example.' } });
  return caches;
}

describe('what is kept', () => {
  test('over a reload: data and servers, but neither trust nor finished replies', () => {
    expect(Object.keys(keptForReload(filled())).sort()).toEqual(['answers', 'delegations', 'rrsets', 'servers']);
  });

  test('over a changed option: all but finished replies', () => {
    const caches = filled();
    const { replies: _, ...others } = caches;
    expect(keptForOptionChange(caches)).toEqual(others);
  });
});

describe('what is forgotten', () => {
  test('after a guessed answer: data, not what signatures have proven', () => {
    const caches = filled();
    forgetData(caches);
    expect(caches.rrsets.find(OWNER, TYPE.A, CLASS.IN)).toBe(null);
    expect(caches.keys.find(ZONE)).not.toBe(null);
  });

  test('with other servers for a zone: failures, not data', () => {
    const caches = filled();
    expect(caches.failures.find(questionOf(OWNER, TYPE.MX))).not.toBe(null);
    forgetServersOfZone(ZONE, caches);
    expect(caches.failures.find(questionOf(OWNER, TYPE.MX))).toBe(null);
    expect(caches.rrsets.find(OWNER, TYPE.A, CLASS.IN)).not.toBe(null);
  });
});

describe('old trust, while large caches are gone through', () => {
  const SETS = 5 * VALUES_PER_TURN;
  const ownerOf = (n: number) => mustParseName(`n${n}.example.`);

  /** Caches full of secure data, and a sweep whose turns the test gives one by one. */
  function swept() {
    const { clock, random } = makeFakePorts();
    const caches = makeCaches(defaultConfig(), { clock, random, crypto: createNodeCrypto() });
    const secure = (owner: string) => {
      const validated = { rank: RANK.validated, verdict: SECURE, server: null };
      return rankedAt(clock.unixSeconds(), 300, rrsetFrom([`${owner} A 192.0.2.1`]), validated);
    };
    const answerOf = (owner: string) => {
      const question = questionOf(mustParseName(owner), TYPE.A);
      const set = secure(owner);
      const end = { kind: 'answer', rcode: 0, question, answer: [set], authority: [], additional: [] } as const;
      const found = {
        kind: 'found',
        aliases: [],
        end: { ...end, zone: ROOT, server: null, expiresAt: set.expiresAt },
      } as const;
      return { question, cached: { found, verdict: SECURE, storedAt: set.receivedAt, expiresAt: set.expiresAt } };
    };
    const storeAnswer = (owner: string) => {
      const { question, cached } = answerOf(owner);
      caches.answers.store(question, cached);
    };
    for (let n = 0; n < SETS; n++) {
      caches.rrsets.store(secure(`n${n}.example.`));
      storeAnswer(`n${n}.example.`);
    }
    caches.rrsets.store(secure('www.other.'));
    storeAnswer('www.other.');
    let turns = 0;
    const waiting: (() => void)[] = [];
    const pause = () => {
      turns++;
      return new Promise<void>((resume) => void waiting.push(resume));
    };
    let isDone = false;
    const done = forgetTrust({ caches, pause }, ZONE).then(() => {
      isDone = true;
    });
    const turn = async () => {
      for (const resume of waiting.splice(0)) resume();
      for (let i = 0; i < 10; i++) await Promise.resolve();
    };
    const finish = async () => {
      while (!isDone) await turn();
      await done;
    };
    return { clock, caches, secure, storeAnswer, turn, finish, turns: () => turns, isDone: () => isDone };
  }

  test('is found by nobody from the first moment on, and other zones keep theirs', async () => {
    const { caches, turn, isDone } = swept();
    do {
      for (const n of [0, SETS / 2, SETS - 1]) {
        expect(caches.rrsets.find(ownerOf(n), TYPE.A, CLASS.IN)).toBe(null);
        expect(caches.rrsets.findStale(ownerOf(n), TYPE.A, CLASS.IN)).toBe(null);
        expect(caches.answers.find(questionOf(ownerOf(n), TYPE.A))).toBe(null);
        expect(caches.answers.findStale(questionOf(ownerOf(n), TYPE.A))).toBe(null);
      }
      expect(caches.rrsets.find(mustParseName('www.other.'), TYPE.A, CLASS.IN)).not.toBe(null);
      expect(caches.answers.find(questionOf(mustParseName('www.other.'), TYPE.A))).not.toBe(null);
      await turn();
    } while (!isDone());
    expect(caches.rrsets.count).toBe(1);
    expect(caches.answers.count).toBe(1);
  });

  test('gives others their turn between pieces', async () => {
    const { finish, turns } = swept();
    await finish();
    expect(turns()).toBeGreaterThanOrEqual((2 * SETS) / VALUES_PER_TURN);
  });

  test('does not come back from what was worked on meanwhile, and data without verdict is not given the old one', async () => {
    const { clock, caches, secure, storeAnswer, turn, finish } = swept();
    await turn();
    caches.rrsets.store(secure('n0.example.'));
    storeAnswer('n0.example.');
    const plain = rankedAt(clock.unixSeconds(), 300, secure('n2499.example.').rrset, { verdict: null });
    expect(caches.rrsets.store(plain).verdict).toBe(null);
    expect(caches.rrsets.find(ownerOf(SETS - 1), TYPE.A, CLASS.IN)?.verdict).toBe(null);
    caches.keys.store({
      status: 'insecure',
      zone: ZONE,
      why: { kind: 'negative-anchor', zone: 'example.' },
      expiresAt: clock.unixSeconds() + 300,
    });
    caches.failures.store(questionOf(OWNER, TYPE.MX), { failure: { kind: 'no-server-addresses', zone: 'example.' } });
    await finish();
    expect(caches.rrsets.find(ownerOf(0), TYPE.A, CLASS.IN)).toBe(null);
    expect(caches.answers.find(questionOf(ownerOf(0), TYPE.A))).toBe(null);
    expect(caches.keys.find(ZONE)).toBe(null);
    expect(caches.failures.find(questionOf(OWNER, TYPE.MX))).toBe(null);
    caches.rrsets.store(secure('n0.example.'));
    expect(caches.rrsets.find(ownerOf(0), TYPE.A, CLASS.IN)?.verdict).toEqual(SECURE);
  });
});
