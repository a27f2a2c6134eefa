/** Proves that one turn of the event loop does no more than its share, however many ask at once, and that all get theirs. */

import { describe, expect, test } from 'vitest';
import { checksOfGrant } from '../../src/validate/prove-denial.ts';
import { TurnLimiter } from '../../src/work/turn-limiter.ts';
import { FakeClock } from '../fake/fake-clock.ts';

/** What was done in each turn when `costs` are asked for at one instant. */
async function turnsOf(costs: readonly number[], perTurn: number): Promise<number[]> {
  const clock = new FakeClock(0);
  const pace = new TurnLimiter(clock, perTurn);
  let turn = 0;
  const spent: number[] = [];
  const count = () => {
    turn++;
    if (turn < 100) clock.inTurn(count);
  };
  clock.inTurn(count);
  for (const cost of costs) {
    void Promise.resolve(pace.take(cost)).then(() => {
      spent[turn] = (spent[turn] ?? 0) + cost;
    });
  }
  await clock.settle();
  return spent.filter((units) => units !== undefined);
}

describe('the pace', () => {
  test('lets as much through in one turn as there is room for, and the rest in later ones', async () => {
    const spent = await turnsOf(
      Array.from({ length: 30 }, () => 1),
      8,
    );
    expect(Math.max(...spent)).toBeLessThanOrEqual(8);
    expect(spent.reduce((sum, units) => sum + units, 0)).toBe(30);
    expect(spent.length).toBeGreaterThanOrEqual(4);
  });

  test('takes costs of several units whole', async () => {
    const spent = await turnsOf([4, 4, 4, 1, 4], 8);
    expect(Math.max(...spent)).toBeLessThanOrEqual(8);
    expect(spent.reduce((sum, units) => sum + units, 0)).toBe(17);
  });

  test('lets through what is larger than a whole turn, alone', async () => {
    expect(await turnsOf([20, 20], 8)).toEqual([20, 20]);
  });

  test('makes nobody wait when there is room', async () => {
    const clock = new FakeClock(0);
    const pace = new TurnLimiter(clock, 8);
    let isThrough = false;
    await Promise.resolve(pace.take(8)).then(() => {
      isThrough = true;
    });
    expect(isThrough).toBe(true);
  });
});

describe('hashes of NSEC3 count as checks of signatures', () => {
  const record = (iterations: number, saltOctets = 0): { rdata: Uint8Array } => {
    const salt = new Uint8Array(saltOctets);
    const next = new Uint8Array(20);
    return { rdata: Uint8Array.of(1, 0, iterations >> 8, iterations & 255, saltOctets, ...salt, 20, ...next) };
  };

  test.each([
    [0, 0, 0],
    [36, 0, 0],
    [37, 0, 1],
    [150, 0, 4],
    [0, 255, 0],
    [10, 255, 2],
    [150, 255, 32],
  ])('%i iterations with %i octets of salt: %i', (iterations, saltOctets, checks) => {
    expect(checksOfGrant([record(iterations, saltOctets)])).toBe(checks);
  });

  test('by the dearest record of an answer; what cannot be read is not hashed for', () => {
    expect(checksOfGrant([record(0), record(150), { rdata: new Uint8Array(3) }])).toBe(4);
    expect(checksOfGrant([{ rdata: new Uint8Array(3) }])).toBe(0);
    expect(checksOfGrant([])).toBe(0);
  });
});
