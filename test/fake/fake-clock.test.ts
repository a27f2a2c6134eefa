/** Proves the fake clock's rules: order of timers and turns, leaping, waiting for outside work, and the word for a hang. */

import { describe, expect, test } from 'vitest';
import { FakeClock, HangError } from './fake-clock.ts';

describe('the fake clock', () => {
  test('runs timers in order of due time, then of registration', async () => {
    const clock = new FakeClock(1_000);
    const seen: string[] = [];
    clock.after(20, () => seen.push('late'));
    clock.after(10, () => seen.push('first'));
    clock.after(10, () => seen.push('second'));
    await clock.advance(15);
    expect(seen).toEqual(['first', 'second']);
    await clock.advance(5);
    expect(seen).toEqual(['first', 'second', 'late']);
  });

  test('runs the microtasks of one turn before the next turn', async () => {
    const clock = new FakeClock(0);
    const seen: string[] = [];
    clock.inTurn(() => {
      void Promise.resolve().then(() => seen.push('microtask of the first'));
    });
    clock.inTurn(() => seen.push('second'));
    await clock.settle();
    expect(seen).toEqual(['microtask of the first', 'second']);
  });

  test('forgets a cancelled timer and keeps the others', async () => {
    const clock = new FakeClock(0);
    const seen: number[] = [];
    const cancels = [1, 2, 3].map((n) => clock.after(n, () => seen.push(n)));
    cancels[1]?.();
    cancels[1]?.();
    await clock.advance(10);
    expect(seen).toEqual([1, 3]);
    expect(clock.timerCount).toBe(0);
  });

  test('lets a repeated timer run once when time leaps', async () => {
    const clock = new FakeClock(0);
    let runs = 0;
    const again = () => {
      runs++;
      clock.after(1_000, again);
    };
    clock.after(1_000, again);
    await clock.leap(3_600_000);
    expect(runs).toBe(1);
    expect(clock.unixSeconds()).toBe(3_600);
  });

  test('waits for promises outside the turn order', async () => {
    const clock = new FakeClock(0);
    let isDone = false;
    void clock.outside(new Promise((resolve) => setTimeout(resolve, 5))).then(() => {
      isDone = true;
    });
    await clock.settle();
    expect(isDone).toBe(true);
  });

  test('calls a hang by its name and says what is open', async () => {
    const clock = new FakeClock(0);
    clock.describeOpenWith(() => 'work 7 waits for work 7');
    const never = new Promise<void>(() => {});
    await expect(clock.runUntilSettled(never, { waitingFor: 'an answer' })).rejects.toThrow(
      /hang: waiting for an answer; no timer; .*work 7 waits for work 7/,
    );
    await expect(clock.runUntil(() => false)).rejects.toBeInstanceOf(HangError);
  });

  test('counts an endless timer as a hang after a bounded time', async () => {
    const clock = new FakeClock(0);
    const again = () => {
      clock.after(1_000, again);
    };
    again();
    await expect(clock.runUntil(() => false, { maxMs: 10_000 })).rejects.toBeInstanceOf(HangError);
  });
});
