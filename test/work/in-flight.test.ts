/**
 * Proves that equal questions share one work, that works never wait for each other for ever, that the waits-for graph is
 * right on every path, and what stopping does.
 */

import { describe, expect, test } from 'vitest';
import { formatName } from '../../src/wire/name-text.ts';
import { Budget } from '../../src/work/budget.ts';
import { Cancelled } from '../../src/work/cancelled.ts';
import { InFlight, MAX_WORKS_VISITED } from '../../src/work/in-flight.ts';
import type { StopSignal } from '../../src/work/stop-signal.ts';
import { Work } from '../../src/work/work.ts';
import { DEFAULT_ALLOWANCE } from '../support/default-options.ts';
import { questionFrom } from '../support/records.ts';

type Value = string;

class Bench {
  readonly reported: unknown[] = [];
  readonly flight = new InFlight<Value>({
    isCallerSpecific: (value) => value.startsWith('mine'),
    refused: ({ name }) => `cycle at ${formatName(name)}`,
    report: (error) => this.reported.push(error),
  });
  starts = 0;

  work(parent: Work | null = null): Work {
    this.starts++;
    return new Work({
      id: this.starts,
      question: questionFrom('x.'),
      mode: 'normal',
      parent,
      budget: new Budget(DEFAULT_ALLOWANCE),
      startedMs: 0,
      deadlineMs: Number.POSITIVE_INFINITY,
      trace: null,
    });
  }

  share(key: string, parent: Work | null, run: (work: Work) => Promise<Value>) {
    return this.flight.share(key, parent, () => this.work(parent), run);
  }
}

function gate<T>() {
  return Promise.withResolvers<T>();
}

