/**
 * Proves what the resolver itself decides: sharing, asking elsewhere when data is bogus, what is kept and for how long, what
 * is never kept, room for new questions. Iteration and validation are played.
 */

import { describe, expect, test } from 'vitest';
import { AnswerCache } from '../../src/cache/answer-cache.ts';
import { FailureCache } from '../../src/cache/failure-cache.ts';
import { RRsetCache } from '../../src/cache/rrset-cache.ts';
import type { IterateCallOptions } from '../../src/iterate/iterate.ts';
import type { ResolveOptions } from '../../src/resolve/parts.ts';
import { Resolver } from '../../src/resolve/resolver.ts';
import type { IterationResult } from '../../src/terms/iteration-result.ts';
import type { RankedRRset } from '../../src/terms/ranked-rrset.ts';
import type { Resolution } from '../../src/terms/resolution.ts';
import { SECURE, type Verdict } from '../../src/terms/verdict.ts';
import { Counters } from '../../src/trace/counters.ts';
import { Trace } from '../../src/trace/trace.ts';
import { ROOT } from '../../src/wire/name.ts';
import type { Question } from '../../src/wire/question.ts';
import { RCODE } from '../../src/wire/rcode.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { packRRset } from '../../src/wire/rrset.ts';
import type { Fetch } from '../../src/work/fetch.ts';
import type { Work } from '../../src/work/work.ts';
import { FakeClock } from '../fake/fake-clock.ts';
import { SeededRandom } from '../fake/fake-random.ts';
import { DEFAULT_ALLOWANCE, DEFAULT_RESOLVE_OPTIONS } from '../support/default-options.ts';
import { questionFrom, rankedAt } from '../support/records.ts';

const NOW = 1_700_000_000;
const QUESTION = questionFrom('mx.example. A');
const BOGUS: Verdict = { status: 'bogus', why: { kind: 'no-signature', zone: 'example.', record: 'mx.example. A' } };
const OPTIONS: ResolveOptions = {
  maxRestarts: 5,
  bogusTtlSeconds: 60,
  failureTtlSeconds: 5,
  wallTimeMs: 9000,
  maxWorks: 2,
  jostleMs: 200,
  graceMs: 0,
  prefetch: false,
  serveExpired: DEFAULT_RESOLVE_OPTIONS.serveExpired,
  allowance: DEFAULT_ALLOWANCE,
};

function rankedBy(question: Question, server: string, ttl = 300, at = NOW): RankedRRset {
  const { name: owner, type, class: rrClass } = question;
  const rrset = packRRset({ owner, type, class: rrClass, rdatas: [Uint8Array.of(192, 0, 2, 1)], signatures: [] });
  return rankedAt(at, ttl, rrset, { server });
}

function foundFrom(question: Question, server: string, ttl = 300, at = NOW): IterationResult {
  const answer = [rankedBy(question, server, ttl, at)];
  const end = { kind: 'answer', question, rcode: RCODE.NOERROR, answer, authority: [], additional: [] } as const;
  return { kind: 'found', aliases: [], end: { ...end, zone: ROOT, server, expiresAt: at + ttl } };
}

/** A resolver whose tree is `ask` and whose validate is `validate`. */
function makeResolver(
  ask: (work: Work, call: IterateCallOptions, fetch: Fetch) => IterationResult | Promise<IterationResult>,
  verdictOf: (server: string) => Verdict = () => SECURE,
) {
  const clock = new FakeClock(NOW);
  const asked: IterateCallOptions[] = [];
  const counters = new Counters();
  const random = new SeededRandom(1);
  const rrsets = new RRsetCache({ clock, random, maxBytes: 1 << 20 });
  const resolver = new Resolver({
    clock,
    rrsets,
    answers: new AnswerCache({ clock, random, rrsets, maxBytes: 1 << 20 }),
    failures: new FailureCache({ clock, maxBytes: 1 << 20 }),
    counters,
    options: OPTIONS,
    report: (error) => expect.unreachable(String(error)),
    makeIterate: (fetch) => (work, call, asker) => {
      asked.push(call);
      void (async () => ask(work, call, fetch))().then(
        (found) => asker.take(found),
        (error: unknown) => asker.fail(error),
      );
      return null;
    },
    makeValidate: () => async (_work, found) => {
      const server = found.end.server ?? '';
      const verdict = verdictOf(server);
      return { verdict, found, badServers: verdict.status === 'bogus' ? [server] : [] };
    },
  });
  return { resolver, clock, asked, counters, rrsets };
}

