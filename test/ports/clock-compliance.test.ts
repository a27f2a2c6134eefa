/** Proves that the fake clock and the system's clock keep the clock port's contract. */

import { describe, expect, test } from 'vitest';
import { SIDES } from './sides.ts';

describe.each(SIDES)('the clock port on the %s side', (_name, makeSide) => {
  test('never goes backwards', async () => {
    const { clock, pass } = makeSide();
    const before = clock.monotonicMs();
    await pass(5);
    expect(clock.monotonicMs()).toBeGreaterThanOrEqual(before);
  });

  test('gives whole seconds of this century', () => {
    const { clock } = makeSide();
    expect(Number.isInteger(clock.unixSeconds())).toBe(true);
    expect(clock.unixSeconds()).toBeGreaterThan(946_684_800);
  });

  test('runs a timer once, not inside the call that sets it, and not before its time', async () => {
    const { clock, until, pass } = makeSide();
    const ran: number[] = [];
    const start = clock.monotonicMs();
    clock.after(10, () => ran.push(clock.monotonicMs() - start));
    clock.after(0, () => ran.push(-1));
    expect(ran).toEqual([]);
    await until(() => ran.length === 2);
    await pass(20);
    expect(ran.length).toBe(2);
    expect(ran[0]).toBe(-1);
    // Timers of the system may round to a millisecond.
    expect(ran[1]).toBeGreaterThanOrEqual(9);
  });

  test('takes delays longer than 32-bit milliseconds', async () => {
    const { clock, pass } = makeSide();
    let ran = false;
    const cancel = clock.after(40 * 86_400_000, () => {
      ran = true;
    });
    await pass(5);
    expect(ran).toBe(false);
    cancel();
  });

  test('does not run a cancelled timer, and takes a second cancelling', async () => {
    const { clock, pass } = makeSide();
    let ran = false;
    const cancel = clock.after(1, () => {
      ran = true;
    });
    cancel();
    cancel();
    await pass(10);
    expect(ran).toBe(false);
    cancel();
  });

  test('gives a later turn after microtasks', async () => {
    const { clock, run } = makeSide();
    const seen: string[] = [];
    const turn = clock.nextTurn().then(() => seen.push('turn'));
    void Promise.resolve().then(() => seen.push('microtask'));
    await run(turn);
    expect(seen).toEqual(['microtask', 'turn']);
  });

  test('calls back in a later turn, in order, and each with what it settles before the next', async () => {
    const { clock, until } = makeSide();
    const seen: string[] = [];
    for (const name of ['first', 'second']) {
      clock.inTurn(() => {
        seen.push(name);
        void Promise.resolve().then(() => seen.push(`after the ${name}`));
      });
    }
    expect(seen).toEqual([]);
    void Promise.resolve().then(() => seen.push('microtask'));
    await until(() => seen.length === 5);
    expect(seen).toEqual(['microtask', 'first', 'after the first', 'second', 'after the second']);
  });
});
