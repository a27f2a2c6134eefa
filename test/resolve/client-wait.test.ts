/** Proves that a client's wait ends early when something else will do, and that nothing is lost by it. */

import { expect, test } from 'vitest';
import { ClientWait } from '../../src/resolve/client-wait.ts';
import type { Answered, Resolution } from '../../src/terms/resolution.ts';
import { SECURE } from '../../src/terms/verdict.ts';
import { Deadlines } from '../../src/work/deadlines.ts';
import { FakeClock } from '../fake/fake-clock.ts';
import { questionFrom } from '../support/records.ts';

const QUESTION = questionFrom('x.');
const answered = (rcode: number, expiresAt = 0): Answered => {
  const sections = { answer: [], authority: [], additional: [] };
  return { kind: 'answered', question: QUESTION, rcode, denied: false, ...sections, verdict: SECURE, expiresAt };
};
const RESULT = answered(0);
const STALE = answered(3);

/** A wait of at most 200 ms; after 100 ms, and in place of what is not good, `stale` is served. */
function waiting(stale: readonly (Answered | null)[] = []) {
  const clock = new FakeClock(1_700_000_000);
  const deadlines = new Deadlines(clock);
  const reported: unknown[] = [];
  const told: (Resolution | Error)[] = [];
  const left = [...stale];
  const parts = {
    ...{ clock, deadlines, wallTimeMs: 200, staleAfterMs: 100 },
    hasExpired: () => stale.length > 0,
    expired: () => left.shift() ?? null,
    report: (error: unknown) => reported.push(error),
  };
  const client = { take: (end: Resolution) => told.push(end), fail: (error: unknown) => told.push(error as Error) };
  const wait = new ClientWait(parts, QUESTION, client);
  wait.start();
  const pass = async (ms: number): Promise<void> => {
    clock.skip(ms);
    await clock.settle();
  };
  return { wait, told, reported, deadlines, pass };
}

test('the result comes when it is there first, and nothing after it', async () => {
  const { wait, told, deadlines, pass } = waiting([STALE]);
  await pass(50);
  wait.take(RESULT);
  await pass(400);
  expect(told).toEqual([RESULT]);
  expect(deadlines.count).toBe(0);
});

test('expired data comes when the client has waited long enough, and the late result is nobody’s', async () => {
  const { wait, told, pass } = waiting([STALE]);
  await pass(99);
  expect(told).toEqual([]);
  await pass(1);
  wait.take(RESULT);
  await pass(400);
  expect(told).toEqual([STALE]);
});

test('without expired data the wait fails at its deadline, also when there was some at its start', async () => {
  for (const { told, pass } of [waiting(), waiting([null])]) {
    await pass(199);
    expect(told).toEqual([]);
    await pass(1);
    expect(told).toMatchObject([{ kind: 'failed', why: { kind: 'deadline' } }]);
  }
});

test('expired data stands in for a failure, and for the deadline', async () => {
  const failed = waiting([STALE]);
  failed.wait.take({ kind: 'failed', question: QUESTION, why: { kind: 'cancelled' } });
  expect(failed.told).toEqual([STALE]);
  const late = waiting([null, STALE]);
  await late.pass(200);
  expect(late.told).toEqual([STALE]);
});

test('a bug that shows after the early end is reported, one before it is told', async () => {
  const late = waiting();
  await late.pass(250);
  late.wait.fail(new Error('late'));
  expect(late.reported).toEqual([new Error('late')]);
  expect(late.told).toHaveLength(1);
  const first = waiting();
  first.wait.fail(new Error('first'));
  await first.pass(250);
  expect(first.told).toEqual([new Error('first')]);
  expect(first.reported).toEqual([]);
});
