/** Proves that a store which is down is left alone, longer each time, and asked again by one question at a time. */

import { expect, test } from 'vitest';
import { StoreBreaker } from '../../src/resolve/store-breaker.ts';

function at(): { nowMs: number; monotonicMs(): number } {
  return {
    nowMs: 0,
    monotonicMs() {
      return this.nowMs;
    },
  };
}

test('one or two faults change nothing; the third leaves it alone', () => {
  const breaker = new StoreBreaker(at());
  expect([breaker.noteFault(), breaker.noteFault(), breaker.mayAsk(), breaker.isDown]).toEqual([
    false,
    false,
    true,
    false,
  ]);
  expect([breaker.noteFault(), breaker.mayAsk(), breaker.isDown]).toEqual([true, false, true]);
});

test('an answer between them begins the count anew', () => {
  const breaker = new StoreBreaker(at());
  for (let i = 0; i < 10; i++) {
    breaker.noteFault();
    breaker.noteFault();
    expect(breaker.noteAnswer()).toBe(false);
  }
  expect(breaker.mayAsk()).toBe(true);
});

test('one question tries it after each pause, and pauses double up to 30 s', () => {
  const clock = at();
  const breaker = new StoreBreaker(clock);
  for (let i = 0; i < 3; i++) breaker.noteFault();
  const pauses: number[] = [];
  for (let i = 0; i < 8; i++) {
    const from = clock.nowMs;
    while (!breaker.mayAsk()) clock.nowMs += 100;
    pauses.push(clock.nowMs - from);
    expect(breaker.mayAsk()).toBe(false);
    expect(breaker.noteFault()).toBe(false);
  }
  expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  while (!breaker.mayAsk()) clock.nowMs += 100;
  expect(breaker.noteAnswer()).toBe(true);
  expect([breaker.mayAsk(), breaker.mayAsk()]).toEqual([true, true]);
});

test('what was asked before it went down makes no pause longer', () => {
  const clock = at();
  const breaker = new StoreBreaker(clock);
  for (let i = 0; i < 100; i++) breaker.noteFault();
  clock.nowMs = 1_000;
  expect(breaker.mayAsk()).toBe(true);
});
