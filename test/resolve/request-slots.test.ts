/** Proves who gets a place: half of them run to their end, in the other half the oldest gives way once it is old enough. */

import { describe, expect, test } from 'vitest';
import { RequestSlots, type SlotOffer } from '../../src/resolve/request-slots.ts';
import { ROOT } from '../../src/wire/name.ts';
import { questionOf } from '../../src/wire/question.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { Budget } from '../../src/work/budget.ts';
import { Work } from '../../src/work/work.ts';
import { FakeClock } from '../fake/fake-clock.ts';

const JOSTLE_MS = 200;

function fullLoad(maxWorks: number) {
  const clock = new FakeClock(1_700_000_000);
  const slots = new RequestSlots(clock, { maxWorks, jostleMs: JOSTLE_MS });
  let id = 0;
  const enter = (): Work => {
    const startedMs = clock.monotonicMs();
    const question = questionOf(ROOT, TYPE.NS);
    const times = { startedMs, deadlineMs: startedMs + 9000 };
    const work = new Work({
      id: ++id,
      question,
      mode: 'normal',
      parent: null,
      budget: new Budget(),
      trace: null,
      ...times,
    });
    slots.take(work);
    return work;
  };
  const works = Array.from({ length: maxWorks }, () => {
    const work = enter();
    clock.skip(10);
    return work;
  });
  return { clock, slots, works, enter };
}

function victimOf(room: SlotOffer): number | null {
  return room.kind === 'victim' ? room.work.id : null;
}

describe('places', () => {
  test('are free until all are taken, and again when one leaves', () => {
    const { slots, works } = fullLoad(4);
    expect(slots.offer().kind).toBe('full');
    slots.release(works[0] as Work);
    expect(slots.offer().kind).toBe('free');
    expect(slots.count).toBe(3);
  });

  test('of the second half go to newcomers, the oldest first, when that has had its time', () => {
    const { slots, clock } = fullLoad(4);
    expect(slots.offer().kind).toBe('full');
    clock.skip(JOSTLE_MS);
    expect(victimOf(slots.offer())).toBe(3);
    expect(slots.offer().kind).toBe('free');
  });

  test('of the first half are never taken away', () => {
    const { slots, clock, enter } = fullLoad(4);
    clock.skip(10 * JOSTLE_MS);
    const victims = [0, 1, 2].map(() => {
      const victim = victimOf(slots.offer());
      enter();
      return victim;
    });
    expect(victims).toEqual([3, 4, null]);
  });
});