/** Lets everything that can go on go on. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('sharing', () => {
  test('a client that throws when it is told keeps the answer from no other', async () => {
    const bench = new Bench();
    const answer = gate<Value>();
    const seen: Value[] = [];
    const bug = new Error('not ready for that');
    const thrower = {
      take: (): void => {
        throw bug;
      },
      fail: (): void => {},
    };
    bench.flight.tell(
      thrower,
      'a',
      () => bench.work(),
      () => answer.promise,
    );
    void bench.share('a', null, () => answer.promise).then((value) => seen.push(value));
    answer.resolve('good');
    await settle();
    expect(seen).toEqual(['good']);
    expect(bench.reported).toEqual([bug]);
    expect(bench.flight.count).toBe(0);
  });

  test('runs one work for equal keys and gives all the same value', async () => {
    const bench = new Bench();
    const answer = gate<Value>();
    const all = ['a', 'a', 'b'].map((key) => bench.share(key, null, () => answer.promise));
    expect(bench.flight.count).toBe(2);
    expect(bench.flight.list().map(({ key, clients, works }) => [key, clients, works])).toEqual([
      ['a', 2, 0],
      ['b', 1, 0],
    ]);
    answer.resolve('done');
    expect(await Promise.all(all)).toEqual(Array(3).fill('done'));
    expect(bench.starts).toBe(2);
    expect(bench.flight.count).toBe(0);
  });

  test('tells clients who need no promise, whether they begin a work or join one', async () => {
    const bench = new Bench();
    const answer = gate<Value>();
    const told: string[] = [];
    const client = (name: string) => ({
      take: (value: Value) => told.push(`${name} ${value}`),
      fail: (error: unknown) => told.push(`${name} ${String(error)}`),
    });
    for (const name of ['first', 'second']) {
      bench.flight.tell(
        client(name),
        'a',
        () => bench.work(),
        () => answer.promise,
      );
    }
    bench.flight.tell(
      client('bug'),
      'b',
      () => bench.work(),
      () => Promise.reject(new Error('bug')),
    );
    expect(bench.flight.list().map(({ key, clients, works }) => [key, clients, works])).toEqual([
      ['a', 2, 0],
      ['b', 1, 0],
    ]);
    expect(told).toEqual([]);
    answer.resolve('done');
    await settle();
    expect(told.toSorted()).toEqual(['bug Error: bug', 'first done', 'second done']);
    expect(bench.reported).toEqual([]);
    expect(bench.flight.count).toBe(0);
  });

  test('starts anew after the work has ended', async () => {
    const bench = new Bench();
    await bench.share('a', null, async () => 'one');
    expect(await bench.share('a', null, async () => 'two')).toEqual('two');
  });

  test('gives a bug to everyone who waits, and clears the table', async () => {
    const bench = new Bench();
    const answer = gate<Value>();
    const all = [bench.share('a', null, () => answer.promise), bench.share('a', null, () => answer.promise)];
    answer.reject(new Error('bug'));
    const ends = await Promise.allSettled(all);
    expect(ends.map((end) => end.status)).toEqual(['rejected', 'rejected']);
    expect(bench.flight.count).toBe(0);
    expect(bench.reported).toEqual([]);
  });

  test('a run that throws at once is a rejection, and clears the table', async () => {
    const bench = new Bench();
    const thrown = bench.share('a', null, () => {
      throw new Error('bug');
    });
    await expect(thrown).rejects.toThrow('bug');
    expect(bench.flight.count).toBe(0);
  });
});

describe('the waits-for graph', () => {
  test('holds a wait exactly while it lasts', async () => {
    const bench = new Bench();
    const asker = bench.work();
    const answer = gate<Value>();
    const shared = bench.share('a', asker, () => answer.promise);
    await settle();
    expect([...asker.waitsFor]).toEqual([bench.flight.find('a')]);
    answer.resolve('done');
    await shared;
    expect(asker.waitsFor.size).toBe(0);
  });

  test('is clear after a bug', async () => {
    const bench = new Bench();
    const asker = bench.work();
    const shared = bench.share('a', asker, async () => {
      throw new Error('bug');
    });
    await expect(shared).rejects.toThrow('bug');
    expect(asker.waitsFor.size).toBe(0);
  });

  test('keeps a second wait of the same asker for the same work', async () => {
    const bench = new Bench();
    const asker = bench.work();
    const answer = gate<Value>();
    const both = [bench.share('a', asker, () => answer.promise), bench.share('a', asker, () => answer.promise)];
    await settle();
    expect(asker.waitsFor.size).toBe(1);
    answer.resolve('done');
    await Promise.all(both);
    expect(asker.waitsFor.size).toBe(0);
  });

  test('refuses a work that asks for itself', async () => {
    const bench = new Bench();
    const end = await bench.share('a', null, async (work) => {
      return await bench.share('a', work, async () => 'never');
    });
    expect(end).toBe('cycle at x.');
    expect(bench.starts).toBe(1);
  });

  test('refuses a work that asks for its asker before its first wait', async () => {
    const bench = new Bench();
    const end = await bench.share('a', null, async (a) => {
      return await bench.share('b', a, async (b) => `b: ${await bench.share('a', b, async () => 'never')}`);
    });
    expect(end).toBe('b: cycle at x.');
  });

  test('lets all of three that wait in a ring finish, whichever is asked first', async () => {
    const bench = new Bench();
    const next: Record<string, string> = { a: 'b', b: 'c', c: 'a' };
    const run =
      (key: string) =>
      async (work: Work): Promise<Value> => {
        await settle();
        const inner = await bench.share(next[key] ?? '', work, run(next[key] ?? ''));
        return inner.startsWith('cycle') ? 'mine: cycle' : `${key}>${inner}`;
      };
    const ends = await Promise.all(['a', 'b', 'c'].map((key) => bench.share(key, null, run(key))));
    expect(ends.every((end) => end === 'mine: cycle' || end.includes('>'))).toBe(true);
    expect(bench.flight.count).toBe(0);
  });

  test('refuses when too many works hang together to tell', async () => {
    const bench = new Bench();
    const answer = gate<Value>();
    const shared = bench.share('a', null, () => answer.promise);
    const root = bench.flight.find('a');
    const crowd = Array.from({ length: MAX_WORKS_VISITED }, () => bench.work());
    for (const work of crowd) root?.waitsFor.add(work);
    expect(await bench.share('a', bench.work(), async () => 'never')).toBe('cycle at x.');
    root?.waitsFor.delete(crowd[0] as Work);
    const joined = bench.share('a', bench.work(), async () => 'never');
    answer.resolve('done');
    expect(await joined).toEqual('done');
    await shared;
  });
});

describe('a result for its caller only', () => {
  test('goes to the one who ran it; a joiner starts again by itself', async () => {
    const bench = new Bench();
    const first = gate<Value>();
    const runner = bench.share('a', null, () => first.promise);
    const joiner = bench.share('a', null, async () => 'mine');
    first.resolve('mine: limit');
    expect(await runner).toEqual('mine: limit');
    expect(await joiner).toEqual('mine');
  });

  test('makes many joiners share the second try, and gives up sharing at the third', async () => {
    const bench = new Bench();
    let runs = 0;
    const run = async (): Promise<Value> => {
      runs++;
      await settle();
      return 'mine: limit';
    };
    const ends = await Promise.all(Array.from({ length: 5 }, () => bench.share('a', null, run)));
    expect(ends).toEqual(Array(5).fill('mine: limit'));
    expect(runs).toBe(5);
    expect(bench.flight.count).toBe(0);
  });

  test('of a second try is taken as it is', async () => {
    const bench = new Bench();
    const first = gate<Value>();
    const runner = bench.share('a', null, () => first.promise);
    const joiner = bench.share('a', null, async () => 'mine: mine');
    first.resolve('mine: yours');
    await runner;
    expect(await joiner).toEqual('mine: mine');
  });
});

describe('stopping', () => {
  test('makes a work leave what it waits for, which goes on', async () => {
    const bench = new Bench();
    const asker = bench.work();
    const answer = gate<Value>();
    const shared = bench.share('a', asker, () => answer.promise);
    await settle();
    asker.abort();
    await expect(shared).rejects.toBeInstanceOf(Cancelled);
    expect(asker.waitsFor.size).toBe(0);
    expect(bench.flight.count).toBe(1);
    answer.resolve('done');
    await settle();
    expect(bench.flight.count).toBe(0);
  });

  test('lets a stopped work start nothing', async () => {
    const bench = new Bench();
    const asker = bench.work();
    asker.abort();
    await expect(bench.share('a', asker, async () => 'never')).rejects.toBeInstanceOf(Cancelled);
    expect(bench.starts).toBe(1);
  });

  test('of the work that runs makes joiners start again', async () => {
    const bench = new Bench();
    const never = gate<Value>();
    const runner = bench.share('a', null, (work) => {
      work.signal.addEventListener('abort', () => never.reject(new Cancelled()));
      return never.promise;
    });
    const joiner = bench.share('a', null, async () => 'mine');
    bench.flight.find('a')?.abort();
    await expect(runner).rejects.toBeInstanceOf(Cancelled);
    expect(await joiner).toEqual('mine');
  });

  test('reports a bug of a work that everybody has left, and no cancellation', async () => {
    const bench = new Bench();
    const askers = [bench.work(), bench.work()];
    const gates = [gate<Value>(), gate<Value>()];
    const shares = askers.map((asker, i) => bench.share(`k${i}`, asker, () => gates[i]?.promise ?? Promise.reject()));
    await settle();
    for (const asker of askers) asker.abort();
    await Promise.allSettled(shares);
    const bug = new Error('bug');
    gates[0]?.reject(bug);
    gates[1]?.reject(new Cancelled());
    await settle();
    expect(bench.reported).toEqual([bug]);
  });

  test('all stops every work', async () => {
    const bench = new Bench();
    const signals: StopSignal[] = [];
    const answer = gate<Value>();
    const all = ['a', 'b'].map((key) =>
      bench.share(key, null, (work) => {
        signals.push(work.signal);
        return answer.promise;
      }),
    );
    bench.flight.abortAll();
    expect(signals.map((signal) => signal.aborted)).toEqual([true, true]);
    answer.resolve('done');
    await Promise.all(all);
  });
});