function statusOf(resolution: Resolution): string {
  return resolution.kind === 'failed' ? resolution.why.kind : (resolution.verdict?.status ?? 'unchecked');
}

describe('resolver', () => {
  test('asks the tree once for askers of the same question, and not again while the answer lives', async () => {
    const { resolver, asked, clock } = makeResolver((work) => foundFrom(work.question, 'good@53'));
    const both = await Promise.all([resolver.resolve(QUESTION), resolver.resolve(QUESTION)]);
    expect(both.map(statusOf)).toEqual(['secure', 'secure']);
    await resolver.resolve(QUESTION);
    expect(asked.length).toBe(1);
    clock.skip(300_000);
    await resolver.resolve(QUESTION);
    expect(asked.length).toBe(2);
  });

  test('asks other servers when one gives bogus data, and keeps the good answer', async () => {
    const verdictOf = (server: string) => (server === 'liar@53' ? BOGUS : SECURE);
    const { resolver, asked } = makeResolver(
      (work, call) => foundFrom(work.question, call.avoid?.has('liar@53') === true ? 'honest@53' : 'liar@53'),
      verdictOf,
    );
    expect(statusOf(await resolver.resolve(QUESTION))).toBe('secure');
    expect(asked.length).toBe(2);
    expect(asked[1]?.refresh).toBe(true);
    expect(statusOf(resolver.find(QUESTION) as Resolution)).toBe('secure');
  });

  test('believes that data is bogus when nobody else can be asked, for val-bogus-ttl and no longer', async () => {
    let at = NOW;
    const { resolver, asked, clock, counters } = makeResolver(
      (work) => foundFrom(work.question, 'liar@53', 300, at),
      () => BOGUS,
    );
    expect(statusOf(await resolver.resolve(QUESTION))).toBe('bogus');
    expect(asked.length).toBe(2);
    await resolver.resolve(QUESTION);
    expect(asked.length).toBe(2);
    expect(counters.get('bogus.no-signature')).toBeGreaterThan(0);
    clock.skip(OPTIONS.bogusTtlSeconds * 1000);
    at = clock.unixSeconds();
    await resolver.resolve(QUESTION);
    expect(asked.length).toBe(4);
  });

  test('asks anew before it blames a server for data that was remembered', async () => {
    const avoided: string[] = [];
    const { resolver } = makeResolver(
      (work, { avoid = [] }) => {
        avoided.push([...avoid].join(' '));
        return foundFrom(work.question, 'resigned@53', 300, NOW - 100);
      },
      () => BOGUS,
    );
    await resolver.resolve(QUESTION);
    expect(avoided).toEqual(['', 'memory', 'memory resigned@53']);
  });

  test('restarts at most val-max-restart times', async () => {
    let servers = 0;
    const { resolver, asked } = makeResolver(
      (work) => foundFrom(work.question, `liar${++servers}@53`),
      () => BOGUS,
    );
    await resolver.resolve(QUESTION);
    expect(asked.length).toBe(1 + OPTIONS.maxRestarts);
  });

  test('remembers a failure for a short time, and says that it is remembered', async () => {
    const why = { kind: 'no-server-addresses', zone: 'example.' } as const;
    const { resolver, asked, clock } = makeResolver(() => ({ kind: 'failed', why }));
    expect(statusOf(await resolver.resolve(QUESTION))).toBe('no-server-addresses');
    expect(statusOf(await resolver.resolve(QUESTION))).toBe('cached-failure');
    clock.skip(OPTIONS.failureTtlSeconds * 1000);
    expect(statusOf(await resolver.resolve(QUESTION))).toBe('no-server-addresses');
    expect(asked.length).toBe(2);
  });

  // RFC 9520 §2: what ran out of time or means once is not tried again for each who asks; but the wait does not grow.
  test.each([{ kind: 'deadline' }, { kind: 'limit', limit: 'sent-count' }] as const)(
    'remembers $kind for a short time, again and again the same',
    async (why) => {
      const { resolver, asked, clock } = makeResolver(() => ({ kind: 'failed', why }));
      for (let i = 1; i <= 3; i++) {
        expect(statusOf(await resolver.resolve(QUESTION))).toBe(why.kind);
        expect(statusOf(await resolver.resolve(QUESTION))).toBe('cached-failure');
        expect(asked.length).toBe(i);
        clock.skip(OPTIONS.failureTtlSeconds * 1000);
      }
    },
  );

  test.each(['cancelled', 'dependency-cycle'] as const)('never remembers %s', async (kind) => {
    const { resolver, asked } = makeResolver(() => ({ kind: 'failed', why: { kind } }));
    await resolver.resolve(QUESTION);
    await resolver.resolve(QUESTION);
    expect(asked.length).toBe(2);
  });

  test('refuses a fetch that would wait for its own asker', async () => {
    const { resolver } = makeResolver(async (work, _call, fetch) => {
      const inner = await fetch(work, work.parent === null ? questionFrom('a. MX') : work.question);
      return inner;
    });
    const resolution = await resolver.resolve(QUESTION);
    expect(resolution.kind === 'failed' && resolution.why).toEqual({ kind: 'dependency-cycle' });
  });

  test('lets children spend from the budget of the client query', async () => {
    const budgets = new Set<unknown>();
    let works = 0;
    const { resolver } = makeResolver(async (work, _call, fetch) => {
      budgets.add(work.budget);
      if (++works < 4) await fetch(work, questionFrom(`d${works}. MX`));
      return foundFrom(work.question, 'good@53');
    });
    await resolver.resolve(QUESTION);
    expect(budgets.size).toBe(1);
  });

  test('answers a fetch of an address from the cache, but not from a server to avoid', async () => {
    const { resolver, rrsets, asked } = makeResolver(async (work, call, fetch) => {
      if (work.parent !== null) return foundFrom(work.question, call.avoid?.size === 1 ? 'other@53' : 'first@53');
      const child = questionFrom('ns.example. A');
      rrsets.store(rankedBy(child, 'first@53'));
      const known = await fetch(work, child);
      const fresh = await fetch(work, child, { avoid: new Set(['first@53']) });
      const servers = [known, fresh].map((found) => (found.kind === 'found' ? found.end.server : null));
      expect(servers).toEqual(['first@53', 'other@53']);
      return foundFrom(work.question, 'good@53');
    });
    expect(statusOf(await resolver.resolve(QUESTION))).toBe('secure');
    expect(asked.length).toBe(2);
  });

  test('a place is free again when its work has ended, by an answer or by a failure', async () => {
    const failed = { kind: 'failed', why: { kind: 'limit', limit: 'aliases' } } as const;
    const { resolver } = makeResolver((work) =>
      work.question.type === TYPE.MX ? failed : foundFrom(work.question, 'good@53'),
    );
    for (let i = 0; i <= OPTIONS.maxWorks; i++) {
      expect(statusOf(await resolver.resolve(questionFrom(`a${i}.example. A`)))).toBe('secure');
      expect(statusOf(await resolver.resolve(questionFrom(`a${i}.example. MX`)))).toBe('limit');
    }
  });

  test('throws out an old work of the second half of places to make room, and refuses when all are young', async () => {
    const { resolver, clock } = makeResolver(
      (work) => new Promise((_, reject) => work.signal.addEventListener('abort', () => reject(new Error('stopped')))),
    );
    const waiting = ['a.', 'b.'].map((name) => resolver.resolve(questionFrom(name)));
    waiting.forEach((each) => void each.catch(() => undefined));
    const young = await resolver.resolve(questionFrom('c. A'));
    expect(statusOf(young)).toBe('overload');
    clock.skip(OPTIONS.jostleMs);
    void resolver.resolve(questionFrom('d. A')).catch(() => undefined);
    await expect(waiting[1]).rejects.toThrow('stopped');
    expect(resolver.works().map((entry) => entry.work.question.name[1])).toContain('d'.charCodeAt(0));
    expect(resolver.works().map((entry) => entry.work.question.name[1])).toContain('a'.charCodeAt(0));
  });

  test('gives every step to the trace of its own asker', async () => {
    const trace = new Trace();
    const { resolver } = makeResolver((work) => foundFrom(work.question, 'good@53'));
    await resolver.resolve(QUESTION, { trace });
    expect(trace.events().map((event) => event.kind)).toContain('verdict');
  });
});
